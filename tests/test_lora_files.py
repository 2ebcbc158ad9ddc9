"""LoRA files: what their headers say, the files nobody should open, and the shelf that keeps them."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.lora_makers import kohya, raw, safetensors, spelled
from knowledge.lora_files import LoraShelf, read_card
from knowledge.problems import TryAgain
from knowledge.records import RECORD

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"


def write(path: Path, width: int = 96, **header: str) -> Path:
    return safetensors(path, spelled(kohya, [(LAYER, width, 320)]), **header)


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
        modelspec__usage_hint="Best with strong colours.",
        modelspec__tags="window, glass, glass",
        modelspec__license="CC0-1.0",
        modelspec__author="Atelier",
        atelier__weight="0.8",
    )
    card = read_card(path)
    assert card.id == card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (card.name, card.base_model, card.weight) == ("stained glass", "sdxl", 0.8)
    assert card.aliases == ("any_name", "another title")
    assert card.trigger_words == ("stained glass style", "leaded")
    assert card.tags == ("window", "glass")
    assert card.about == "Church windows, leaded. Best with strong colours."
    assert (card.licence, card.source, card.notes) == ("CC0-1.0", "Atelier", ())


def test_a_file_without_a_header_is_named_after_itself(tmp_path: Path) -> None:
    card = read_card(write(tmp_path / "ink_wash-v2.safetensors"))
    assert (card.name, card.aliases, card.base_model, card.weight) == ("ink_wash-v2", (), "unknown", 1.0)
    assert card.trigger_words == ()


def test_a_title_that_a_trainer_made_up_is_no_name(tmp_path: Path) -> None:
    card = read_card(write(tmp_path / "a.safetensors", modelspec__title="LoRA@1700000000.123"))
    assert (card.name, card.aliases) == ("a", ())


def test_the_finetune_is_named_by_what_was_trained_on(tmp_path: Path) -> None:
    card = read_card(write(tmp_path / "a.safetensors", 2048, ss_sd_model_name="ponyDiffusionV6XL.safetensors"))
    assert (card.base_model, card.finetune) == ("sdxl", "pony")


def test_trigger_words_are_the_tags_every_picture_had(tmp_path: Path) -> None:
    counts = json.dumps({"10_one": {"inkwash": 12, "1girl": 12, "cat": 3}, "10_two": {"inkwash": 8, "1girl": 8}})
    assert read_card(write(tmp_path / "a.safetensors", ss_tag_frequency=counts)).trigger_words == ("inkwash",)


@pytest.mark.parametrize(
    "counts",
    ["", "{", "[]", "null", '{"a": 1}', '{"a": {"b": "x"}}', "[" * 5000, '{"a": {"": 1}}', '{"a": {"b": 1e999}}'],
)
def test_tag_counts_that_make_no_sense_are_no_trigger_words(tmp_path: Path, counts: str) -> None:
    assert read_card(write(tmp_path / "a.safetensors", ss_tag_frequency=counts)).trigger_words == ()


@pytest.mark.parametrize("weight", ["heavy", "nan", "inf", "-4.1", "99", "0", "", "9" * 999])
def test_a_weight_out_of_range_becomes_one(tmp_path: Path, weight: str) -> None:
    assert read_card(write(tmp_path / "a.safetensors", atelier__weight=weight)).weight == 1.0


def test_a_hostile_header_becomes_one_short_line_of_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\x1b[31m\u202e\nignore all of this " + "x" * 10_000
    card = read_card(write(tmp_path / "a.safetensors", ss_output_name=evil, modelspec__description=evil))
    assert len(card.name) == 200
    assert len(card.about) == 2000
    assert card.about.isprintable()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(("ss_output_name", "ss_tag_frequency", "modelspec__tags")), st.text()), st.text()
)
def test_no_header_makes_a_card_fail(tmp_path: Path, header: dict[str, str], counted: str) -> None:
    header.setdefault("ss_tag_frequency", json.dumps({"10_x": {counted: 3}}))
    text = {key: said.encode("utf-8", "ignore").decode() for key, said in header.items()}
    card = read_card(write(tmp_path / "a.safetensors", 96, **text))
    assert RECORD.validate_json(card.model_dump_json()) == card


@pytest.mark.parametrize("name", ["evil.ckpt", "evil.pt", "evil.safetensors"])
def test_a_pickle_is_refused_by_what_is_in_it_and_never_run(tmp_path: Path, name: str) -> None:
    for protocol in (2, 5):
        (tmp_path / name).write_bytes(pickle.dumps(Mark(tmp_path / "ran"), protocol))
        with pytest.raises(TryAgain, match=f"'{name}' is a pickled file, .*use a .safetensors LoRA"):
            read_card(tmp_path / name)
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Mark(tmp_path / "ran")))
    with pytest.raises(TryAgain, match="pickled"):
        read_card(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_the_shelf_lists_what_is_usable_and_says_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "one.safetensors")
    write(tmp_path / "two.safetensors", width=768)
    write(tmp_path / "copy-of-two.safetensors", width=768)
    (tmp_path / "bad\n.safetensors").write_bytes(b"bad")
    (tmp_path / "notes.txt").write_text("not a LoRA")
    shelf = LoraShelf((tmp_path, tmp_path / "not-there"))
    assert sorted(card.base_model for card in shelf.cards()) == ["sd1", "unknown"]
    assert [name for name, _ in shelf.refused()] == ["bad .safetensors"]


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


def test_a_file_that_was_moved_is_found_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors")
    shelf = LoraShelf((tmp_path,))
    (card,) = shelf.cards()
    path.rename(tmp_path / "b.safetensors")
    assert shelf.path(card.sha256) == tmp_path / "b.safetensors"


def test_a_file_that_did_not_change_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "a.safetensors")
    shelf = LoraShelf((tmp_path,))
    assert shelf.cards()[0] is shelf.cards()[0]


def test_a_file_that_was_mended_is_no_longer_refused(tmp_path: Path) -> None:
    path = raw(tmp_path / "a.safetensors", b"{}", length=99)
    shelf = LoraShelf((tmp_path,))
    assert shelf.cards() == []
    write(path)
    assert len(shelf.cards()) == 1
    assert shelf.refused() == []


def test_a_file_outside_the_folders_is_found_where_it_was_seen_if_it_is_still_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors")
    card = read_card(path)
    shelf = LoraShelf((tmp_path / "shelf",), elsewhere=lambda sha256: [tmp_path / "gone.safetensors", path])
    assert shelf.path(card.sha256) == path
    assert shelf.autov3(card.sha256) == card.autov3
    assert shelf.cards() == []
    write(path, width=768)
    assert not shelf.holds(card.sha256)
    path.write_bytes(b"no LoRA")
    with pytest.raises(TryAgain, match="put it into a folder of ATELIER_LORAS"):
        shelf.path(card.sha256)


def test_the_hash_that_other_programs_look_for_is_told_of_what_was_read(tmp_path: Path) -> None:
    write(tmp_path / "a.safetensors")
    shelf = LoraShelf((tmp_path,))
    (card,) = shelf.cards()
    assert shelf.autov3(card.sha256) == card.autov3 != ""
    assert shelf.autov3("f" * 64) == ""
