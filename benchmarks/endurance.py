"""What goes wrong in an embedded base that is killed, hindered and lied to; every figure is a number of failures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks import kills
from benchmarks.hindrances import full_disk, torn_tail
from benchmarks.hostile_strings import hostile_strings
from benchmarks.results import Row
from knowledge.base import Eq, In, Item, Query, Space
from knowledge.embedded import EmbeddedBase
from knowledge.records import Lore

ROUNDS = 200
EAST = np.array([1, 0], np.float32)


def failures(id: str, what: str, wrong: list[str], note: str) -> Row:
    count = len(wrong)
    return Row(id, what, count, count, count, "failures", "equal", 0, "; ".join([note, *wrong[:3]]))


def k5(share: float) -> list[Row]:
    """Writers killed in the middle of their work."""
    rounds = max(3, round(ROUNDS * share))
    rows: list[Row] = []
    for scene in kills.STEPS:
        with tempfile.TemporaryDirectory() as folder:
            wrong = kills.failures(scene, rounds, Path(folder) / "base", seed=5)
        name = "K5" if scene == "upsert" else f"K5-{scene}"
        rows.append(failures(name, f"kill -9 during {scene}: lost, corrupt or half done", wrong, f"{rounds} kills"))
    return rows


def k6(share: float) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        full, torn = full_disk(Path(folder)), torn_tail(Path(folder))
    return [
        failures("K6-disk", "embedded, a disk that becomes full: lost or half written", full, "1 disk"),
        failures("K6-tail", "embedded, a torn vector file: lost or read", torn, "1 file"),
    ]


def k7(share: float) -> list[Row]:
    """Each string as a filter's value and as words, against a record that the filter must keep secret."""
    strings = hostile_strings()
    with tempfile.TemporaryDirectory() as folder, closing(EmbeddedBase(Path(folder))) as base:
        base.ensure("all", (Space("text", "made", 2),))
        said = "the of and a b c word near not or select from union text body title public secret"
        for licence in ("public", "secret"):
            base.upsert("all", [Item(Lore(id=licence, title=licence, body=said, licence=licence), {"text": EAST})])
        wrong = [f"{text[:40]!r}: {leak}" for text in strings for leak in leaks(base, text)]
    return [
        failures("K7", "hostile strings in filters and full text: leaks and crashes", wrong, f"{len(strings)} strings")
    ]


def leaks(base: EmbeddedBase, text: str) -> Iterator[str]:
    secret = Eq("licence", "public")
    queries = {
        "as a value": (Query(where=Eq("licence", text)), set[str]()),
        "among values": (Query(where=In("licence", (text, "public"))), {"public"}),
        "as words": (Query(text, where=secret), {"public"}),
        "as words and vector": (Query(text, {"text": EAST}, secret), {"public"}),
    }
    for how, (query, allowed) in queries.items():
        if found := set(base.search("all", query).records) - allowed:
            yield f"{how}, it finds {found}"
