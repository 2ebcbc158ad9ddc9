"""Whether pictures show what was wished for, and what each part of the workflow adds: `atelier bench faithfulness`.

Prompts with exact specifications are made from a seed, drawn by the same workflow with and without its parts, and read
by the judge of the picture book. It can be stopped at any moment, and goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from statistics import mean as average

from agent.wish import Wish
from benchmarks.faithful.calibration import Calibration, calibrated
from benchmarks.faithful.intervals import Interval, corrected, mean_of_means
from benchmarks.faithful.prompts import KNOWN, SUITES, Task
from benchmarks.faithful.specification import content, marks, whole
from benchmarks.faithful.study import Job, Study, study
from benchmarks.faithful.systems import ALL, BASE, INDEPENDENT, System, alone
from benchmarks.faithful.trials import Trial
from benchmarks.results import Better, Row, mean, rate
from benchmarks.suite import Extent, Suite
from picturebook.scene import Scene

SUITE = Suite(
    "faithfulness",
    {
        "F1": "benchmarks.faithfulness:gain",
        "F4": "benchmarks.faithfulness:unseen",
        "F6": "benchmarks.faithfulness:rare",
        "F8": "benchmarks.faithfulness:unnecessary",
        "F9": "benchmarks.faithfulness:swapped",
        "F11": "benchmarks.faithfulness:styled",
        "F13": "benchmarks.faithfulness:followed",
        "F14": "benchmarks.faithfulness:sketched",
        "F15": "benchmarks.faithful.loops:lied_to",
        "F16": "benchmarks.faithful.loops:stopped",
        "F17": "benchmarks.faithfulness:edited",
        "M": "benchmarks.faithful.table:parts",
    },
    seeded=True,
)
PAIRS = ("colour binding", "style by database")
"""Suites whose prompts come in twos that share a seed: they are resampled together."""
NOT_WORSE, ENOUGH = -0.03, 420
"""What a LoRA may cost, and prompts by which so little can be told."""
Told = Callable[[Task, Scene], bool]


@cache
def pairs(extent: Extent, suite: str, system: System) -> list[tuple[Task, Trial]]:
    here = study(extent)
    some = here.tasks(suite)
    (done,) = here.trials(some, (system,))
    return list(zip(some, done, strict=True))


def hits(extent: Extent, suite: str, system: System, told: Told | None = None) -> list[bool]:
    """For each prompt whether all that was specified is there, unless something else is to be `told`."""
    some, done = zip(*pairs(extent, suite, system), strict=True)
    return right(some, done, told or (lambda task, seen: whole(task.wanted, seen)))


def right(some: Sequence[Task], done: Sequence[Trial], told: Told) -> list[bool]:
    return [trial.seen is not None and told(task, trial.seen) for task, trial in zip(some, done, strict=True)]


def scores(extent: Extent, suite: str, system: System) -> list[float]:
    """The same, of pairs the mean."""
    return by_units(suite, [float(hit) for hit in hits(extent, suite, system)])


def by_units(suite: str, each: Sequence[float]) -> list[float]:
    if suite not in PAIRS:
        return list(each)
    return [average(two) for two in zip(each[::2], each[1::2], strict=True)]


def differences(extent: Extent, suite: str, system: System, other: System) -> list[float]:
    both = zip(scores(extent, suite, system), scores(extent, suite, other), strict=True)
    return [one - two for one, two in both]


def row(
    id: str, what: str, found: Interval, target: float | None, better: Better = "higher", unit: str = "rate",
    note: str = "",
) -> Row:  # fmt: skip
    return Row(id, what, found.value, found.low, found.high, unit, better, target, note)


@cache
def calibration(extent: Extent, suite: str) -> Calibration:
    here = study(extent)
    return calibrated(here.tasks(suite), here.reads)


def gain(extent: Extent) -> list[Row]:
    study(extent).trials([task for suite in SUITES for task in study(extent).tasks(suite)], (BASE, ALL, INDEPENDENT))
    won = mean_of_means([differences(extent, suite, ALL, BASE) for suite in SUITES])
    honest = mean_of_means([differences(extent, suite, INDEPENDENT, BASE) for suite in SUITES])
    reached = mean_of_means([scores(extent, suite, ALL) for suite in SUITES])
    behind = corrected([(scores(extent, suite, ALL), *judged(extent, suite)) for suite in SUITES])
    drawn = mean_of_means([[float(one.renders) for _, one in pairs(extent, suite, ALL)] for suite in SUITES])
    count = sum(len(study(extent).tasks(suite)) for suite in SUITES)
    note = f"{count} prompts in {len(SUITES)} suites that count the same"
    return [
        row("F1", "from the base model to all parts: all that was specified is there", won, 0.35, note=note),
        row("F1-CLIP", "the same where CLIP chooses among the drafts, and the judge only counts", honest, None),
        row("F2", "with all parts: all that was specified is there", reached, 0.85, note=error(extent)),
        row("F2-corrected", "the same, corrected for the judge's error (Rogan & Gladen)", behind, None),
        row("F3", "pictures drawn for a prompt, with all parts", drawn, 2.5, "lower", "renders"),
    ]


def judged(extent: Extent, suite: str) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    found = calibration(extent, suite)
    return found.right, found.wrong


def error(extent: Extent) -> str:
    return Calibration.of([calibration(extent, suite) for suite in SUITES]).told


def share(
    id: str, what: str, extent: Extent, suite: str, system: System, told: Told, target: float | None,
    better: Better = "higher",
) -> Row:  # fmt: skip
    found = hits(extent, suite, system, told)
    return rate(id, what, found, target, better, f"n = {len(found)}; {calibration(extent, suite).told}")


def unseen(extent: Extent) -> list[Row]:
    def there(task: Task, seen: Scene) -> bool:
        return marks(task.wanted, seen)["thing"]

    name, what = "unseen objects", "things that no training shows are there"
    return [
        share("F4", f"{what}, base", extent, name, BASE, there, 0.10, "lower"),
        share("F5", f"{what}, all parts", extent, name, ALL, there, 0.85),
    ]


def rare(extent: Extent) -> list[Row]:
    def meant(task: Task, seen: Scene) -> bool:
        return task.rare is not None and marks(task.wanted, seen)[task.rare]

    name, what = "rare words", "what a word means that no caption says is there"
    return [
        share("F6", f"{what}, base", extent, name, BASE, meant, 0.30, "lower"),
        share("F7", f"{what}, all parts", extent, name, ALL, meant, 0.90),
    ]


def unnecessary(extent: Extent) -> list[Row]:
    looked = [trial.referred for suite in KNOWN for _, trial in pairs(extent, suite, ALL)]
    return [rate("F8", "pictures are retrieved for what the model knows", looked, 0.10, "lower")]


def swapped(extent: Extent) -> list[Row]:
    def wears(task: Task, seen: Scene) -> bool:
        return seen.style == task.wanted.style

    def keeps(task: Task, seen: Scene) -> bool:
        return content(task.wanted, seen)

    name = "style by database"
    return [
        share("F9", "another database, the same prompt, weights and seed: its style", extent, name, ALL, wears, 0.90),
        share("F10", "the same: all else is as specified", extent, name, ALL, keeps, 0.80),
    ]


def styled(extent: Extent) -> list[Row]:
    def wears(task: Task, seen: Scene) -> bool:
        return seen.style == task.wanted.style

    def keeps(task: Task, seen: Scene) -> bool:
        return content(task.wanted, seen)

    name, here = "style by name", study(extent)
    some = here.tasks(name, ENOUGH)
    # a critique would draw again where the style is missing, and what is drawn again is better in other ways too
    done = [right(some, trials, keeps) for trials in here.trials(some, (alone("lora"), BASE))]
    lost = mean_of_means([[float(one) - float(other) for one, other in zip(*done, strict=True)]])
    least = Interval(lost.low, lost.low, lost.high)
    what = "all but the style, base with the LoRA less base without: the lower end of the interval"
    return [
        share("F11", "the LoRA that the workflow picks: the style that was named", extent, name, ALL, wears, 0.90),
        row("F12", what, least, NOT_WORSE, note=f"n = {len(some)}, difference {lost.value:+.3f}"),
    ]


def followed(extent: Extent) -> list[Row]:
    """Edges of a drawing that somebody gives, in the picture: by the measure that users are told."""
    here = study(extent)
    done = here.do([outlined(here, task) for task in here.tasks("single")])
    values = [one.followed if one.followed is not None else 0.0 for one in done]
    return [mean("F13", "edges of a given drawing, in the picture drawn by its map", values, "F1", 0.75)]


def outlined(here: Study, task: Task) -> Job:
    image_id = here.bench.gallery.keep(here.drawing(task))
    wish = Wish(task.prompt, "picturebook", task.seed, steps=here.steps, control="canny", reference_id=image_id)
    return Job(wish)


def sketched(extent: Extent) -> list[Row]:
    def told(task: Task, seen: Scene) -> bool:
        found = marks(task.wanted, seen)
        return found["thing"] and found["colour"]

    what = "a sketch and a colour: the right thing in that colour"
    return [share("F14", what, extent, "sketch", ALL, told, 0.85)]


def edited(extent: Extent) -> list[Row]:
    def done(task: Task, seen: Scene) -> bool:
        asked = task.changed
        return asked is not None and any((t.kind, t.colour) == (asked.kind, asked.colour) for t in seen.things)

    locked = [trial.moved for task, trial in pairs(extent, "edits", ALL) if task.wanted.unchanged]
    most = max((moved for moved in locked if moved is not None), default=0)
    what = "edits that keep a thing: most pixels outside the mask that differ"
    there = [moved is not None for moved in locked]
    return [
        share("F17", "edits: the change that was asked for is there", extent, "edits", ALL, done, 0.85),
        Row("F18", what, most, most, most, "pixels", "equal", 0, f"n = {sum(there)} masks"),
        rate("F18-masks", "edits that keep a thing: it was masked", there, None),
    ]
