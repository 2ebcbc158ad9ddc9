"""What a picture must show, as exact values, and which of it a scene that was read from a picture has."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, TypeVar, get_args

from picturebook.layouts import HEIGHTS, ROW, SIDES, at
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, STYLES, Background, Colour, Noun, Scene, Style, Thing

Attribute = Literal["thing", "count", "colour", "relation", "background", "style"]
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)
Order = Literal["beside", "above"]
Word = TypeVar("Word", bound=str)


@dataclass(frozen=True)
class Asked:
    kind: Noun
    colour: Colour
    count: int = 1


@dataclass(frozen=True)
class Specification:
    """
    `things` are all that is there. With an `order` the first is to the left of the second, or above it.

    The pixels of `unchanged` are those of the picture before.
    """

    things: tuple[Asked, ...]
    background: Background
    style: Style = "plain"
    order: Order | None = None
    unchanged: tuple[Asked, ...] = ()

    @property
    def each(self) -> list[Thing]:
        """Every single thing, in order."""
        return list(chain.from_iterable([Thing(one.kind, one.colour)] * one.count for one in self.things))


def specified(scene: Scene, order: Order | None = None) -> Specification:
    """All that the scene shows; where its things stand only if an `order` is asked for."""
    counts = Counter(Asked(thing.kind, thing.colour) for thing in scene.things)
    things = tuple(replace(one, count=count) for one, count in counts.items())
    return Specification(things, scene.background, scene.style, order)


def as_scene(wanted: Specification, variation: int = 0) -> Scene:
    """A scene that shows it."""
    each = wanted.each
    places = {1: ("centre",), 2: HEIGHTS if wanted.order == "above" else SIDES, 3: ROW}[len(each)]
    return Scene(at(places, *each), wanted.background, wanted.style, variation)


def marks(wanted: Specification, seen: Scene) -> dict[Attribute, bool]:
    """
    Attribute by attribute, those that are asked for.

    Every kind is there; as many of each, and nothing else; every thing in its colour; and so on.
    """
    found = Counter(thing.kind for thing in seen.things)
    coloured = Counter((thing.kind, thing.colour) for thing in seen.things)
    asked = Counter(thing.kind for thing in wanted.each)
    right: dict[Attribute, bool] = {
        "thing": asked.keys() <= found.keys(),
        "count": asked.total() == len(seen.things) and all(found[kind] == count for kind, count in asked.items()),
        "colour": all(coloured[one.kind, one.colour] >= one.count for one in wanted.things),
    }
    if wanted.order:
        right["relation"] = _ordered(wanted, seen)
    return {**right, "background": seen.background == wanted.background, "style": seen.style == wanted.style}


def whole(wanted: Specification, seen: Scene) -> bool:
    return all(marks(wanted, seen).values())


def content(wanted: Specification, seen: Scene) -> bool:
    """All but the style."""
    return whole(replace(wanted, style=seen.style), seen)


def broken(wanted: Specification, rng: random.Random) -> Specification:
    """The same with one attribute of it another."""
    first, *others = wanted.things
    changes: Mapping[Attribute, Specification] = {
        "thing": replace(wanted, things=(replace(first, kind=_another(rng, KINDS, first.kind)), *others)),
        "count": replace(wanted, things=(replace(first, count=1 + first.count % (3 - len(others))), *others)),
        "colour": replace(wanted, things=(replace(first, colour=_another(rng, COLOURS, first.colour)), *others)),
        "relation": replace(wanted, things=wanted.things[::-1]),
        "background": replace(wanted, background=_another(rng, BACKGROUNDS, wanted.background)),
        "style": replace(wanted, style=_another(rng, STYLES, wanted.style)),
    }
    asked: list[Attribute] = [name for name in ATTRIBUTES if wanted.order or name != "relation"]
    return changes[rng.choice(asked)]


def _ordered(wanted: Specification, seen: Scene) -> bool:
    """Whether the kinds stand where they should, and nothing else does."""
    places = HEIGHTS if wanted.order == "above" else SIDES
    return [(one.kind, one.place) for one in seen.things] == [
        (one.kind, place) for one, place in zip(wanted.things, places, strict=True)
    ]


def _another(rng: random.Random, values: Sequence[Word], but: str) -> Word:
    return rng.choice([value for value in values if value != but])
