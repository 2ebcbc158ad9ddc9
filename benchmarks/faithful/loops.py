"""What drawing again is worth: with a judge that lies, and with a loop that stops early."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from statistics import mean as average

from agent.drafts import Redrafting, best_of
from agent.workflow import planned
from benchmarks.critique import LIES, Shown, kept_well, lying
from benchmarks.faithful.intervals import ratio
from benchmarks.faithful.prompts import KNOWN, Task
from benchmarks.faithful.specification import whole
from benchmarks.faithful.study import AT_ONCE, Study, study
from benchmarks.faithful.systems import ALL, TRIES
from benchmarks.results import Row
from benchmarks.suite import Extent
from tools.call import Call
from tools.critique import Opinion, views

PROMPTS = 26
"""Of each suite that needs no other part of the workflow."""


@dataclass(frozen=True)
class Draft(Shown):
    """`good` is whether all that was specified is there."""

    good: bool

    @property
    def opinion(self) -> Opinion:
        return Opinion.of(self.looks)


@cache
def drafts(extent: Extent) -> list[list[Draft]]:
    """All drafts of each prompt, however good the first one is."""
    here = study(extent)
    some = [task for suite in KNOWN for task in here.tasks(suite, PROMPTS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda task: list(drawn(here, task)), some))


def drawn(here: Study, task: Task) -> Iterator[Draft]:
    critic = here.critics["judge"]
    plan = planned(here.bench, here.job(task, ALL).wish)
    for draft in Redrafting(here.bench.painter, critic, TRIES).drafts(plan.provenance(), Call()):
        image, recipe = draft.rendered.image, draft.provenance.recipe
        looks = [critic.look(view, task.prompt, recipe.prompt) for view in views(image, critic.looks)]
        yield Draft(tuple(map(tuple, looks)), whole(task.wanted, here.reads(image)))


def lied_to(extent: Extent) -> list[Row]:
    return [kept_well(drafts(extent), lies, steady=False) for lies in LIES]


def stopped(extent: Extent) -> list[Row]:
    """A full loop draws all drafts, and keeps the best."""
    every = drafts(extent)
    loops = [best_of(each, lying(0.0, random.Random(0), False)) for each in every]
    first = [each[0].good for each in every]
    full = [best(each).good - one for each, one in zip(every, first, strict=True)]
    early = [kept.draft.good - one for (kept, _), one in zip(loops, first, strict=True)]
    gained, rendered = ratio(early, full), ratio([len(seen) for _, seen in loops], [TRIES] * len(loops))
    note = f"{len(every)} prompts, full loop {TRIES} drafts, gain {average(full):+.3f}"
    return [
        Row("F16", "the gain of the full loop that stopping early keeps", gained.value, gained.low, gained.high, "rate",
            "higher", 0.90, note),
        Row("F16-renders", "pictures drawn for it, of those of the full loop", rendered.value, rendered.low,
            rendered.high, "rate", "lower", 0.50, note),
    ]  # fmt: skip


def best(each: Sequence[Draft]) -> Draft:
    kept = each[0]
    for draft in each[1:]:
        kept = draft if draft.opinion.better_than(kept.opinion) else kept
    return kept
