"""The embedded base and Weaviate find the same: by vectors and filters exactly, by words the same records."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from statistics import mean

import numpy as np
import pytest

from knowledge.base import And, Eq, Filter, Hit, Item, KnowledgeBase, Least, Most, Not, Or, Query, Space, Vector
from knowledge.embedded import EmbeddedBase
from knowledge.fusion import find
from tests.small_records import card, lore, reference
from tests.weaviate_server import WeaviateServer

pytestmark = pytest.mark.weaviate
DIM, MANY, LIMIT, TURNS = 32, 300, 10, 15
SPACES = (Space("text", "encoder-a", DIM), Space("image", "encoder-a", DIM))
STEMS = ("castle", "lantern", "meadow", "harbour", "violin", "glacier", "orchid", "saddle", "copper", "thimble")
SAID = tuple(f"{stem}{end}" for stem in STEMS for end in ("", "s", "ing", "ed"))
FILTERS: tuple[Filter | None, ...] = (
    None,
    Eq("kind", "lora"),
    Not(Eq("licence", "MIT")),
    Or((Least("rating", 3), Most("weight", 0.5))),
    And((Eq("kind", "reference"), Not(Least("rating", 4)))),
)


@dataclass(frozen=True)
class Stores:
    name: str
    bases: tuple[KnowledgeBase, KnowledgeBase]

    def hits(self, query: Query) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
        one, other = (find(base, [self.name], query).hits for base in self.bases)
        return one, other

    def scores(self, query: Query) -> list[dict[str, float]]:
        return [dict(base.search(self.name, query).scores["bm25"]) for base in self.bases]


@pytest.fixture(scope="module")
def stores(weaviate_server: WeaviateServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    made = Stores(
        f"two stores {uuid.uuid4().hex[:8]}", (EmbeddedBase(tmp_path_factory.mktemp("k")), weaviate_server.base())
    )
    with closing(made.bases[0]), closing(made.bases[1]) as server:
        for base in made.bases:
            base.ensure(made.name, SPACES)
            assert len(base.upsert(made.name, items()).stored) == MANY
        yield made
        server.drop(made.name)


def items() -> list[Item]:
    random = np.random.default_rng(1)
    return [item(random, number) for number in range(MANY)]


def item(random: np.random.Generator, number: int) -> Item:
    body = said(random, int(random.integers(4, 30)))
    match number % 3:
        case 0:
            record = lore(f"lore {number}", body, licence=str(random.choice(["MIT", "CC0", ""])))
        case 1:
            record = reference(f"photo {number}", body, rating=int(random.integers(0, 6)))
            return Item(record, {"text": vector(random), "image": vector(random)})
        case _:
            record = card(f"card {number}", about=body, weight=float(random.uniform(0, 1)))
    return Item(record, {"text": vector(random)})


def said(random: np.random.Generator, words: int) -> str:
    return " ".join(random.choice(SAID, size=words))


def vector(random: np.random.Generator) -> Vector:
    return random.normal(size=DIM).astype(np.float32)


def queries(words: bool, vectors: bool) -> Iterator[Query]:
    """One and two spaces, each filter in turn."""
    random = np.random.default_rng(2)
    for turn in range(TURNS):
        spaces = [space.name for space in SPACES[: 1 + turn % 2]] if vectors else []
        text = said(random, 1 + turn % 3) if words else ""
        yield Query(text, {space: vector(random) for space in spaces}, FILTERS[turn % len(FILTERS)], LIMIT)


def ids(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.record.id for hit in hits]


def overlap(one: tuple[Hit, ...], other: tuple[Hit, ...]) -> float:
    return len({*ids(one)} & {*ids(other)}) / max(len(one), len(other), 1)


def test_by_vectors_both_find_the_same_with_the_same_scores(stores: Stores) -> None:
    for query in queries(words=False, vectors=True):
        one, other = stores.hits(query)
        assert ids(one) == ids(other)
        assert len(one) == LIMIT
        for left, right in zip(one, other, strict=True):
            assert left.record == right.record
            assert left.score == pytest.approx(right.score, abs=1e-5)
            assert left.found_by == pytest.approx(right.found_by, abs=1e-5)


def test_by_filters_alone_both_list_the_same(stores: Stores) -> None:
    for where in FILTERS:
        one, other = (base.search(stores.name, Query(where=where, limit=50)) for base in stores.bases)
        assert one.records == other.records
        assert len(one.records) == 50


def test_by_words_both_find_the_same_records_and_nearly_the_same_best(stores: Stores) -> None:
    """Both split and stem alike, and score by BM25; how rare a word is, each weighs by a formula of its own."""
    for query in queries(words=True, vectors=False):
        one, other = stores.scores(Query(query.text, where=query.where, limit=MANY))
        assert one.keys() == other.keys()
    assert mean(overlap(*stores.hits(query)) for query in queries(words=True, vectors=False)) >= 0.9


def test_by_words_and_vectors_both_find_nearly_the_same_best(stores: Stores) -> None:
    assert mean(overlap(*stores.hits(query)) for query in queries(words=True, vectors=True)) >= 0.9
