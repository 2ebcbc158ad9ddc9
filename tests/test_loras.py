"""Picking LoRAs: by the user's own name for one, or because the wish asks for a style."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image

from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.ingest import Ingester
from knowledge.lora_files import LoraShelf
from knowledge.problems import TryAgain
from knowledge.records import LoraCard
from tests.small_clip import save_small_clip
from tests.word_renderer import WordRenderer
from tools.loras import LoraPick, LoraPicker


def card(name: str, base_model: str, digit: str, **rest: object) -> LoraCard:
    sha256 = digit * 64
    return LoraCard.model_validate({"id": sha256, "name": name, "base_model": base_model, "sha256": sha256} | rest)


CARDS = (
    card("stained glass", "picturebook", "1", trigger_words=("stained glass style",), tags=("church window",),
         weight=0.9, licence="Apache-2.0"),
    card("Water_Colour", "picturebook", "2", trigger_words=("watercolour style",), tags=("watercolour", "watercolor")),
    card("glass", "picturebook", "3", tags=("glass",)),
    card("Ink Wash", "sdxl", "4", trigger_words=("inkwash",)),
    card("stained glass", "sdxl", "5"),
    card("mystery", "unknown", "6", tags=("mystery",)),
    card("odd:name", "picturebook", "7"),
)  # fmt: skip


@pytest.fixture(scope="module")
def picker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoraPicker]:
    base = EmbeddedBase(tmp_path_factory.mktemp("knowledge"))
    embedder = ClipEmbedder(str(save_small_clip(tmp_path_factory.mktemp("clip"))))

    def no_images(image_id: str) -> Image.Image:
        raise AssertionError(image_id)

    encoders = Encoders(embedder, embedder)
    Ingester(base, encoders, no_images).add("loras", CARDS)
    yield LoraPicker(base, encoders, WordRenderer())
    base.close()


def names(pick: LoraPick) -> list[str]:
    return [use.name for use in pick.loras]


def test_a_wish_that_names_no_style_gets_none(picker: LoraPicker) -> None:
    assert picker.pick_loras("a red house", "picturebook") == LoraPick(why="no style asked for")
    assert picker.pick_loras("", "picturebook").loras == ()


@pytest.mark.parametrize(
    "wish",
    ["a purple mushroom at night, stained glass", "a STAINED-GLASS mushroom", "a mushroom in a church window"],
)
def test_a_wish_that_says_a_style_gets_its_lora(picker: LoraPicker, wish: str) -> None:
    pick = picker.pick_loras(wish, "picturebook")
    assert [(use.name, use.sha256, use.weight) for use in pick.loras] == [("stained glass", "1" * 64, 0.9)]
    assert pick.trigger_words == ("stained glass style",)
    (citation,) = pick.citations
    assert (citation.kind, citation.collection, citation.gave) == ("lora", "loras", "stained glass at 0.9")
    assert citation.licence == "Apache-2.0"
    assert pick.why.startswith("'stained glass' because the wish says ")


def test_a_trigger_word_the_wish_says_already_is_not_given_again(picker: LoraPicker) -> None:
    assert picker.pick_loras("a cat, stained glass style", "picturebook").trigger_words == ()


def test_two_styles_said_are_two_loras(picker: LoraPicker) -> None:
    pick = picker.pick_loras("a glass cat in watercolor", "picturebook")
    assert set(names(pick)) == {"Water_Colour", "glass"}


def test_words_inside_other_words_ask_for_nothing(picker: LoraPicker) -> None:
    assert picker.pick_loras("eyeglasses and a mysterious fibreglass boat", "picturebook").loras == ()


def test_a_style_made_for_another_family_is_said_and_not_picked(picker: LoraPicker) -> None:
    pick = picker.pick_loras("an inkwash cat", "picturebook")
    assert pick.loras == ()
    assert pick.why == "'Ink Wash' fits the wish, but is for sdxl and 'picturebook' is picturebook"
    assert names(picker.pick_loras("an inkwash cat", "big")) == ["Ink Wash"]


def test_of_two_cards_of_one_name_the_one_for_the_model_is_taken(picker: LoraPicker) -> None:
    for model, digit in (("picturebook", "1"), ("big", "5")):
        assert picker.pick_loras("a cat", model, ("Stained Glass",)).loras[0].sha256 == digit * 64


def test_the_users_own_names_are_taken_as_they_are(picker: LoraPicker) -> None:
    chosen = ("water_colour:0.5", "ODD:NAME", "odd:name:-1", "mystery")
    pick = picker.pick_loras("a cat, stained glass", "picturebook", chosen)
    assert {use.name: use.weight for use in pick.loras} == {"Water_Colour": 0.5, "odd:name": -1.0, "mystery": 1.0}
    assert pick.trigger_words == ("watercolour style",)
    assert "'Water_Colour' as you asked" in pick.why


@pytest.mark.parametrize(("said", "weight"), [("", 1.0), (":0.5", 0.5)])
def test_a_lora_can_be_weighted_block_by_block(picker: LoraPicker, said: str, weight: float) -> None:
    named = f"mystery{said}:lbw=1,{','.join(['0.5'] * 16)}"
    picker.refuse_unknown((named,))
    (use,) = picker.pick_loras("a fox", "picturebook", (named,)).loras
    assert (use.weight, use.blocks) == (weight, (1.0, *(0.5,) * 16))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("staned glas", r"no LoRA 'staned glas'; there is 'stained glass'"),
        ("nothing:0.5", r"no LoRA 'nothing'; there is "),
        ("", r"no LoRA ''; there is "),
        ("glass:heavy", r"weight 'heavy' in 'glass:heavy' is not a number"),
        ("glass:", r"weight '' in 'glass:' is not a number"),
        ("mystery:1:lbw=1,0", r"block weights '1,0' are not 12, 17, 20 or 26 numbers"),
        ("mystery:1:lbw=a" + ",1" * 16, r"block weights 'a,1"),
        ("glass:4.5", r"weight 4\.5 in 'glass:4\.5' is out of range: use -4 to 4"),
        ("glass:nan", r"out of range"),
        ("glass:-inf", r"out of range"),
        ("Ink Wash", r"'Ink Wash' is for sdxl and the model 'picturebook' is picturebook: choose a LoRA"),
    ],
)
def test_a_choice_that_cannot_be_is_answered_in_one_sentence(picker: LoraPicker, name: str, said: str) -> None:
    with pytest.raises(TryAgain, match=said):
        picker.pick_loras("a cat", "picturebook", (name,))


def test_an_unknown_collection_is_said(picker: LoraPicker) -> None:
    with pytest.raises(TryAgain, match=r"no collection 'styles'; there are: 'loras'"):
        picker.pick_loras("a cat", "picturebook", collection="styles")


# Cards whose files are on another machine


@pytest.fixture
def far(picker: LoraPicker) -> LoraPicker:
    """With no LoRA file at all."""
    return replace(picker, shelf=LoraShelf(()))


def test_a_style_whose_file_is_not_here_is_said_and_not_picked(far: LoraPicker) -> None:
    pick = far.pick_loras("a mushroom, stained glass", "picturebook")
    assert (pick.loras, pick.trigger_words) == ((), ())
    assert pick.why.startswith("'stained glass' is known, but its file is not on this machine: put it into ")


def test_one_that_is_named_and_whose_file_is_not_here_is_refused_before_anything_loads(far: LoraPicker) -> None:
    for ask in (lambda: far.refuse_unknown(["mystery:0.5"]), lambda: far.pick_loras("", "picturebook", ("mystery",))):
        with pytest.raises(TryAgain, match=r"The LoRA 'mystery' is known, but its file .* ATELIER_LORAS"):
            ask()
