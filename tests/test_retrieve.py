"""Retrieval over several collections, by words and by pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from knowledge.base import Report
from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester, read_records
from knowledge.problems import GiveUp, TryAgain
from knowledge.records import Lore, Reference
from tests.small_clip import save_small_clip
from tools.retrieve import Retriever

LORE = (
    Lore(id="toadstool", title="toadstool", body="A thing with a cap.", terms=("toadstool",), adds="mushroom"),
    Lore(id="dusk", title="dusk", body="When day ends.", terms=("dusk", "twilight"), adds="at sunset"),
    Lore(id="brolly", title="brolly", body="Keeps the rain off.", terms=("brolly",), adds="umbrella"),
)
CAPTIONS = {
    "a red house in the snow": "red",
    "a blue boat under the sea": "blue",
    "a purple mushroom at night": "purple",
}


@dataclass(frozen=True)
class Wordless(ClipEmbedder):
    """An embedder that was asked for nothing, or the test fails."""

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(texts)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Iterator[Retriever]:
    folder = tmp_path_factory.mktemp("data")
    base, gallery = EmbeddedBase(folder / "knowledge"), Gallery(folder / "gallery")
    encoders = Encoders(ClipEmbedder(str(clip)), ClipEmbedder(str(clip)))
    ingester = Ingester(base, encoders, gallery.image)
    pictures = {caption: gallery.keep(Image.new("RGB", (48, 48), colour)) for caption, colour in CAPTIONS.items()}
    references = [Reference(id=f"r{n}", caption=said, image_id=kept) for n, (said, kept) in enumerate(pictures.items())]
    assert ingester.add("lore", LORE).failed == ()
    assert ingester.add("references", references).stored == ("r0", "r1", "r2")
    yield Retriever(base, encoders, gallery)
    base.close()


def test_what_the_wish_names_comes_first(retriever: Retriever) -> None:
    hits = retriever.retrieve("a blue toadstool at twilight").hits
    assert {hit.record.id for hit in hits[:2]} == {"toadstool", "dusk"}
    assert {hit.collection for hit in hits} == {"lore", "references"}


def test_each_hit_says_why_it_was_chosen_and_what_it_is_good_for(retriever: Retriever) -> None:
    hits = {hit.record.title: hit for hit in retriever.retrieve("a toadstool and a blue boat under the sea").hits}
    assert hits["toadstool"].why == "the wish says 'toadstool'"
    assert hits["toadstool"].good_for == ("words",)
    assert hits["a blue boat under the sea"].why.startswith("near ")
    assert "control" in hits["a blue boat under the sea"].good_for


def test_a_picture_whose_use_was_refused_is_never_found(retriever: Retriever) -> None:
    kept = retriever.gallery.keep(Image.new("RGB", (48, 48), "green"))
    taken = Reference(id="taken", caption="a green cat in a meadow", image_id=kept, consent="refused")
    Ingester(retriever.base, retriever.encoders, retriever.gallery.image).add("taken", [taken])
    assert retriever.retrieve("a green cat in a meadow", ("taken",)).hits == ()


def test_only_records_under_the_wanted_licences_are_found(retriever: Retriever) -> None:
    notes = [Lore(id=one, title=one, body="a note", licence=one) for one in ("CC0-1.0", "unknown")]
    Ingester(retriever.base, retriever.encoders, retriever.gallery.image).add("notes", notes)
    strict = Retriever(retriever.base, retriever.encoders, retriever.gallery, ("CC0-1.0",))
    assert [hit.record.id for hit in strict.retrieve("a note", ("notes",)).hits] == ["CC0-1.0"]


def test_a_caption_finds_its_own_picture(retriever: Retriever) -> None:
    (best,) = retriever.retrieve("a blue boat under the sea", ("references",), limit=1).hits
    assert best.record.title == "a blue boat under the sea"
    assert set(best.found_by) == {"bm25", "text", "image"}
    assert best.found_by["text"] == pytest.approx(1.0, abs=1e-5)


def test_a_picture_finds_itself_without_a_word(retriever: Retriever) -> None:
    kept = retriever.gallery.keep(Image.new("RGB", (48, 48), "purple"))
    hits = retriever.retrieve("", ("references",), image_id=kept).hits
    assert hits[0].found_by["image"] == pytest.approx(1.0, abs=1e-5)
    scores = {hit.record.title: hit.found_by["image"] for hit in hits}
    assert max(scores, key=lambda title: scores[title]) == "a purple mushroom at night"


def test_scores_lie_between_nought_and_one_and_the_limit_holds(retriever: Retriever) -> None:
    hits = retriever.retrieve("a red house", limit=4).hits
    assert len(hits) == 4
    assert all(0 <= hit.score <= 1 + 1e-9 for hit in hits)
    assert hits[0].score == max(hit.score for hit in hits)


def test_a_collection_named_twice_is_searched_once(retriever: Retriever) -> None:
    assert len(retriever.retrieve("dusk", ("lore", "lore")).hits) == 3


@pytest.mark.parametrize(("wish", "image_id"), [("", None), ("  \n", None), ("", "")])
def test_a_wish_of_no_words_is_refused(retriever: Retriever, wish: str, image_id: str | None) -> None:
    with pytest.raises(TryAgain, match="nothing to look up"):
        retriever.retrieve(wish, image_id=image_id)


@pytest.mark.parametrize("limit", [0, -1, 51])
def test_a_limit_out_of_range_is_refused(retriever: Retriever, limit: int) -> None:
    with pytest.raises(TryAgain, match="ask for 1 to 50"):
        retriever.retrieve("a cat", limit=limit)


def test_an_unknown_collection_or_picture_is_said(retriever: Retriever) -> None:
    with pytest.raises(TryAgain, match=r"no collection 'styles'; there are: 'lore', .*'references'"):
        retriever.retrieve("a cat", ("styles",))
    with pytest.raises(TryAgain):
        retriever.retrieve("a cat", image_id="f" * 64)


@pytest.mark.parametrize("wish", ['"', "* NEAR(", "word " * 3000, "浮世絵", "\x00"])
def test_no_wish_can_break_the_search(retriever: Retriever, wish: str) -> None:
    assert retriever.retrieve(wish).hits


def test_a_reference_whose_picture_is_missing_is_reported(retriever: Retriever) -> None:
    ingester = Ingester(retriever.base, retriever.encoders, retriever.gallery.image)
    gone = Reference(id="gone", caption="a ghost", image_id="f" * 64)
    report = ingester.add("more", [gone, Lore(id="note", title="note", body="kept")])
    assert report.stored == ("note",)
    assert [record_id for record_id, _ in report.failed] == ["gone"]


def test_what_did_not_change_is_not_embedded_again(retriever: Retriever, clip: Path) -> None:
    steps: list[tuple[int, int]] = []
    wordless = Wordless(str(clip))
    again = Ingester(retriever.base, Encoders(wordless, wordless), retriever.gallery.image)
    assert again.add("lore", LORE, lambda done, of: steps.append((done, of))) == Report(("toadstool", "dusk", "brolly"))
    assert steps == [(3, 3)]


def test_another_encoder_may_not_fill_the_same_collection(retriever: Retriever, tmp_path: Path) -> None:
    other = ClipEmbedder(str(save_small_clip(tmp_path / "other", seed=1)))
    with pytest.raises(GiveUp, match="another encoder"):
        Ingester(retriever.base, Encoders(other, other), retriever.gallery.image).add("lore", LORE)


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(f"{LORE[0].model_dump_json()}\n\n{{}}\n")
    with pytest.raises(TryAgain, match=r"Line 3 of 'some\.jsonl' is not a record"):
        read_records(path)
    path.write_text(LORE[0].model_dump_json())
    assert read_records(path) == [LORE[0]]
    with pytest.raises(TryAgain, match=r"'gone\.jsonl' cannot be read"):
        read_records(tmp_path / "gone.jsonl")
