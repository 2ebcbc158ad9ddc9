"""What a shelf carries over from one run to the next, and what it does when that is stale, damaged or not there."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.lora_makers import kohya, safetensors, spelled
from knowledge.lora_files import LoraShelf
from knowledge.lora_hashes import hashes_of
from knowledge.records import LoraCard

SHAPES = spelled(kohya, [("mid_block.attentions.0.transformer_blocks.0.attn2.to_k", 768, 1280)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loras").mkdir()
    return tmp_path / "loras"


def shelf(folder: Path) -> LoraShelf:
    """A new run each time."""
    return LoraShelf((folder,), folder.parent / "data" / "loras.sqlite")


def write(folder: Path, name: str = "a", **metadata: str) -> Path:
    return safetensors(folder / f"{name}.safetensors", SHAPES, **metadata)


def swap_unseen(path: Path) -> None:
    """Other content, of the same size and time."""
    info = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def rows(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder.parent / "data" / "loras.sqlite")) as db:
        return db.execute("SELECT code, result FROM made").fetchall()


def test_the_next_run_reads_no_file_that_did_not_change(folder: Path) -> None:
    path = write(folder)
    cards = shelf(folder).cards()
    swap_unseen(path)
    assert shelf(folder).cards() == cards
    assert cards[0].sha256 != hashes_of(path).sha256
    assert shelf(folder).path(cards[0].sha256) == path


def test_the_next_run_knows_what_was_refused(folder: Path) -> None:
    (folder / "bad.safetensors").write_bytes(b"bad")
    refused = shelf(folder).refused()
    assert refused == shelf(folder).refused() != []
    assert [result for _, result in rows(folder)] == [f'"{refused[0][1]}"']


def test_a_changed_file_is_read_again(folder: Path) -> None:
    path = write(folder)
    (old,) = shelf(folder).cards()
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    os.utime(path, (1, 1))
    (new,) = shelf(folder).cards()
    assert new.sha256 == hashes_of(path).sha256 != old.sha256


def test_a_new_sidecar_makes_a_new_card_without_hashing_again(folder: Path) -> None:
    path = write(folder)
    (old,) = shelf(folder).cards()
    swap_unseen(path)
    (folder / "a.json").write_text('{"preferred weight": 0.5}')
    (new,) = shelf(folder).cards()
    assert new == old.model_copy(update={"weight": 0.5})


def test_cards_of_other_code_are_made_anew_without_hashing_again(folder: Path) -> None:
    path = write(folder)
    (card,) = shelf(folder).cards()
    stale = card.model_copy(update={"base_model": "wrong"})
    with closing(sqlite3.connect(folder.parent / "data" / "loras.sqlite")) as db, db:
        db.execute("UPDATE made SET code='older', result=?", (stale.model_dump_json(),))
    swap_unseen(path)
    assert shelf(folder).cards() == [card]
    assert len(rows(folder)) == 1
    assert "older" not in [code for code, _ in rows(folder)]


def test_a_row_that_makes_no_sense_is_passed_over(folder: Path) -> None:
    write(folder)
    cards = shelf(folder).cards()
    with closing(sqlite3.connect(folder.parent / "data" / "loras.sqlite")) as db, db:
        db.execute("UPDATE made SET result='{}'")
    assert shelf(folder).cards() == cards


@pytest.mark.parametrize("damage", [b"not a database at all, " * 9, b"", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_ledger_is_replaced(folder: Path, damage: bytes) -> None:
    write(folder)
    (folder.parent / "data").mkdir()
    (folder.parent / "data" / "loras.sqlite").write_bytes(damage)
    assert len(shelf(folder).cards()) == 1
    assert len(rows(folder)) == 1


def test_a_ledger_that_cannot_be_written_costs_no_card(folder: Path) -> None:
    write(folder)
    (folder.parent / "data").touch()
    assert len(shelf(folder).cards()) == 1
    assert len(LoraShelf((folder,), folder).cards()) == 1


def test_a_file_of_another_folder_is_not_on_the_shelf(folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "theirs").mkdir()
    write(folder / "mine")
    write(folder / "theirs")
    ledger = folder.parent / "loras.sqlite"
    (card,) = LoraShelf((folder,), ledger).cards()
    assert LoraShelf((folder / "theirs",), ledger).path(card.sha256) == folder / "theirs" / "a.safetensors"


def test_names_that_are_not_unicode_are_kept_too(folder: Path) -> None:
    try:
        path = write(folder, os.fsdecode(b"\xff\xfe"))
    except OSError:
        pytest.skip("this disk takes Unicode names only")
    (card,) = shelf(folder).cards()
    assert isinstance(card, LoraCard)
    assert card.name == card.sha256[:10]
    assert shelf(folder).path(card.sha256) == path
    assert len(rows(folder)) == 1
