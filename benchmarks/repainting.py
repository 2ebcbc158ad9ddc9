"""Changes to one of two things in the picture book's drawings: what may not move does not, and what was asked is there.

Half of them keep the other thing, half name the one that alone may change. The judge reads what is in a picture; it
knows neither the prompt nor the mask.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from agent.settings import Settings
from agent.workshop import open_workshop
from benchmarks.results import Row, rate
from knowledge.picture import Picture
from knowledge.recipe import Patch, Recipe
from picturebook.book import Book
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, WHERE, Background, Colour, Noun, Thing, phrase
from tools.call import Call
from tools.toolbox import Bench

SCENES = 40
AT_ONCE = 8
REPLACED = 4
"""One change in so many puts another thing in the first one's place; the others give it another colour."""
Named = tuple[Colour, Noun]


@dataclass(frozen=True)
class Change:
    old: Named
    new: Named
    other: Named
    where: Background
    seed: int

    def said(self, first: Named) -> str:
        return f"{_a(first)} and {_a(self.other)} {WHERE[self.where][0]}"


@dataclass(frozen=True)
class Changed:
    """`moved` is how many pixels differ that the mask keeps; `done` whether exactly what was asked is there."""

    moved: int
    done: bool


def kept(share: float) -> list[Row]:
    with TemporaryDirectory() as folder:
        bench = open_workshop(Settings(data=Path(folder))).bench
        done = list(_changed(bench, [*changes(max(3, round(SCENES * share)))]))
    moved = sum(one.moved for one in done)
    unmoved = f"n = {len(done)}, {sum(not one.moved for one in done)} of them without a difference"
    what = "partial refinements: pixels outside the mask that differ"
    asked = "the same: pictures in which exactly the asked change is, by the judge"
    return [
        Row("T4", what, moved, moved, moved, "pixels", "equal", 0, unmoved),
        rate("T4-done", asked, [one.done for one in done], None),
    ]


def changes(count: int) -> Iterator[Change]:
    rng = random.Random(7)
    for number in range(count):
        kinds, colours = rng.sample(KINDS, 3), rng.sample(COLOURS, 3)
        new = colours[2], kinds[0] if number % REPLACED else kinds[2]
        yield Change((colours[0], kinds[0]), new, (colours[1], kinds[1]), rng.choice(BACKGROUNDS), number)


def _changed(bench: Bench, wanted: Sequence[Change]) -> Iterator[Changed]:
    """Of the drawings that were right to begin with, each changed in both ways."""
    with ThreadPoolExecutor(AT_ONCE) as painting:
        recipes = [Recipe(prompt=one.said(one.old), seed=one.seed) for one in wanted]
        drawn = list(painting.map(lambda recipe: bench.painter.render(recipe, Call()), recipes))
        seen = things(bench, drawn)
        begun = [
            pair for pair, shown in zip(zip(wanted, drawn, strict=True), seen, strict=True) if fits(pair[0], shown)
        ]
        asked = [(change, before, way) for change, before in begun for way in ("keep", "only")]
        after = list(painting.map(lambda one: _refined(bench, *one), asked))
    for (change, before, _), picture, shown in zip(asked, after, things(bench, after), strict=True):
        yield Changed(moved(bench, before, picture), shown == {change.new, change.other})


def fits(change: Change, shown: set[Named]) -> bool:
    return shown == {change.old, change.other}


def _refined(bench: Bench, change: Change, before: Picture, way: str) -> Picture:
    patch = Patch(prompt=change.said(change.new))
    if way == "keep":
        return bench.refiner.refine(before.id, patch, Call(), keep=(" ".join(change.other),))
    return bench.refiner.refine(before.id, patch, Call(), only=(" ".join(change.old),))


def moved(bench: Bench, before: Picture, after: Picture) -> int:
    mask = bench.gallery.image(after.recipe.mask_id or "").convert("L")
    outside = np.asarray(mask) < 128
    return int((pixels(bench, before) != pixels(bench, after)).any(axis=2)[outside].sum())


def things(bench: Bench, pictures: Iterable[Picture]) -> list[set[Named]]:
    read = Book().judge().read(np.stack([pixels(bench, picture) for picture in pictures]))
    return [{(thing.colour, thing.kind) for thing in scene.things} for scene in read]


def pixels(bench: Bench, picture: Picture) -> NDArray[np.uint8]:
    return np.asarray(bench.gallery.image(picture.id).convert("RGB"))


def _a(named: Named) -> str:
    colour, kind = named
    return phrase(Thing(kind, colour))
