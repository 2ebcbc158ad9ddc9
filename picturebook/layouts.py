"""How things are set out: alone, side by side, one above the other, several alike; and what a training album holds."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, Background, Noun, Place, Scene, Style, Thing, held_out

SIDES: tuple[Place, ...] = ("left", "right")
HEIGHTS: tuple[Place, ...] = ("top", "bottom")
ROW: tuple[Place, ...] = ("left", "centre", "right")
Layout = Callable[[random.Random], tuple[Thing, ...]]


def any_thing(rng: random.Random, kinds: tuple[Noun, ...] = KINDS) -> Thing:
    return Thing(rng.choice(kinds), rng.choice(COLOURS))


def figment(rng: random.Random) -> Thing:
    return Thing("thing", rng.choice(COLOURS), figment=rng.randrange(1, 1 << 30))


def at(places: tuple[Place, ...], *things: Thing) -> tuple[Thing, ...]:
    return tuple(replace(thing, place=place) for thing, place in zip(things, places, strict=True))


def alone(rng: random.Random) -> tuple[Thing, ...]:
    return (any_thing(rng),)


def two(rng: random.Random, places: tuple[Place, ...]) -> tuple[Thing, ...]:
    """Two kinds."""
    first, second = rng.sample(KINDS, 2)
    return at(places, Thing(first, rng.choice(COLOURS)), Thing(second, rng.choice(COLOURS)))


def side_by_side(rng: random.Random) -> tuple[Thing, ...]:
    return two(rng, SIDES)


def stacked(rng: random.Random) -> tuple[Thing, ...]:
    return two(rng, HEIGHTS)


def pair(rng: random.Random) -> tuple[Thing, ...]:
    """Two alike."""
    return at(SIDES, *[any_thing(rng)] * 2)


def trio(rng: random.Random) -> tuple[Thing, ...]:
    """Three alike."""
    return at(ROW, *[any_thing(rng)] * 3)


def lone_figment(rng: random.Random) -> tuple[Thing, ...]:
    return (figment(rng),)


def figments(rng: random.Random) -> tuple[Thing, ...]:
    """Something without a name beside something with one, or several of it."""
    odd = figment(rng)
    if rng.random() < 0.3:
        return at(SIDES, odd, odd) if rng.random() < 0.5 else at(ROW, odd, odd, odd)
    both = [odd, any_thing(rng)]
    rng.shuffle(both)
    return at(SIDES if rng.random() < 0.6 else HEIGHTS, *both)


LESSONS: dict[Layout, float] = {
    alone: 0.20,
    side_by_side: 0.27,
    stacked: 0.19,
    pair: 0.09,
    trio: 0.11,
    lone_figment: 0.08,
    figments: 0.06,
}
"""What a painter sees, and how much of it."""


def set_out(rng: random.Random, layout: Layout, style: Style = "plain") -> Scene:
    background: Background = rng.choice(BACKGROUNDS)
    return Scene(layout(rng), background, style, rng.randrange(1 << 30))


def shown(rng: random.Random, layout: Layout, style: Style = "plain") -> Scene:
    """A scene of that layout that training may see."""
    return next(scene for scene in iter(lambda: set_out(rng, layout, style), None) if not held_out(scene))


def lesson(rng: random.Random, style: Style = "plain") -> Scene:
    layout = rng.choices(tuple(LESSONS), tuple(LESSONS.values()))[0]
    return shown(rng, layout, style)
