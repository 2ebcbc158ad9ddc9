"""What lies beside a LoRA: every format read, the user's word before the site's, and nothing malformed believed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.lora_makers import kohya, safetensors, spelled
from knowledge.front_matter import front_matter
from knowledge.lora_files import LoraShelf, read_card
from knowledge.records import LoraCard

LAYER = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k"

A1111: dict[str, Any] = {
    "description": "Paints like ink.",
    "sd version": "SD1",
    "activation text": "inkwash, <lora:ink:1>, brushed",
    "preferred weight": 0.7,
    "negative text": "photo",
    "notes": "Mine.",
}
CIVITAI: dict[str, Any] = {
    "id": 7,
    "modelId": 42,
    "name": "v2",
    "baseModel": "Illustrious",
    "trainedWords": ["sumi style, black ink", "sumi style"],
    "description": "<p>Second <b>version</b></p>",
    "model": {
        "name": "Sumi-e XL",
        "type": "LORA",
        "nsfw": False,
        "tags": ["style", "ink"],
        "allowNoCredit": False,
        "allowCommercialUse": ["Image", "Rent"],
        "allowDerivatives": True,
    },
    "creator": {"username": "painter"},
    "files": [{"hashes": {"AutoV2": "0123456789"}}],
    "images": [{"url": "https://example.org/a.png", "meta": None}],
}
LORA_MANAGER: dict[str, Any] = {
    "file_name": "ink",
    "model_name": "My ink",
    "base_model": "SDXL 1.0",
    "modelDescription": "<h1>Ink</h1>",
    "notes": "Use little.",
    "tags": ["brush"],
    "usage_tips": '{"strength": 0.6, "strength_range": "0.3-0.8"}',
    "civitai": {"trainedWords": ["managed"], "modelId": 42},
}
README = """---
base_model: stabilityai/stable-diffusion-2-1
instance_prompt: hub style, hub word
license: other
license_name: bespoke
tags: [text-to-image, lora, engraving]
widget:
- text: 'a cat
, in two lines'
---
# Engraving
"""


def lora(folder: Path, width: int = 96, **metadata: str) -> Path:
    return safetensors(folder / "ink.safetensors", spelled(kohya, [(LAYER, width, 1280)]), **metadata)


def beside(folder: Path, suffix: str, said: Mapping[str, Any] | str | bytes) -> Path:
    path = folder / ("ink" + suffix if suffix.startswith(".") else suffix)
    data = said if isinstance(said, str | bytes) else json.dumps(said)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def card_with(folder: Path, suffix: str, said: Mapping[str, Any] | str | bytes, width: int = 96) -> LoraCard:
    beside(folder, suffix, said)
    return read_card(lora(folder, width))


def test_a1111s_user_metadata_is_read(tmp_path: Path) -> None:
    card = card_with(tmp_path, ".json", A1111)
    assert (card.about, card.trigger_words, card.weight) == ("Paints like ink. Mine.", ("inkwash", "brushed"), 0.7)
    assert (card.base_model, card.name, card.notes) == ("sd1", "ink", ())


def test_civitai_helpers_info_is_read(tmp_path: Path) -> None:
    card = card_with(tmp_path, ".civitai.info", CIVITAI)
    assert (card.base_model, card.finetune) == ("sdxl", "illustrious")
    assert card.trigger_words == ("sumi style", "black ink")
    assert (card.aliases, card.topics, card.tags) == (("Sumi-e XL",), ("style", "ink"), ())
    assert card.about == "Second version"
    assert card.licence == "Civitai: commercial use: Image/Rent, credit required"
    assert card.source == "painter https://civitai.com/models/42"


def test_lora_managers_metadata_is_read(tmp_path: Path) -> None:
    card = card_with(tmp_path, ".metadata.json", LORA_MANAGER)
    assert (card.base_model, card.weight, card.aliases) == ("sdxl", 0.6, ("My ink",))
    assert (card.trigger_words, card.topics, card.about) == (("managed",), ("brush",), "Ink Use little.")
    assert card.source == "https://civitai.com/models/42"


def test_a_model_card_of_the_hub_is_read(tmp_path: Path) -> None:
    card = card_with(tmp_path, "README.md", README)
    assert (card.base_model, card.trigger_words, card.topics) == ("sd2", ("hub style", "hub word"), ("engraving",))
    assert (card.licence, card.notes) == ("bespoke", ())


def test_a_model_card_speaks_only_for_a_lora_that_is_alone(tmp_path: Path) -> None:
    safetensors(tmp_path / "other.safetensors", spelled(kohya, [(LAYER, 768, 1280)]))
    assert card_with(tmp_path, "README.md", README).trigger_words == ()


def test_the_user_is_believed_before_the_site_and_the_site_before_the_file(tmp_path: Path) -> None:
    path = lora(tmp_path, ss_tag_frequency='{"1_a": {"trained": 3}}')
    said: list[str] = [*read_card(path).trigger_words]
    for suffix, source in (
        ("README.md", README),
        (".civitai.info", CIVITAI),
        (".metadata.json", LORA_MANAGER),
        (".json", A1111),
    ):
        beside(tmp_path, suffix, source)
        said.append(read_card(path).trigger_words[0])
    assert said == ["trained", "hub style", "sumi style", "managed", "inkwash"]


def test_the_header_stands_between_the_site_and_the_model_card(tmp_path: Path) -> None:
    beside(tmp_path, "README.md", README)
    path = lora(tmp_path, modelspec__trigger_phrase="header")
    assert read_card(path).trigger_words == ("header",)
    beside(tmp_path, ".civitai.info", CIVITAI)
    assert read_card(path).trigger_words == ("sumi style", "black ink")


def test_each_field_is_taken_from_the_first_source_that_has_it(tmp_path: Path) -> None:
    beside(tmp_path, ".json", {"preferred weight": 0.5, "activation text": ""})
    beside(tmp_path, ".metadata.json", LORA_MANAGER)
    card = read_card(lora(tmp_path, modelspec__author="header", modelspec__license="header"))
    assert (card.weight, card.trigger_words, card.licence) == (0.5, ("managed",), "header")


def test_layers_win_over_a_sidecar_and_the_card_says_so(tmp_path: Path) -> None:
    beside(tmp_path, ".json", {"sd version": "SDXL"})
    card = read_card(lora(tmp_path, 768))
    assert (card.base_model, card.notes) == ("sd1", ("It is said to be for sdxl, but its layers are not.",))


@pytest.mark.parametrize(
    ("permissions", "said"),
    [
        ({"allowCommercialUse": "None", "allowNoCredit": True}, "Civitai: no commercial use"),
        ({"allowCommercialUse": []}, "Civitai: no commercial use"),
        ({"allowCommercialUse": "{Image,RentCivit}"}, "Civitai: commercial use: Image/RentCivit"),
        ({"allowDerivatives": False}, "Civitai: no derivatives"),
        ({"allowNoCredit": True}, ""),
        ({}, ""),
    ],
)
def test_civitais_permissions_become_the_licence(tmp_path: Path, permissions: dict[str, object], said: str) -> None:
    assert card_with(tmp_path, ".civitai.info", {"model": permissions}).licence == said


@pytest.mark.parametrize("suffix", [".json", ".metadata.json", ".civitai.info"])
@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "EOF"),
        (b"{", "EOF"),
        (b"[]", "valid dictionary|object"),
        (b"null", "valid dictionary|object"),
        (b'{"description": "\xff"}', "not UTF-8"),
        (b"[" * 200_000, "recursion"),
        (b'{"model": ' * 100_000, "recursion"),
        (b'{"description": "' + b"x" * (5 << 20) + b'"}', "more than 4 MB"),
        (b"PK\x03\x04 binary", "expected value"),
    ],
)
def test_a_malformed_sidecar_becomes_a_note(tmp_path: Path, suffix: str, said: bytes, why: str) -> None:
    card = card_with(tmp_path, suffix, said, width=768)
    (note,) = card.notes
    assert note.startswith(f"The file 'ink{suffix}' beside it is ignored: ")
    assert any(word in note for word in why.split("|"))
    assert card.name == "ink"


@pytest.mark.parametrize("suffix", [".json", ".metadata.json", ".civitai.info"])
def test_an_empty_sidecar_is_no_trouble(tmp_path: Path, suffix: str) -> None:
    assert card_with(tmp_path, suffix, b"\xef\xbb\xbf{}", width=768).notes == ()


@pytest.mark.parametrize(
    "said",
    [
        dict.fromkeys((*A1111, *CIVITAI, *LORA_MANAGER), value)
        for value in (None, 7, -1e308, True, [], {}, [None], [[["a"]]], {"a": 1}, "", "\0\x1b")
    ],
)
def test_fields_of_another_type_do_no_harm(tmp_path: Path, said: dict[str, object]) -> None:
    for suffix in (".json", ".metadata.json", ".civitai.info"):
        beside(tmp_path, suffix, said)
    assert read_card(lora(tmp_path, 768)).base_model == "sd1"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text().map(str.encode), st.sampled_from([".json", ".civitai.info", "README.md"]))
def test_no_sidecar_makes_a_card_fail(tmp_path: Path, said: bytes, suffix: str) -> None:
    front = b"---\n" + said + b"\n---\n" if suffix == "README.md" else said
    card = card_with(tmp_path, suffix, front)
    assert all(note.isprintable() for note in card.notes)


@pytest.mark.parametrize(
    ("front", "why"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]", "not plain YAML"),
        ("a: &a {x: y}\nb: {<<: [*a, *a]}", "not plain YAML"),
        ("a: &a [*a]", "not plain YAML"),
        ("base_model: " + "[" * 20_000, "not plain YAML"),
        ("a: b: c", "not plain YAML"),
        ("\tbase_model: x", "not plain YAML"),
    ],
)
def test_yaml_bombs_and_broken_yaml_become_a_note(tmp_path: Path, front: str, why: str) -> None:
    start = time.process_time()
    card = card_with(tmp_path, "README.md", f"---\n{front}\n---\n")
    assert time.process_time() - start < 2
    assert why in card.notes[-1]


def test_front_matter_without_an_end_becomes_a_note(tmp_path: Path) -> None:
    assert "has no end" in card_with(tmp_path, "README.md", "---\nlicense: mit\n").notes[-1]
    assert "has no end" in card_with(tmp_path, "README.md", "---\n" + "a: b\n" * 20_000 + "---\n").notes[-1]


@pytest.mark.parametrize(
    "readme", ["# Just a title\n\n---\n", "---\n---\n", "---\r\n---\r\n", "", "---\n- a list\n---\n"]
)
def test_a_readme_without_front_matter_says_nothing(tmp_path: Path, readme: str) -> None:
    assert card_with(tmp_path, "README.md", readme, width=768).notes == ()


def test_front_matter_has_no_types_and_makes_no_objects() -> None:
    block = "---\na: !!python/object/apply:os.system ['true']\nb: 2024-99-99\nc: 1e999\nd: yes\n---\n"
    assert front_matter(block) == {"a": ["true"], "b": "2024-99-99", "c": "1e999", "d": "yes"}


def test_the_picture_named_like_the_file_is_its_preview(tmp_path: Path) -> None:
    lora(tmp_path)
    shelf = LoraShelf((tmp_path,))
    (card,) = shelf.cards()
    assert shelf.preview(card.sha256) is None
    (tmp_path / "ink.png").mkdir()
    (tmp_path / "ink.preview.jpg").touch()
    assert shelf.preview(card.sha256) == tmp_path / "ink.preview.jpg"


def test_a_changed_sidecar_makes_a_new_card(tmp_path: Path) -> None:
    lora(tmp_path)
    shelf = LoraShelf((tmp_path,))
    assert shelf.cards()[0].weight == 1.0
    sidecar = beside(tmp_path, ".json", {"preferred weight": 0.5})
    assert shelf.cards()[0].weight == 0.5
    sidecar.unlink()
    assert shelf.cards()[0].weight == 1.0
