"""What of a prompt a picture of the book shows, part by part, as far as the judge can read it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from picturebook.book import HERE, Book
from picturebook.scene import (
    BACKGROUNDS,
    COLOURS,
    KINDS,
    RARE,
    SIZE,
    STYLES,
    TRIGGERS,
    WHERE,
    Noun,
    Scene,
    Thing,
    plural,
)

COUNTS = {"two": 2, "three": 3, "2": 2, "3": 3}
PLAIN = "an?|the|and|or|with|of|to|in|on|at|under|above|below|over|by|near|beside|next|left|right|top|bottom|is|are"
"""Words that no description of one thing holds."""
ORDERS: tuple[tuple[str, str, bool], ...] = (
    ("left of", r"^(?: is| are)? (?:to the )?left of\b|^ on the left\b", True),
    ("left of", r"^(?: is| are)? (?:to the )?right of\b|^ on the right\b", False),
    ("above", r"^(?: is| are)? (?:above|over)(?: an?| the)? ?$|^ at the top\b", True),
    ("above", r"^(?: is| are)? (?:below|under)(?: an?| the)? ?$|^ at the bottom\b", False),
)
"""How an order is called, how it is said between two things, and whether the first said comes first."""
LORE = HERE / "knowledge" / "lore.jsonl"


@dataclass(frozen=True)
class Named:
    """Where a prompt names `noun`; `count` is 0 where it does not say how many, `colour` empty where not which."""

    noun: Noun
    colour: str
    count: int
    start: int
    end: int

    @property
    def part(self) -> str:
        return " ".join(filter(None, (str(self.count or ""), self.colour, self.noun)))

    def shows(self, thing: Thing) -> bool:
        return thing.kind == self.noun and self.colour in ("", thing.colour)


@dataclass(frozen=True)
class Names:
    """What people may call the things of this world: `nouns` by each name in lower case."""

    nouns: Mapping[str, Noun]

    @classmethod
    def of(cls, lore: Path = LORE) -> Names:
        """All kinds, one of it or several; what no training shows also by the other names that lore has for it."""
        records = (json.loads(line) for line in lore.read_text("utf-8").splitlines())
        terms: dict[str, list[str]] = {one["id"]: one["terms"] for one in records}
        nouns: dict[str, Noun] = {name: kind for kind in KINDS for name in (kind, plural(kind))}
        nouns |= {name: kind for kind in RARE for term in terms[kind] for name in (term, f"{term}s")}
        return cls(nouns)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        either = "|".join(map(re.escape, sorted(self.nouns, key=len, reverse=True)))
        colours, counts = "|".join(COLOURS), "|".join(COUNTS)
        between = rf"(?:(?!(?:{PLAIN}|{colours}|{counts})\b)[\w'-]+\s+){{0,2}}?"
        whose = rf"(?:(?P<count>{counts})\s+)?(?:(?P<colour>{colours})\s+)?"
        return re.compile(rf"\b{whose}{between}(?P<noun>{either})(?:\s+things?)?\b", re.IGNORECASE)

    def said(self, prompt: str) -> list[Named]:
        """In their order; a word or two that only lore explains may stand between a colour and its thing."""
        return [
            Named(
                self.nouns[found["noun"].lower()],
                (found["colour"] or "").lower(),
                COUNTS.get((found["count"] or "").lower(), 0),
                *found.span(),
            )
            for found in self.pattern.finditer(prompt)
        ]


def reader(models: Path) -> Callable[[Image.Image, str], list[tuple[str, bool]]]:
    """Reads with the judge of that folder, loaded once."""
    judge, names = Book(models).judge(), Names.of()

    def read(image: Image.Image, prompt: str) -> list[tuple[str, bool]]:
        pixels = np.array(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS))
        return shown(prompt, judge.read(pixels[None])[0], names)

    return read


def shown(prompt: str, seen: Scene, names: Names) -> list[tuple[str, bool]]:
    """Each part of the prompt that is of this world, and whether the scene has it."""
    named = names.said(prompt)
    return [*_things(named, seen), *_orders(prompt, named, seen), *_surroundings(prompt, seen)]


def _things(named: Sequence[Named], seen: Scene) -> Iterator[tuple[str, bool]]:
    """A kind that is named again without its colour is the same thing."""
    coloured = {one.noun for one in named if one.colour}
    for part, one in sorted({one.part: one for one in named}.items()):
        if one.colour or one.noun not in coloured:
            there = sum(one.shows(thing) for thing in seen.things)
            yield part, there == one.count if one.count else there > 0


def _orders(prompt: str, named: Sequence[Named], seen: Scene) -> Iterator[tuple[str, bool]]:
    for one, other in pairwise(named):
        between = re.sub(r"\s+", " ", prompt[one.end : other.start])
        for order, said, straight in ORDERS:
            if re.search(said, between, re.IGNORECASE):
                first, second = (one, other) if straight else (other, one)
                yield f"{first.noun} {order} {second.noun}", _in_order(first, second, order, seen)


def _in_order(first: Named, second: Named, order: str, seen: Scene) -> bool:
    stacked = any(thing.place in ("top", "bottom") for thing in seen.things)
    shows = [[one.shows(thing) for thing in seen.things] for one in (first, second)]
    there = all(map(any, shows))
    return there and stacked == (order == "above") and shows[0].index(True) < shows[1].index(True)


def _surroundings(prompt: str, seen: Scene) -> Iterator[tuple[str, bool]]:
    said = prompt.casefold()
    for background in BACKGROUNDS:
        if any(_says(said, where) for where in WHERE[background]):
            yield WHERE[background][0], seen.background == background
    for style in STYLES:
        if style != "plain" and any(_says(said, words) for words in (style, TRIGGERS[style])):
            yield style, seen.style == style


def _says(prompt: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}\b", prompt) is not None
