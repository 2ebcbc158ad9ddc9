"""The book's styles: each is picked by its names and by what people say instead, or by the database that is asked."""

from __future__ import annotations

import pytest
import torch

from agent.wish import Wish
from agent.workflow import planned
from agent.workshop import STARTER, STYLED, StarterPictures
from benchmarks.cheap_encoder import CheapEncoder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester, read_records
from knowledge.lora_files import LoraShelf
from knowledge.recipe import Recipe
from picturebook.scene import STYLES, TRIGGERS, Style
from picturebook.training.style import TAGS, save_style
from tests.word_renderer import WordRenderer
from tools.toolbox import Bench

ADAPTED: tuple[Style, ...] = tuple(style for style in STYLES if style != "plain")
PAIR = {f"lora_unet_mid.lora_{way}.weight": torch.ones(2, 2).half() for way in ("down", "up")}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("styles")
    for number, style in enumerate(ADAPTED):
        save_style({name: tensor * number for name, tensor in PAIR.items()}, folder / "loras", style, steps=1)
    base, shelf, gallery = EmbeddedBase(folder / "base"), LoraShelf((folder / "loras",)), Gallery(folder / "gallery")
    encoders = Encoders(CheapEncoder(), CheapEncoder())
    ingester = Ingester(base, encoders, StarterPictures(gallery).image)
    ingester.add("loras", shelf.cards())
    for name in ("lore", "references"):
        ingester.add(name, read_records(STARTER / f"{name}.jsonl"))
    for name in STYLED:
        ingester.add(name, read_records(STARTER / name / "references.jsonl"))
    ingester.add("styles", read_records(STARTER / "styles" / "cards.jsonl"))
    return Bench(base, encoders, gallery, WordRenderer(), shelf)


def recipe(bench: Bench, prompt: str, *collections: str, style: bool = True) -> Recipe:
    asked = Wish(prompt, "picturebook", 1, style=style)
    if collections:
        asked = Wish(prompt, "picturebook", 1, style=style, collections=collections, pinned=True)
    return planned(bench, asked).recipe


def picked(bench: Bench, prompt: str, *collections: str) -> list[str]:
    return [use.name for use in recipe(bench, prompt, *collections).loras]


@pytest.mark.parametrize("style", ADAPTED)
def test_a_card_is_read_from_its_files_own_header(bench: Bench, style: Style) -> None:
    (card,) = (one for one in bench.shelf.cards() if one.name == style)
    assert (card.base_model, card.trigger_words, card.licence) == ("picturebook", (TRIGGERS[style],), "Apache-2.0")
    assert card.tags == TAGS[style]


@pytest.mark.parametrize("style", ADAPTED)
def test_a_style_is_picked_by_its_name_its_trigger_and_each_paraphrase(bench: Bench, style: Style) -> None:
    for said in (style, TRIGGERS[style], *TAGS[style]):
        assert picked(bench, f"a red car in the snow, {said}") == [style], said
    assert TRIGGERS[style] in recipe(bench, f"a red car in the snow, {TAGS[style][-1]}").prompt


@pytest.mark.parametrize("plain", ["a red car in the snow", "a glass of water", "a green paper boat", "a sign"])
def test_a_wish_for_no_style_gets_none(bench: Bench, plain: str) -> None:
    assert picked(bench, plain) == []


@pytest.mark.parametrize(("name", "style"), [("neon", "neon"), ("paper-cut", "paper cut")])
def test_the_database_that_is_asked_decides_the_style(bench: Bench, name: str, style: Style) -> None:
    drawn = recipe(bench, "a red car in the snow", "lore", name)
    assert [use.name for use in drawn.loras] == [style]
    assert drawn.prompt == f"a red car in the snow, {TRIGGERS[style]}"
    wordy = recipe(bench, "a red car in the snow", "lore", name, style=False)
    assert (wordy.loras, wordy.prompt) == ((), drawn.prompt)
    assert drawn.patched(drawn.patch_to(wordy)) == wordy


def test_nothing_but_style_differs_between_two_databases(bench: Bench) -> None:
    one, other = (recipe(bench, "a crimson cottage at dusk", "lore", name) for name in STYLED)
    assert one.patch_to(other).chosen().keys() == {"prompt", "loras"}


def test_a_style_that_is_named_chooses_its_database_and_is_said_once(bench: Bench) -> None:
    plan = planned(bench, Wish("a red car in the snow, neon lights", "picturebook", 1))
    assert plan.recipe.prompt == "a red car in the snow, neon lights, neon style"
    (said,) = (one.why for one in plan.notes.decisions if one.step == "retrieve")
    assert "also from the style database 'neon' because the wish says 'neon lights'" in said
    assert "'neon style' because all pictures in 'neon' say so" in said


def test_pictures_that_share_no_words_give_none(bench: Bench) -> None:
    assert recipe(bench, "a red car in the snow", "references").prompt == "a red car in the snow"


def test_a_style_of_the_books_own_is_not_for_other_models(bench: Bench) -> None:
    plan = planned(bench, Wish("a red car, neon lights", "big", 1))
    assert (plan.recipe.prompt, plan.recipe.loras) == ("a red car, neon lights", ())
