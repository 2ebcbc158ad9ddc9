"""Copying from one knowledge base to another, and finishing a copy that broke off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from knowledge.base import Item, KnowledgeBase, Report, Space
from knowledge.copying import PAGE, Copied, copy
from knowledge.embedded import EmbeddedBase
from knowledge.problems import GiveUp
from tests.small_records import SPACES, card, lore, reference
from tests.weaviate_server import WeaviateServer
from tests.weaviate_stand_in import running

MANY = PAGE + 50


@dataclass
class Stores:
    here: KnowledgeBase
    there: KnowledgeBase
    back: KnowledgeBase
    told: list[tuple[str, int, int]] = field(default_factory=list)

    def tell(self, name: str, seen: int, records: int) -> None:
        self.told.append((name, seen, records))

    def copy(self, *names: str) -> dict[str, Copied]:
        return dict(copy(self.here, self.there, names, self.tell))


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with running(api_key="a key") as stand_in, ExitStack() as opened:
        server = WeaviateServer(stand_in.url, stand_in.grpc_url, stand_in.api_key)
        here, back = EmbeddedBase(tmp_path / "here"), EmbeddedBase(tmp_path / "back")
        there = server.base()
        for base in (here, there, back):
            opened.enter_context(closing(base))
        here.ensure("lore", SPACES)
        here.upsert("lore", items())
        here.ensure("ukiyo-e 浮世絵", SPACES[:1])
        here.upsert("ukiyo-e 浮世絵", [Item(lore("wave", "a great wave"), {"text": np.ones(4, np.float32)})])
        here.point("current", "lore")
        yield Stores(here, there, back)


def items() -> list[Item]:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(MANY, 2, 4)).astype(np.float32)
    records = [reference(f"photo {n}", f"house {n}") if n % 3 else lore(f"Lore {n}", "said") for n in range(MANY - 1)]
    return [
        Item(record, {"text": text} if n % 2 else {"text": text, "image": image})
        for n, (record, (text, image)) in enumerate(zip([*records, card("bare")], vectors, strict=True))
    ]


def assert_equal(one: KnowledgeBase, other: KnowledgeBase, name: str) -> None:
    ids = one.ids(name, limit=10_000)
    assert other.ids(name, limit=10_000) == ids
    assert other.spaces(name) == one.spaces(name)
    for left, right in zip(one.items(name, ids), other.items(name, ids), strict=True):
        assert left.record == right.record
        assert left.vectors.keys() == right.vectors.keys()
        for space in left.vectors:
            np.testing.assert_allclose(left.vectors[space], right.vectors[space], rtol=0, atol=1e-6)


def test_everything_goes_to_a_server_and_comes_back_as_it_was(stores: Stores) -> None:
    assert stores.copy("lore", "ukiyo-e 浮世絵") == {
        "lore": Copied(MANY, MANY, (), 0),
        "ukiyo-e 浮世絵": Copied(1, 1, (), 0),
    }
    assert stores.told == [("lore", PAGE, MANY), ("lore", MANY, MANY), ("ukiyo-e 浮世絵", 1, 1)]
    copy(stores.there, stores.back, stores.there.collections(), stores.tell)
    for name in stores.here.collections():
        assert_equal(stores.here, stores.there, name)
        assert_equal(stores.here, stores.back, name)
    assert stores.here.aliases() == stores.there.aliases() == stores.back.aliases() == {"current": "lore"}


def test_a_copy_that_is_whole_writes_nothing(stores: Stores) -> None:
    stores.copy("current")
    assert stores.copy("current") == {"lore": Copied(MANY, 0, (), 0)}


def test_a_copy_that_broke_off_writes_what_is_missing_or_differs(stores: Stores) -> None:
    stores.there.ensure("lore", SPACES)
    stores.there.upsert("lore", items()[:100])
    stores.there.upsert("lore", [Item(items()[0].record, {"text": np.ones(4, np.float32)})])
    stores.there.upsert("lore", [Item(lore("Lore 3", "changed"), items()[3].vectors)])
    assert stores.copy("lore") == {"lore": Copied(MANY, MANY - 98, (), 0)}
    assert_equal(stores.here, stores.there, "lore")


def test_what_only_the_target_has_stays_and_is_counted(stores: Stores) -> None:
    stores.there.ensure("lore", SPACES)
    stores.there.upsert("lore", [Item(lore("own"))])
    assert stores.copy("lore")["lore"].extra == 1
    assert stores.there.get("lore", ["own"]) == [lore("own")]


def test_a_target_that_another_encoder_filled_is_left_alone(stores: Stores) -> None:
    stores.there.ensure("lore", (Space("text", "encoder-b", 4),))
    with pytest.raises(GiveUp, match="another encoder"):
        stores.copy("lore")
    assert stores.there.aliases() == {}


class Refusing(EmbeddedBase):
    """Has no room for pictures."""

    def upsert(self, collection: str, items: Sequence[Item]) -> Report:
        fit = [item for item in items if item.record.kind != "reference"]
        kept = super().upsert(collection, fit)
        return Report(kept.stored, tuple((item.record.id, "no room") for item in items if item not in fit))


class Forgetful(EmbeddedBase):
    """Says that it stored everything."""

    def upsert(self, collection: str, items: Sequence[Item]) -> Report:
        super().upsert(collection, items[1:])
        return Report(tuple(item.record.id for item in items))


@pytest.mark.parametrize(("kind", "why"), [(Refusing, "no room"), (Forgetful, "it reads back differently")])
def test_what_could_not_be_copied_is_listed_and_no_alias_points_to_it(
    stores: Stores, tmp_path: Path, kind: type[EmbeddedBase], why: str
) -> None:
    with closing(kind(tmp_path / "poor")) as stores.there:
        done = stores.copy("lore")["lore"]
        assert done.failed
        assert {reason for _, reason in done.failed} == {why}
        assert done.written == stores.there.about("lore").records == MANY - len(done.failed)
        assert stores.there.aliases() == {}
