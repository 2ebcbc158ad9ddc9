"""The hashes LoRAs are known by."""

from __future__ import annotations

import hashlib
from pathlib import Path

from benchmarks.lora_makers import kohya, safetensors, spelled
from knowledge.lora_files import read_card
from knowledge.lora_hashes import Hashes, hashes_of

SHAPES = spelled(kohya, [("mid_block.attentions.0.transformer_blocks.0.attn2.to_k", 768, 1280)])


def write(path: Path, **metadata: str) -> Path:
    return safetensors(path, SHAPES, **metadata)


def test_autov2_is_of_the_file_and_autov3_of_what_follows_the_header(tmp_path: Path) -> None:
    card = read_card(write(tmp_path / "a.safetensors"))
    data = (tmp_path / "a.safetensors").read_bytes()
    tensors = data[8 + int.from_bytes(data[:8], "little") :]
    assert card.sha256 == hashlib.sha256(data).hexdigest()
    assert card.autov2 == card.sha256[:10]
    assert card.autov3 == hashlib.sha256(tensors).hexdigest()[:12]


def test_autov3_survives_an_edit_of_the_metadata(tmp_path: Path) -> None:
    before = read_card(write(tmp_path / "a.safetensors"))
    after = read_card(write(tmp_path / "a.safetensors", modelspec__title="a better title"))
    assert before.autov3 == after.autov3
    assert before.sha256 != after.sha256


def test_a_hash_the_header_claims_is_not_believed(tmp_path: Path) -> None:
    claimed = hashlib.sha256(b"").hexdigest()
    card = read_card(write(tmp_path / "a.safetensors", sshs_model_hash=claimed))
    assert not claimed.startswith(card.autov3)


def test_the_hashes_of_a_large_file_are_those_of_its_bytes(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "a.safetensors", {"a.lora_down.weight": (5, 1 << 19)})
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    assert hashes_of(path) == Hashes(hashlib.sha256(data).hexdigest(), hashlib.sha256(data[start:]).hexdigest()[:12])
