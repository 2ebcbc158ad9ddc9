"""Changing the encoder of a collection: the old version answers until the new one is whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from knowledge.base import Query
from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.fusion import find
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.problems import GiveUp
from knowledge.records import Lore, Reference
from knowledge.reencoding import reencode
from knowledge.versions import stale, version_of
from tests.small_clip import save_small_clip

LORE = [Lore(id=name, title=name, body=f"what a {name} is") for name in ("toadstool", "brolly", "dusk")]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoders, Encoders]:
    """The encoders before and after."""
    folder = tmp_path_factory.mktemp("clips")
    before, after = (ClipEmbedder(str(save_small_clip(folder / str(seed), seed))) for seed in (0, 1))
    return Encoders(before, before), Encoders(after, after)


@pytest.fixture
def shop(tmp_path: Path, two: tuple[Encoders, Encoders]) -> Iterator[tuple[Ingester, Ingester]]:
    base, gallery = EmbeddedBase(tmp_path / "knowledge"), Gallery(tmp_path / "gallery")
    old, new = (Ingester(base, encoders, gallery.image) for encoders in two)
    kept = gallery.keep(Image.new("RGB", (40, 40), "red"))
    assert old.add("mine", [*LORE, Reference(id="red", caption="a red square", image_id=kept)]).failed == ()
    yield old, new
    base.close()


def test_a_name_moves_to_the_new_version_with_every_record(shop: tuple[Ingester, Ingester]) -> None:
    old, new = shop
    steps: list[tuple[int, int]] = []
    assert stale(new.base, "mine", new.encoders)
    report = reencode(new, "mine", lambda done, of: steps.append((done, of)))
    assert sorted(report.stored) == ["brolly", "dusk", "red", "toadstool"]
    assert steps == [(4, 4)]
    assert new.base.aliases() == {"mine": version_of("mine", new.encoders)}
    assert new.base.collections() == (version_of("mine", new.encoders),)
    vectors = new.base.items("mine", ["red"])[0].vectors
    assert vectors["text"] == pytest.approx(new.encoders.text.texts(["a red square"])[0], abs=1e-6)
    assert reencode(new, "mine").stored == ()
    assert stale(old.base, "mine", old.encoders)


def test_until_then_another_encoder_asks_the_words_only_and_is_told_so(shop: tuple[Ingester, Ingester]) -> None:
    old, new = shop
    for ingester, missing in ((old, False), (new, True)):
        (vectors,) = ingester.encoders.said(["toadstool"])
        query = Query("toadstool", vectors, encoders=ingester.encoders.fingerprints())
        found = find(ingester.base, ("mine",), query)
        assert found.hits[0].record.id == "toadstool"
        assert ("reencode" in found.missing.get("mine", "")) == missing
    (vectors,) = new.encoders.said(["toadstool"])
    unsaid = find(new.base, ("mine",), Query(vectors=vectors, encoders=new.encoders.fingerprints()))
    assert unsaid.hits == ()
    assert "another encoder" in unsaid.missing["mine"]


def test_another_encoder_may_not_add_to_it(shop: tuple[Ingester, Ingester]) -> None:
    with pytest.raises(GiveUp, match="another encoder: run atelier knowledge reencode"):
        shop[1].add("mine", LORE)


def test_a_record_whose_picture_is_gone_stops_the_move(shop: tuple[Ingester, Ingester], tmp_path: Path) -> None:
    old, new = shop
    elsewhere = Ingester(new.base, new.encoders, Gallery(tmp_path / "another gallery").image)
    report = reencode(elsewhere, "mine")
    assert [record_id for record_id, _ in report.failed] == ["red"]
    assert new.base.aliases() == {"mine": version_of("mine", old.encoders)}
    assert reencode(new, "mine").failed == ()
