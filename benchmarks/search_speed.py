"""How long the embedded base takes to answer, by its size, side by side with other ways to search vectors."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from benchmarks.clip_like import RARE, ClipLike, Rows, items, nearest, sentences
from benchmarks.results import Row, mean
from benchmarks.rivals import Answer, installed
from benchmarks.timing import at, median, milliseconds
from knowledge.base import Eq, Item, Query, Space
from knowledge.embedded import EmbeddedBase
from knowledge.fusion import find
from knowledge.records import LoraCard

SPACE = "image"
LIMIT = 10
QUERIES = 101
WORDS = 30
OPEN = """
import sys, time
import numpy as np
from pathlib import Path
from knowledge.base import Query
from knowledge.embedded import EmbeddedBase

started = time.process_time()
base = EmbeddedBase(Path(sys.argv[1]))
base.search("all", Query(vectors={"image": np.ones(512, np.float32)}))
print(time.process_time() - started)
"""


@contextmanager
def filled(data: ClipLike, words: int) -> Iterator[EmbeddedBase]:
    with tempfile.TemporaryDirectory() as folder, closing(EmbeddedBase(Path(folder))) as base:
        base.ensure("all", (Space(SPACE, "made", data.dim),))
        for batch in items(data, SPACE, words):
            base.upsert("all", batch)
        yield base


def recall(found: Sequence[Sequence[int]], truth: np.ndarray) -> list[float]:
    """The share of the truly nearest that was found, query by query."""
    return [len(set(some) & set(right)) / len(right) for some, right in zip(found, truth.tolist(), strict=True)]


def places(base: EmbeddedBase, vector: np.ndarray) -> list[int]:
    hits = find(base, ("all",), Query(vectors={SPACE: vector}, limit=LIMIT)).hits
    return [int(hit.record.id) for hit in hits]


def k1(share: float) -> list[Row]:
    """100,000 records: plain, filtered to one in a hundred, and with words; then the rivals on the same vectors."""
    data = ClipLike(max(2000, round(100_000 * share)))
    alike, across = data.queries(QUERIES), data.across(QUERIES)
    truths = nearest(data.rows(), alike, LIMIT), nearest(data.rows(), across, LIMIT)
    with filled(data, WORDS) as base:
        rows = ours(base, data, alike, across, truths)
    return rows + [row for name in installed() for row in theirs(name, data, alike, across, truths)]


def ours(
    base: EmbeddedBase, data: ClipLike, alike: Rows, across: Rows, truths: tuple[np.ndarray, np.ndarray]
) -> list[Row]:
    size = f"{data.count:,} × {data.dim}"

    def filtered(vector: np.ndarray) -> None:
        find(base, ("all",), Query(vectors={SPACE: vector}, where=Eq("licence", RARE), limit=LIMIT))

    def hybrid(asked: tuple[str, np.ndarray]) -> None:
        find(base, ("all",), Query(asked[0], {SPACE: asked[1]}, limit=LIMIT))

    said = sentences(len(alike), 7, seed=9)
    found = [[places(base, vector) for vector in queries] for queries in (alike, across)]
    return [
        median("K1", f"embedded, {size}: a query", milliseconds(lambda v: places(base, v), alike), "CPU ms", 30),
        median("K1-filtered", "embedded, filtered to 1 %", milliseconds(filtered, alike), "CPU ms", 12),
        median(
            "K1-hybrid", "embedded, words and vector", milliseconds(hybrid, zip(said, alike, strict=True)), "CPU ms", 45
        ),
        mean("K1-recall", "embedded, recall@10", recall(found[0], truths[0]), "rate", 1.0),
        mean(
            "K1-across",
            "embedded, recall@10 across the gap of texts and pictures",
            recall(found[1], truths[1]),
            "rate",
            1.0,
        ),
    ]


def theirs(name: str, data: ClipLike, alike: Rows, across: Rows, truths: tuple[np.ndarray, np.ndarray]) -> list[Row]:
    licences = [RARE if place % 100 == 0 else "MIT" for place in range(data.count)]
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        rival = installed()[name](Path(folder), data.rows(), licences)
        filling = time.process_time() - started

        def answers(ask: Answer, queries: Rows) -> list[list[int]]:
            return [ask(vector, LIMIT) for vector in queries]

        near, far = (
            float(np.mean(recall(answers(rival.ask, queries), truth)))
            for queries, truth in zip((alike, across), truths, strict=True)
        )
        note = f"recall@10 {near:.3f}, across the gap {far:.3f}; filled in {filling:.1f} CPU s"
        rows = [
            median(
                f"K1-{name}",
                f"{name}: a query",
                milliseconds(lambda v: rival.ask(v, LIMIT), alike),
                "CPU ms",
                None,
                note=note,
            )
        ]
        if filtered := rival.ask_filtered:
            taken = milliseconds(lambda v: filtered(v, LIMIT), alike)
            rows.append(median(f"K1-{name}-filtered", f"{name}, filtered to 1 %", taken, "CPU ms", None))
    return rows


def k2(share: float) -> list[Row]:
    """A million records: where exact search becomes slow."""
    data = ClipLike(max(2000, round(1_000_000 * share)))
    with filled(data, 6) as base:
        taken = milliseconds(lambda vector: places(base, vector), data.queries(21))
        base.close()
        opening = [opened(base.folder) for _ in range(3)]
    note = "beyond a few hundred thousand, an approximate index is faster: that is where Weaviate takes over"
    return [
        median("K2", f"embedded, {data.count:,} × {data.dim}: a query, exact", taken, "CPU ms", 250, note=note),
        median("K2-cold", "embedded, opened by a new process, with its first query", opening, "CPU s", 3),
    ]


def opened(folder: Path) -> float:
    """CPU seconds of opening and one query, without Python's own start."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    return float(done.stdout)


