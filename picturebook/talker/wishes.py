"""What a prompt of the talker's lessons says, as a value: it can be changed in one place and written out again."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from picturebook.scene import is_held_out
from picturebook.talker.lexicon import (
    BOOK_PLACES,
    DOING,
    EXTRAS,
    NUMBERS,
    SIZES,
    TIMES,
    any_colour,
    any_noun,
    any_place,
    other,
    plural,
    with_article,
)

KEPT_FOR_TESTS = 70
"""Of 256 triples of a thing, its colour and its place; the painter's own held-out triples besides."""


@dataclass(frozen=True)
class Thing:
    noun: str
    colour: str = ""
    size: str = ""
    look: str = ""
    count: str = ""
    side: str = ""
    rest: str = ""
    """What it does, wears or holds."""
    bare: bool = False
    """Without an article."""

    @property
    def called(self) -> str:
        """By all its looks, without article, number and place."""
        noun = plural(self.noun) if self.count else self.noun
        return " ".join(filter(None, (self.size, self.look, self.colour, noun)))

    def __str__(self) -> str:
        counted = (
            f"{self.count} {self.called}" if self.count else self.called if self.bare else with_article(self.called)
        )
        return " ".join(filter(None, (counted, self.rest, self.side and f"on the {self.side}")))


@dataclass(frozen=True)
class Wish:
    """`joint` stands between two things; `style` is what follows the rest after a comma, or `manner` without one."""

    things: tuple[Thing, ...]
    place: str = ""
    time: str = ""
    style: str = ""
    manner: str = ""
    joint: str = " and "
    place_first: bool = False
    extra: str = ""

    def __str__(self) -> str:
        first, *others = map(str, self.things)
        things = first + (self.joint + " and ".join(others) if others else "")
        where = " ".join(filter(None, (self.place, self.time)))
        body = f"{where}, {things}" if where and self.place_first else f"{things} {where}"
        return ", ".join(filter(None, (f"{body.strip()} {self.manner}".strip(), self.extra, self.style)))

    def with_thing(self, at: int, thing: Thing) -> Wish:
        return replace(self, things=(*self.things[:at], thing, *self.things[at + 1 :]))

    @property
    def triples(self) -> Iterator[tuple[str, str, str]]:
        """(thing, colour, place) of each coloured thing, the time where there is no place."""
        return ((one.noun, one.colour, key(self.place or self.time)) for one in self.things if one.colour)


def key(place: str) -> str:
    """The place itself, whichever words lead to it."""
    return place.rpartition(" ")[2]


def kept_for_tests(noun: str, colour: str, place: str) -> bool:
    told = hashlib.sha256(f"talk|{noun}|{colour}|{place}".encode()).digest()[0] < KEPT_FOR_TESTS
    return told or is_held_out(noun, colour, place)  # pyright: ignore[reportArgumentType]


def fits(wish: Wish, test: bool) -> bool:
    """Whether the wish may be said here: lessons and tests share no triple."""
    return all(kept_for_tests(*triple) is test for triple in wish.triples)


def any_thing(rng: random.Random, colour: float = 0.75) -> Thing:
    chance = rng.random
    return Thing(
        any_noun(rng),
        colour=any_colour(rng) if chance() < colour else "",
        size=rng.choice(SIZES) if chance() < 0.12 else "",
        look=rng.choice(other("adjectives")) if chance() < 0.12 else "",
        count=rng.choice((*tuple(NUMBERS)[:4], "some", "many")) if chance() < 0.12 else "",
        rest=f"{rng.choice(DOING)} {with_article(any_noun(rng))}" if chance() < 0.06 else "",
    )


def any_wish(rng: random.Random) -> Wish:
    count = rng.choices((1, 2, 3), (10, 10, 3))[0]
    things = [any_thing(rng) for _ in range(count)]
    if len({thing.noun for thing in things}) < count:
        return any_wish(rng)
    joint = rng.choices((" and ", ", ", " next to ", " with ", " beside "), (12, 3, 2, 2, 1))[0]
    if count == 2 and rng.random() < 0.1:
        side = rng.choice((("left", "right"), ("right", "left")))
        things = [replace(thing, side=where) for thing, where in zip(things, side, strict=True)]
        joint = " and "
    elif count == 2 and rng.random() < 0.08:
        joint = rng.choice((" to the left of ", " to the right of "))
    if rng.random() < 0.06:
        things[0] = replace(things[0], bare=not things[0].count)
    chance = rng.random()
    place = ""
    if chance < 0.65:
        place = any_place(rng) if rng.random() < 0.35 else rng.choice(BOOK_PLACES)
    time = rng.choice(TIMES) if chance > (0.85 if place else 0.8) or 0.6 < chance < 0.65 else ""
    extra = rng.choice(EXTRAS) if rng.random() < 0.05 else ""
    return Wish(tuple(things), place, time, joint=joint, place_first=rng.random() < 0.07, extra=extra)


def a_wish(rng: random.Random, test: bool) -> Wish:
    return next(wish for wish in iter(lambda: any_wish(rng), None) if fits(wish, test))
