"""What the knowledge base is measured by: `python -m benchmarks.knowledge [--only K1,K3] [--share 0.1]`.

Times are CPU times of one thread, medians. Rivals that are installed (`uv sync --group bench`) are asked the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module

from threadpoolctl import threadpool_limits

from benchmarks.results import Row, write

COMMAND = "python -m benchmarks.knowledge"
MEASURES: Mapping[str, str] = {
    "K1": "benchmarks.search_speed:k1",
    "K2": "benchmarks.search_speed:k2",
    "K3": "benchmarks.write_speed:k3",
    "K4": "benchmarks.search_speed:k4",
    "K5": "benchmarks.endurance:k5",
    "K6": "benchmarks.endurance:k6",
    "K7": "benchmarks.endurance:k7",
    "K8": "benchmarks.ingestion:interrupted_often",
    "K9": "benchmarks.retrieval:hybrid",
    "K10": "benchmarks.retrieval:two_things",
    "K11": "benchmarks.lora_zoo:k11",
}
"""Each a function of the share of its full size, that gives rows."""


def function(name: str) -> Callable[[float], list[Row]]:
    module, _, called = MEASURES[name].partition(":")
    return getattr(import_module(module), called)


def measure(only: Iterable[str], share: float) -> list[Row]:
    started = time.monotonic()
    rows: list[Row] = []
    for name in only:
        measured = function(name)
        # Only what is loaded by now is held to one thread.
        with threadpool_limits(1):
            fresh = measured(share)
        for row in fresh:
            missed = " MISSED" if row.met is False else ""
            print(f"{row.id} {row.value:.4g} {row.unit} {row.what} ({row.note}){missed}")
        rows += fresh
    if share >= 1 and list(only) == list(MEASURES):
        write("knowledge", COMMAND, time.monotonic() - started, rows)
    return rows


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", default=",".join(MEASURES), help="some of them; results are kept of all together")
    asked.add_argument("--share", type=float, default=1.0, help="of the full sizes; results are kept from 1 on")
    given = asked.parse_args()
    measure(given.only.split(","), given.share)