FAMILIES = {"sd1": 0.42, "sdxl": 0.33, "flux": 0.15, "sd3": 0.04, "sd2": 0.03, "unknown": 0.03}


def cards(data: ClipLike) -> Iterator[list[Item]]:
    random = np.random.default_rng(4)
    start = 0
    for rows in data.rows():
        said, tags = sentences(len(rows), 25, start + 1), sentences(len(rows), 8, start + 2)
        families = random.choice(list(FAMILIES), size=len(rows), p=list(FAMILIES.values())).tolist()
        yield [
            Item(
                LoraCard(
                    id=f"{n:064x}", name=f"style {n}", about=about, tags=tuple(labels.split()[:6]),
                    trigger_words=(f"trigger{n}",), base_model=family, sha256=f"{n:064x}", licence="MIT",
                ),
                {"text": row},
            )
            for n, (about, labels, family, row) in enumerate(zip(said, tags, families, rows, strict=True), start)
        ]  # fmt: skip
        start += len(rows)


def k4(share: float) -> list[Row]:
    """A shelf of 75,000 LoRA cards, asked for a wish and one family, 64 deep as the tool that picks them asks."""
    data = ClipLike(max(2000, round(75_000 * share)), dim=384)
    with tempfile.TemporaryDirectory() as folder, closing(EmbeddedBase(Path(folder))) as base:
        base.ensure("loras", (Space("text", "made", data.dim),))
        for batch in cards(data):
            base.upsert("loras", batch)
        families = (list(FAMILIES)[n % 3] for n in range(2 * QUERIES))
        asked = list(zip(sentences(2 * QUERIES, 8, seed=3), data.across(2 * QUERIES), families, strict=True))

        def pick(wish: tuple[str, np.ndarray, str]) -> None:
            find(base, ("loras",), Query(wish[0], {"text": wish[1]}, Eq("base_model", wish[2]), limit=64))

        taken = milliseconds(pick, asked)
    what = f"{data.count:,} LoRA cards: a wish, one base model, 95 of 100 queries"
    return [
        Row("K4", what, at(taken, 0.95), at(taken, 0.93), at(taken, 0.97), "ms", "lower", 60, "CPU time of one thread")
    ]
