"""The starter pack of prompt craft: whole, sourced, found by what people type, and quiet where it is not meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.base import Hit, Item, Query, Space
from knowledge.craft import FOLDER, craft
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import TEXT
from knowledge.fusion import find
from knowledge.ingest import read_records
from knowledge.records import Lore
from knowledge.sentence_embedder import SentenceEmbedder
from picturebook import __file__ as picturebook
from tools.additions import additions
from tools.mentions import mentions

PACK = craft()
BY_ID = {record.id: record for record in PACK}
LINES = (Path(__file__).parent / "craft_wishes.jsonl").read_text("utf-8").splitlines()
WISHES: dict[str, list[str]] = {line["wish"]: line["ids"] for line in map(json.loads, LINES)}
"""What people might type, and the entries that should be among the first three found."""
REAL = {"sd1", "sd2", "sdxl", "sd3", "flux"}
ADVICE = ("grammar", "negatives", "settings")


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.lower()))


def test_every_entry_is_whole_short_and_sourced() -> None:
    assert len(PACK) >= 220
    for record in PACK:
        assert 0 < len(record.title) <= 60, record.id
        assert 60 <= len(record.body) <= 400, record.id
        assert len(record.adds) <= 120, record.id
        assert len(record.source) >= 8, record.id
        assert record.licence == "Apache-2.0", record.id
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", record.id)


def test_every_file_of_the_folder_is_read() -> None:
    assert sum(len(read_records(path)) for path in FOLDER.iterdir()) == len(PACK)


def test_no_id_and_no_term_belongs_to_two_entries() -> None:
    terms = [term.lower() for record in PACK for term in record.terms]
    assert len(BY_ID) == len(PACK)
    assert len(set(terms)) == len(terms)
    of_the_book = read_records(Path(picturebook).parent / "knowledge" / "lore.jsonl")
    assert not BY_ID.keys() & {record.id for record in of_the_book}


def test_every_term_can_be_said_in_a_wish_and_none_says_another_of_its_entry() -> None:
    for record in PACK:
        assert record.terms, record.id
        for term in record.terms:
            same = [other for other in record.terms if mentions(other, term) == [(0, len(other))]]
            assert same == [term], record.id


def test_every_entry_names_its_families_and_none_is_of_the_picture_book() -> None:
    for record in PACK:
        assert record.base_models, record.id
        assert set(record.base_models) <= REAL, record.id


@pytest.mark.parametrize("family", sorted(REAL))
def test_every_family_has_advice_on_size_steps_and_guidance(family: str) -> None:
    alone = {record.id: record for record in PACK if record.base_models == (family,)}
    assert {f"size-{family}", f"steps-{family}", f"negative-{family}"} <= alone.keys()
    steps = alone[f"steps-{family}"]
    assert f"cfg-{family}" in alone or "guidance" in words(steps.body)


def test_advice_adds_nothing_to_a_prompt_and_the_rest_describes() -> None:
    for path in FOLDER.iterdir():
        for record in read_records(path):
            assert isinstance(record, Lore)
            if path.stem in ADVICE:
                assert not record.adds, record.id
            elif record.adds:
                assert 2 <= len(words(record.adds)) <= 8, record.id


def added(wish: str) -> set[str]:
    """The entries that add words to the wish, of all whose terms might be in it."""
    said = {word[:4] for word in words(wish)}
    near = [record for record in PACK if said & {word[:4] for term in record.terms for word in words(term)}]
    return {addition.hit.record.id for addition in additions(wish, [Hit("craft", record, 0.5) for record in near])}


@pytest.mark.parametrize(
    ("wish", "ids"),
    [
        ("a fox in the snow, gouache", {"snowfall", "gouache"}),
        ("portrait of an old fisherman with rim light", {"rim-light"}),
        ("85mm portrait at golden hour, shallow depth of field", {"portrait-lens", "golden-hour", "shallow-focus"}),
        ("Watercolor painting of Venice at dawn", {"watercolour", "dawn-light"}),
        ("an origami crane on a desk, macro", {"origami", "macro"}),
        ("dutch angle, film noir detective", {"dutch-angle", "film-noir"}),
        ("linocut of two owls, limited palette", {"linocut", "limited-palette"}),
        ("a castle seen from below, storm clouds, oil on canvas", {"low-angle", "thunderstorm", "oil-painting"}),
    ],
)
def test_a_term_of_the_trade_gains_what_it_looks_like(wish: str, ids: set[str]) -> None:
    assert added(wish) == ids


@pytest.mark.parametrize(
    "wish",
    [
        "a sketch book on a desk",
        "a man in a charcoal suit",
        "a box of coloured pencils",
        "a polaroid camera on a shelf",
        "a boy reading a comic book",
        "people dining al fresco",
        "a slice of red velvet cake",
        "a crystal ball",
        "pastel de nata on a plate",
        "a woman in a red leather jacket",
        "a film director on set",
        "an arctic fox",
        "a bowling alley",
        "a glass of pinot noir",
        "a girl named Dawn with icy blue eyes",
        "a cat jumping out from behind a tree",
        "a child looking up at the stars",
        "an abandoned puppy at the beach",
        "two cups of coffee by the window, bright eyes, a warm coat",
    ],
)
def test_everyday_words_gain_nothing(wish: str) -> None:
    assert not added(wish)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[str]]]:
    """For every wish the ids found, best first, by words and vectors as the retrieving tool asks for them."""
    encoder = SentenceEmbedder()
    base = EmbeddedBase(tmp_path_factory.mktemp("knowledge"))
    base.ensure("craft", (Space(TEXT, encoder.fingerprint, encoder.dim),))
    vectors = encoder.texts([record.text for record in PACK])
    items = [Item(record, {TEXT: vector}) for record, vector in zip(PACK, vectors, strict=True)]
    assert not base.upsert("craft", items).failed
    queries = [
        Query(wish, {TEXT: vector}, limit=24) for wish, vector in zip(WISHES, encoder.texts(list(WISHES)), strict=True)
    ]
    yield {query.text: [hit.record.id for hit in find(base, ("craft",), query).hits] for query in queries}
    base.close()


def recall(found: dict[str, list[str]], wishes: list[str], deep: int) -> float:
    """The mean share of the entries hoped for that are among the first `deep`."""
    shares = [len({*found[wish][:deep]} & {*WISHES[wish]}) / min(deep, len(WISHES[wish])) for wish in wishes]
    return sum(shares) / len(shares)


def in_other_words() -> list[str]:
    """The wishes that say no term of an entry hoped for."""
    return [
        wish
        for wish, ids in WISHES.items()
        if not any(mentions(wish, term) for name in ids for term in BY_ID[name].terms)
    ]


def test_the_wishes_are_many_and_are_not_copied_from_the_entries() -> None:
    assert len(WISHES) >= 150
    assert len(in_other_words()) >= 120
    assert {name for ids in WISHES.values() for name in ids} <= BY_ID.keys()
    assert not [wish for wish in WISHES for record in PACK if wish.lower() in record.text.lower()]


def test_wishes_find_their_entries(found: dict[str, list[str]]) -> None:
    assert recall(found, list(WISHES), 3) >= 0.87
    assert recall(found, list(WISHES), 1) >= 0.74


def test_wishes_in_other_words_find_their_entries_too(found: dict[str, list[str]]) -> None:
    wishes = in_other_words()
    assert recall(found, wishes, 3) >= 0.84
    assert recall(found, wishes, 1) >= 0.69
