"""What the measuring command does: runs one suite of measures, or puts all results into the README."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from knowledge.problems import TryAgain

SUITES = ("gpu", "knowledge", "render", "conversation", "training", "critique")
REPORT = "report"


def run(name: str, only: Sequence[str], share: float) -> None:
    if name == REPORT:
        import_module("benchmarks.report").write_tables()
        import_module("benchmarks.plots").write_plots()
        return
    if name not in SUITES:
        raise TryAgain(f"There is no benchmark {name!r}: choose {', '.join(SUITES)}, or {REPORT} for the tables.")
    suite = import_module(f"benchmarks.{name}").SUITE
    if unknown := [id for id in only if id not in suite.measures]:
        raise TryAgain(f"{name!r} measures no {unknown[0]!r}: choose among {', '.join(suite.measures)}.")
    suite.measure(only or tuple(suite.measures), share)
