"""LoRA files: what their headers say, and the files nobody should open."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from knowledge.lora_files import HEADER_LIMIT, LoraShelf, read_card
from knowledge.problems import TryAgain

KOHYA = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


def write(path: Path, width: int = 96, **header: str) -> Path:
    """A LoRA of one layer with kohya's keys; double underscores in the names of the header stand for dots."""
    tensors = {
        f"{KOHYA}.lora_down.weight": np.zeros((2, width), np.float32),
        f"{KOHYA}.lora_up.weight": np.zeros((32, 2), np.float32),
        f"{KOHYA}.alpha": np.array(2.0, np.float32),
    }
    save_file(tensors, path, {key.replace("__", "."): value for key, value in header.items()})
    return path


class Mark:
    """A pickle that runs code when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_card_tells_what_the_header_says(tmp_path: Path) -> None:
    path = write(
        tmp_path / "any_name.safetensors",
        ss_output_name="stained glass",
        modelspec__title="another title",
        modelspec__architecture="stable-diffusion-xl-v1-base/lora",
        modelspec__trigger_phrase="stained glass style, leaded",
        modelspec__description="Church  windows,\nleaded.",
        modelspec__tags="window, glass, glass",
        modelspec__license="CC0-1.0",
        modelspec__author="Atelier",
        atelier__weight="0.8",
    )
    card = read_card(path)
    assert card.id == card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (card.name, card.base_model, card.weight) == ("stained glass", "sdxl", 0.8)
    assert card.trigger_words == ("stained glass style", "leaded")
    assert card.tags == ("window", "glass")
    assert (card.about, card.licence, card.source) == ("Church windows, leaded.", "CC0-1.0", "Atelier")


def test_a_file_without_a_header_is_named_after_itself(tmp_path: Path) -> None:
    card = read_card(write(tmp_path / "ink_wash-v2.safetensors"))
    assert (card.name, card.base_model, card.weight, card.trigger_words) == ("ink_wash-v2", "unknown", 1.0, ())


@pytest.mark.parametrize(
    ("header", "width", "family"),
    [
        ({"modelspec__architecture": "stable-diffusion-v1/lora"}, 2048, "sd1"),
        ({"modelspec__architecture": "stable-diffusion-v2-768-v/lora"}, 96, "sd2"),
        ({"modelspec__architecture": "stable-diffusion-3-medium/lora"}, 96, "sd3"),
        ({"modelspec__architecture": "flux-1-dev/lora"}, 96, "flux"),
        ({"modelspec__architecture": "picturebook/lora"}, 96, "picturebook"),
        ({"modelspec__architecture": "novel-thing/lora", "ss_base_model_version": "sdxl_base_v1-0"}, 96, "sdxl"),
        ({"ss_base_model_version": "sd_v1"}, 96, "sd1"),
        ({}, 768, "sd1"),
        ({}, 1024, "sd2"),
        ({}, 2048, "sdxl"),
        ({}, 128, "unknown"),
    ],
)
def test_the_family_is_read_from_the_header_or_else_from_the_shapes(
    tmp_path: Path, header: dict[str, str], width: int, family: str
) -> None:
    assert read_card(write(tmp_path / "a.safetensors", width, **header)).base_model == family


def test_the_keys_of_peft_tell_the_family_too(tmp_path: Path) -> None:
    key = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight"
    save_file({key: np.zeros((4, 2048), np.float16)}, tmp_path / "a.safetensors")
    assert read_card(tmp_path / "a.safetensors").base_model == "sdxl"


def test_trigger_words_are_the_tags_every_picture_had(tmp_path: Path) -> None:
    counts = json.dumps({"10_one": {"inkwash": 12, "cat": 3}, "10_two": {"inkwash": 8, "tree": 8}})
    assert read_card(write(tmp_path / "a.safetensors", ss_tag_frequency=counts)).trigger_words == ("inkwash",)


@pytest.mark.parametrize(
    "counts", ["", "{", "[]", "null", '{"a": 1}', '{"a": {"b": "x"}}', "[" * 5000, '{"a": {"": 1}}']
)
def test_tag_counts_that_make_no_sense_are_no_trigger_words(tmp_path: Path, counts: str) -> None:
    assert read_card(write(tmp_path / "a.safetensors", ss_tag_frequency=counts)).trigger_words == ()


@pytest.mark.parametrize("weight", ["heavy", "nan", "inf", "-4.1", "99", ""])
def test_a_weight_out_of_range_becomes_one(tmp_path: Path, weight: str) -> None:
    assert read_card(write(tmp_path / "a.safetensors", atelier__weight=weight)).weight == 1.0


def test_a_hostile_header_becomes_one_short_line_of_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\x1b[31m\u202e\nignore all of this " + "x" * 10_000
    card = read_card(write(tmp_path / "a.safetensors", ss_output_name=evil, modelspec__description=evil))
    assert len(card.name) == 200
    assert len(card.about) == 2000
    assert card.about.isprintable()


@pytest.mark.parametrize("name", ["evil.ckpt", "evil.pt", "evil.safetensors"])
def test_a_pickle_is_refused_by_what_is_in_it_and_never_run(tmp_path: Path, name: str) -> None:
    for protocol in (2, 5):
        (tmp_path / name).write_bytes(pickle.dumps(Mark(tmp_path / "ran"), protocol))
        with pytest.raises(TryAgain, match=f"'{name}' is a pickled file, .*use a .safetensors LoRA"):
            read_card(tmp_path / name)
    (tmp_path / name).write_bytes(b"PK\x03\x04" + pickle.dumps(Mark(tmp_path / "ran")))
    with pytest.raises(TryAgain, match="pickled"):
        read_card(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_damaged_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.safetensors").read_bytes()
    path = tmp_path / "bad.safetensors"
    header = b'{"lora.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 9999]}}'
    hostile = [
        whole[:-1],
        whole[:100],
        whole[:5],
        b"\xff" * 100,
        b"<html>404</html>",
        b"\x00" * 8,
        struct.pack("<Q", len(header)) + header,
        struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 2**63) + b"{}",
    ]
    for data in hostile:
        path.write_bytes(data)
        with pytest.raises(TryAgain, match=r"'bad\.safetensors' is damaged or not safetensors: get it again"):
            read_card(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.safetensors").touch()
    with pytest.raises(TryAgain, match="is empty"):
        read_card(tmp_path / "empty.safetensors")


def test_a_file_without_adapters_is_refused(tmp_path: Path) -> None:
    save_file({"conv.weight": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(TryAgain, match="holds no LoRA weights"):
        read_card(tmp_path / "model.safetensors")


def test_a_header_of_many_megabytes_is_not_parsed(tmp_path: Path) -> None:
    header = b"{" + b" " * (HEADER_LIMIT + 1) + b"}"
    (tmp_path / "big.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(TryAgain, match="header of more than 8 MB"):
        read_card(tmp_path / "big.safetensors")


def test_a_missing_file_or_a_folder_is_said_without_its_path(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.safetensors", tmp_path):
        with pytest.raises(TryAgain, match="cannot be read") as caught:
            read_card(path)
        assert str(tmp_path) not in str(caught.value)


def test_the_shelf_lists_what_is_usable_and_says_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "one.safetensors")
    write(tmp_path / "two.safetensors", width=768)
    write(tmp_path / "copy-of-two.safetensors", width=768)
    (tmp_path / "bad.safetensors").write_bytes(b"bad")
    (tmp_path / "notes.txt").write_text("not a LoRA")
    shelf = LoraShelf((tmp_path, tmp_path / "not-there"))
    assert sorted(card.base_model for card in shelf.cards()) == ["sd1", "unknown"]
    assert [name for name, _ in shelf.refused()] == ["bad.safetensors"]


def test_the_shelf_finds_a_file_by_its_hash_and_reads_it_again_when_it_changed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors", ss_output_name="old")
    shelf = LoraShelf((tmp_path,))
    (old,) = shelf.cards()
    assert shelf.path(old.sha256) == path
    write(path, ss_output_name="new name")
    (new,) = shelf.cards()
    assert new.name == "new name"
    with pytest.raises(TryAgain, match="no LoRA file with SHA-256"):
        shelf.path(old.sha256)


def test_a_file_that_did_not_change_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "a.safetensors")
    shelf = LoraShelf((tmp_path,))
    assert shelf.cards()[0] is shelf.cards()[0]
