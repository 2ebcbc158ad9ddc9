"""What the picture book's knowledge base starts with: words that its models never read, and what they look like."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.settings import Settings
from agent.showing import GAVE
from agent.wish import Wish
from agent.workflow import planned
from agent.workshop import STARTER, STYLED, open_workshop
from knowledge.base import Hit
from knowledge.ingest import read_records
from knowledge.lora_files import file_hash
from knowledge.records import Lore, Reference
from picturebook.scene import KINDS, RARE, STYLES, TRIGGERS, any_scene, captions
from picturebook.vocabulary import book_things, book_words
from tests.word_renderer import WordRenderer
from tools.additions import additions, inserted
from tools.toolbox import Bench
from tools.world import World

WORLD = World(frozenset(book_words()), frozenset(book_things()))
LORE = [record for record in read_records(STARTER / "lore.jsonl") if isinstance(record, Lore)]
TERMS = [(term, record) for record in LORE for term in record.terms]
FOLDERS = (STARTER, *(STARTER / name for name in STYLED))


def pictures(folder: Path) -> list[Reference]:
    return [one for one in read_records(folder / "references.jsonl") if isinstance(one, Reference)]


def explained(wish: str) -> str:
    hits = [Hit("lore", record, 1.0) for record in LORE]
    return inserted(wish, additions(wish, hits))


def test_at_least_150_words_that_no_caption_has_are_each_explained_by_one_record() -> None:
    terms = [term for term, _ in TERMS]
    assert len(set(terms)) == len(terms) >= 150
    assert not [term for term in terms if set(term.split()) <= book_words()]


@pytest.mark.parametrize(("term", "record"), TERMS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_rare_word_gains_words_that_the_models_read(term: str, record: Lore) -> None:
    gained = explained(f"a {term}")
    assert gained in (f"a {term} {record.adds}", f"a {term}, {record.adds}")
    assert set(record.adds.split()) <= book_words()


def test_explained_words_need_no_reference_but_for_what_no_training_shows() -> None:
    kinds = {record.id for record in LORE if WORLD.unknown(explained(f"a red {record.terms[0]} in the snow"))}
    things = {record.id for record in LORE if record.adds in KINDS}
    assert len(things) > 40
    assert not kinds & things
    assert set(RARE) <= kinds


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_thing_is_shown_twice_in_each_database(folder: Path) -> None:
    shown = pictures(folder)
    for kind in (*KINDS, *RARE):
        assert sum(f" {kind} " in one.caption for one in shown) == 2, kind
    files = {file_hash(path) for path in (folder / "references").glob("*.png")}
    assert {one.image_id for one in shown} == files


def test_the_two_style_databases_show_the_same_in_two_styles() -> None:
    plain, neon, paper = (pictures(folder) for folder in FOLDERS)
    assert [one.caption for one in neon] == [f"{one.caption}, {TRIGGERS['neon']}" for one in plain]
    assert [one.caption for one in paper] == [f"{one.caption}, {TRIGGERS['paper cut']}" for one in plain]
    first, other = (Image.open(STARTER / name / "references" / "owl-1.png") for name in STYLED)
    assert np.abs(np.asarray(first).astype(int) - np.asarray(other)).mean() > 30


def test_each_style_database_has_a_card_by_its_name() -> None:
    cards = [json.loads(line) for line in (STARTER / "styles" / "cards.jsonl").read_text().splitlines()]
    assert sorted(card["id"] for card in cards) == sorted(STYLED)


@dataclass(frozen=True)
class Looking(WordRenderer):
    def looks(self, model: str) -> bool:
        return True


@pytest.fixture
def bench(filled: Path) -> Bench:
    opened = open_workshop(Settings(data=filled, loras=(), chat="none")).bench
    return replace(opened, renderer=Looking())


def shown(bench: Bench, wish: str) -> list[str]:
    plan = planned(bench, Wish(wish, "picturebook", 1))
    titles = [one.title for one in plan.notes.citations if one.gave.startswith(GAVE)]
    assert len(titles) == len(plan.recipe.references)
    return titles


def test_whatever_no_training_shows_is_shown_by_any_of_its_names(bench: Bench) -> None:
    for record in LORE:
        for term in record.terms if record.id in RARE else ():
            (caption,) = shown(bench, f"a red {term} in the snow")
            assert f" {record.id} " in caption, term


def test_nothing_else_ever_is(bench: Bench) -> None:
    rng = random.Random("known")
    scenes = [any_scene(rng, style=rng.choice(STYLES)) for _ in range(20)]
    wishes = [rng.choice(captions(scene)) for scene in scenes]
    wishes += [f"a blue {term} at night" for term, record in rng.sample(TERMS, 30) if record.id not in RARE]
    assert [wish for wish in wishes if shown(bench, wish)] == []


def test_several_stay_several() -> None:
    assert explained("two crimson toadstools") == "two crimson red toadstools mushrooms"
    assert explained("three red grapnels in the snow") == "three red grapnels things in the snow"
    assert explained("two red admirals among dunes") == "two red admirals butterflies among dunes in the desert"
