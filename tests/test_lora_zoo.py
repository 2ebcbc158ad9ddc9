"""LoRA files as users have them, and files that only look like them: the right base family, or the reason why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.lora_makers import kohya, safetensors, spelled
from benchmarks.lora_zoo import READABLE, REFUSED, misjudged, named, unet, wrong_card, wrong_refusal
from knowledge.lora_files import LoraShelf, read_card
from knowledge.problems import TryAgain


def test_there_are_enough_of_them() -> None:
    assert len(READABLE) >= 40
    assert len(REFUSED) >= 40


@pytest.mark.parametrize("name", READABLE)
def test_the_base_family_is_right(tmp_path: Path, name: str) -> None:
    assert wrong_card(tmp_path, name) == ""


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    assert wrong_refusal(tmp_path, name) == ""


def test_they_may_all_lie_in_one_folder(tmp_path: Path) -> None:
    assert misjudged(tmp_path) == []


@pytest.mark.parametrize("dtype", ["F32", "BF16", "F8_E4M3"])
def test_the_type_of_the_numbers_does_not_matter(tmp_path: Path, dtype: str) -> None:
    assert read_card(safetensors(tmp_path / "a.safetensors", spelled(kohya, unet(2048)), dtype)).base_model == "sdxl"


def test_a_shelf_of_all_of_them_has_a_card_or_a_reason_for_each(tmp_path: Path) -> None:
    for number, (name, (shapes, metadata, _)) in enumerate(READABLE.items()):
        safetensors(named(tmp_path, name), shapes, **metadata, ss_session_id=str(number))
    for name, (make, _) in REFUSED.items():
        make(named(tmp_path, name))
    shelf = LoraShelf((tmp_path,))
    assert len(shelf.cards()) == len(READABLE)
    assert len(shelf.refused()) == len(REFUSED)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "secret.safetensors", spelled(kohya, unet(768)))
    path.chmod(0)
    with pytest.raises(TryAgain, match="Permission denied"):
        read_card(path)


def test_a_file_and_its_copy_are_one_card(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "b.safetensors", spelled(kohya, unet(768)))
    (tmp_path / "a.safetensors").write_bytes(path.read_bytes())
    (card,) = LoraShelf((tmp_path,)).cards()
    assert card.name == "a"


def test_linked_folders_are_looked_into_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    safetensors(tmp_path / "real" / "a.safetensors", spelled(kohya, unet(768)))
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "linked").symlink_to(tmp_path / "real", target_is_directory=True)
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "shelf", target_is_directory=True)
    shelf = LoraShelf((tmp_path / "shelf",))
    assert [card.name for card in shelf.cards()] == ["a"]
    assert shelf.refused() == []
