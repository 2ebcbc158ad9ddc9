"""How long the embedded base takes to store: one record while it is in use, and very many at once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.clip_like import ClipLike, items
from benchmarks.results import Row, rate
from benchmarks.timing import median, milliseconds
from knowledge.base import Item, Query, Space
from knowledge.embedded import EmbeddedBase

SPACE = "image"
LIVE = 301


@contextmanager
def empty(dim: int) -> Iterator[EmbeddedBase]:
    with tempfile.TemporaryDirectory() as folder, closing(EmbeddedBase(Path(folder))) as base:
        base.ensure("all", (Space(SPACE, "made", dim),))
        yield base


def k3(share: float) -> list[Row]:
    """20,000 records to begin with; then one by one, each looked for by the next query; and 50,000 at once."""
    data = ClipLike(max(1000, round(20_000 * share)) + LIVE)
    batches = [item for batch in items(data, SPACE, 30) for item in batch]
    with empty(data.dim) as base:
        base.upsert("all", batches[:-LIVE])
        return [*live(base, batches[-LIVE:]), bulk(max(2000, round(50_000 * share)))]


def live(base: EmbeddedBase, one_by_one: list[Item]) -> list[Row]:
    read: list[bool] = []

    def write(item: Item) -> None:
        base.upsert("all", [item])

    cpu, wall = list[float](), list[float]()
    for item in one_by_one:
        started = time.process_time()
        wall += milliseconds(write, [item], time.perf_counter)
        cpu.append(1000 * (time.process_time() - started))
        scores = base.search("all", Query(vectors=item.vectors, limit=1)).scores[SPACE]
        read.append(max(scores, key=lambda one: scores[one]) == item.record.id)
    return [
        median("K3", "one record written to a collection in use", cpu, "CPU ms", 5),
        median(
            "K3-wall",
            "the same, until it is safely on the disk",
            wall,
            "ms",
            5,
            note="by the clock; depends on the disk",
        ),
        rate("K3-read", "records found by the very next query", read, 1.0, "equal"),
    ]


def bulk(count: int) -> Row:
    data = ClipLike(count, seed=1)
    rates: list[float] = []
    with empty(data.dim) as base:
        for batch in items(data, SPACE, 30):
            started = time.process_time()
            base.upsert("all", batch)
            rates.append(len(batch) / (time.process_time() - started))
    return median(
        "K3-bulk",
        f"{count:,} × {data.dim} with words and fields, 5,000 at a time",
        rates,
        "rows/CPU s",
        20_000,
        "higher",
    )
