"""What the measuring command does: runs one suite of measures, or puts all results into the README."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from knowledge.problems import TryAgain

SUITES = ("gpu", "knowledge", "render", "conversation", "training", "critique", "faithfulness")
REPORT = "report"
QUICK = 0.01
"""The share that is measured to see whether it works."""


def run(name: str, only: Sequence[str], share: float, seed: int, kept: Path | None, quick: bool) -> None:
    if name == REPORT:
        import_module("benchmarks.report").write_tables()
        import_module("benchmarks.plots").write_plots()
        return
    if name not in SUITES:
        raise TryAgain(f"There is no benchmark {name!r}: choose {', '.join(SUITES)}, or {REPORT} for the tables.")
    suite = import_module(f"benchmarks.{name}").SUITE
    if unknown := [id for id in only if id not in suite.measures]:
        raise TryAgain(f"{name!r} measures no {unknown[0]!r}: choose among {', '.join(suite.measures)}.")
    if not suite.seeded and (seed or kept or quick):
        raise TryAgain(f"{name!r} is not made from a seed: leave out --seed, --kept and --quick.")
    extent = import_module("benchmarks.suite").Extent(min(share, QUICK) if quick else share, seed, kept, quick)
    suite.measure(only or tuple(suite.measures), extent)
