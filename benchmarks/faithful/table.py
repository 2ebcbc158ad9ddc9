"""Systems by suites: how often all is right, what it costs, and what each part of the workflow adds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from statistics import mean as average

from agent.wish import Wish
from benchmarks.faithful.costs import spent
from benchmarks.faithful.intervals import Interval, corrected, mean_of_means
from benchmarks.faithful.prompts import SUITES
from benchmarks.faithful.study import study
from benchmarks.faithful.systems import ALL, BASE, CALLED, PARTS, SYSTEMS, Part, System, without
from benchmarks.faithful.told import BETWEEN, GAIN, MEAN, NAME
from benchmarks.faithfulness import SUITE, calibration, differences, hits, pairs, scores
from benchmarks.results import Row, rate, weights, write
from benchmarks.suite import Extent


def parts(extent: Extent) -> list[Row]:
    """What each part adds; the whole table is kept beside it, where it is of the full size."""
    started = time.monotonic()
    here = study(extent)
    here.trials([task for suite in SUITES for task in here.tasks(suite)], SYSTEMS)
    added = [marginal(extent, part) for part in PARTS]
    cells = [*(cell for system in SYSTEMS for cell in row_of(extent, system)), *by_suite(extent), *judge(extent)]
    if extent.share >= 1 and not extent.seed:
        write(NAME, SUITE.command, time.monotonic() - started, cells, weights=weights())
    return added


def marginal(extent: Extent, part: Part) -> Row:
    each = {suite: differences(extent, suite, ALL, without(part)) for suite in SUITES}
    found = total(extent, part)
    most = max(each, key=lambda suite: average(each[suite]))
    note = f"most in {most}: {average(each[most]):+.3f}" if any(map(any, each.values())) else "no prompt differs"
    if found.holds_nothing:
        note = f"its interval includes 0; {'still on' if by_default(part) else 'off'} by default; {note}"
    what = f"what {CALLED[part]} adds to all other parts"
    return Row(f"M-{part}", what, *_values(found), "rate", "higher", None, note)


def by_default(part: Part) -> bool:
    """Whether those have it who say nothing of it."""
    plain = Wish("anything", "picturebook", 0)
    return {
        "rewrite": plain.retrieve and plain.rewrite,
        "text": plain.retrieve and "lore" in plain.collections,
        "images": plain.retrieve and plain.references,
        "lora": plain.style,
        "control": plain.control is not None,
        "critique": plain.tries > 1,
        "edit": True,
    }[part]


@cache
def total(extent: Extent, part: Part) -> Interval:
    return mean_of_means([differences(extent, suite, ALL, without(part)) for suite in SUITES])


def row_of(extent: Extent, system: System) -> Iterator[Row]:
    for suite in SUITES:
        yield rate(f"{system.name}{BETWEEN}{suite}", f"{system.name}: {suite}", hits(extent, suite, system), None)
    means = mean_of_means([scores(extent, suite, system) for suite in SUITES])
    yield _cell(system.name, MEAN, means, "rate")
    done = [trial for suite in SUITES for _, trial in pairs(extent, suite, system)]
    for unit, amount in spent(extent, done).items():
        yield _cell(system.name, unit, Interval(amount, amount, amount), unit)


def by_suite(extent: Extent) -> Iterator[Row]:
    """What each part adds, to which suite, and to all."""
    for part in PARTS:
        yield _cell(f"{GAIN}{CALLED[part]}", MEAN, total(extent, part), "rate")
        for suite in SUITES:
            found = mean_of_means([differences(extent, suite, ALL, without(part))])
            yield _cell(f"{GAIN}{CALLED[part]}", suite, found, "rate")


def judge(extent: Extent) -> Iterator[Row]:
    """Its error on each suite's own specifications, and the ends of the table corrected for it."""
    for suite in SUITES:
        found = calibration(extent, suite)
        yield rate(f"judge: right drawings{BETWEEN}{suite}", f"read as right: {suite}", found.right, None)
        yield rate(f"judge: wrong drawings{BETWEEN}{suite}", f"read as right: {suite}", found.wrong, None)
        for system in (BASE, ALL):
            behind = corrected([(scores(extent, suite, system), found.right, found.wrong)])
            yield _cell(f"{system.name}, corrected", suite, behind, "rate")


def _cell(row: str, column: str, found: Interval, unit: str) -> Row:
    return Row(f"{row}{BETWEEN}{column}", f"{row}: {column}", *_values(found), unit, "higher", None)


def _values(found: Interval) -> tuple[float, float, float]:
    return found.value, found.low, found.high
