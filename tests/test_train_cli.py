"""`atelier train` on the picture book: the next prompt wears what was learnt, and Ctrl-C keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import atelier, interrupted
from tests.training_shop import pictures
from ui.failures import STOPPED

SMALL = ("--name", "dotty", "--steps", "2", "--batch", "2", "--samples", "1")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return pictures(tmp_path / "balls")


def test_what_was_trained_is_worn_by_the_next_prompt(filled: Path, source: Path, tmp_path: Path) -> None:
    (source / "0.png").write_bytes(b"no picture")
    trained = atelier("train", source, *SMALL)
    assert trained.exit_code == 0, trained.stderr
    told = [line.split()[0] for line in trained.stdout.splitlines()]
    assert told == ["trained", "refused", "sample", "sample", "say", "file"]
    assert "'dotty', 2 steps on 4 pictures" in trained.stdout
    assert (filled / "loras" / "dotty.safetensors").is_file()
    drawn = atelier("draw", "a red house in a meadow, dotty style", "--steps", "1", "--seed", "1")
    assert "'dotty' because the wish says 'dotty style'" in drawn.stdout, drawn.stderr
    taken = atelier("train", source, *SMALL)
    assert (taken.exit_code, taken.stderr.splitlines()[-1]) == (
        2, "There is a LoRA 'dotty' already: choose another name.",
    )  # fmt: skip


def test_ctrl_c_keeps_what_was_learnt(filled: Path, source: Path, tmp_path: Path) -> None:
    asked = ("train", str(source), "--name", "dotty", "--steps", "3000", "--batch", "2", "--samples", "0")
    code, said = interrupted(tmp_path, "1 of 3000 steps", *asked)
    assert code == STOPPED, said
    assert "atelier train --name 'dotty' --resume goes on." in said
    other = atelier("train", "--name", "dotty", "--resume", "--rank", "4")
    assert (other.exit_code, "begun with rank 16" in other.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [("--name", "x"), ("pictures", "--name", "x", "--resume")])
def test_a_folder_begins_and_resume_goes_on(filled: Path, arguments: tuple[str, ...]) -> None:
    result = atelier("train", *arguments)
    assert (result.exit_code, "Name a folder of pictures" in result.stderr) == (2, True)
