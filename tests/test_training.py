"""The training loop, and the one command that runs all of it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from picturebook.training.loop import Course, Studio, train
from picturebook.words import build_tokenizer


class PowerCut(Exception):
    """The process ends here."""


def fitted(folder: Path, cut_at: int | None = None) -> nn.Module:
    """A line fitted in 12 steps with a checkpoint after each; cut short at a step if asked."""
    torch.manual_seed(0)
    line = nn.Linear(2, 1)

    def loss(step: int, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        if step == cut_at:
            raise PowerCut
        points = torch.from_numpy(rng.normal(size=(8, 2))).float()
        return {"error": (line(points) - points.sum(1, keepdim=True) + torch.randn(8, 1) * 0.1).square().mean()}

    train(Studio(folder, folder, say=lambda _: None), Course("line", 12, lr=0.1, every=0), line, loss)
    return line


def test_a_training_cut_short_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = fitted(tmp_path / "whole")
    with pytest.raises(PowerCut):
        fitted(tmp_path / "cut", cut_at=7)
    resumed = fitted(tmp_path / "cut")
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


def test_each_word_of_the_book_is_one_token_and_no_other_word_is_lost() -> None:
    tokenizer = build_tokenizer()
    known = tokenizer("a purple mushroom at night, stained glass style").input_ids
    assert len(known) == 11
    strange = tokenizer("Zyzzyva façade 浮世絵").input_ids
    assert strange.count(tokenizer.eos_token_id) == 1


def test_the_vocabulary_is_the_same_each_time_it_is_built() -> None:
    again = "from picturebook.words import build_tokenizer; print(build_tokenizer().get_vocab())"
    done = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == build_tokenizer().get_vocab()


def test_every_part_trains_end_to_end() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "picturebook", "train", "--quick"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    parts = ("autoencoder", "decoder", "painter", "clip", "judge", "lora-neon", "controlnet-tile")
    for part in parts:
        assert f"  {part} " in done.stdout
