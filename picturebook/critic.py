"""What of a prompt a picture of the book shows, part by part, as far as the judge can read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from picturebook.book import Book
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, SIZE, STYLES, TRIGGERS, WHERE, Scene

NAMED = re.compile(rf"\b(?:(?P<colour>{'|'.join(COLOURS)})\s+)?(?P<kind>{'|'.join(KINDS)})s?\b", re.IGNORECASE)
LEFT_FIRST = re.compile(r"^(?:\s+is)?\s+(?:to the )?left of\b|^\s+on the left\b", re.IGNORECASE)
RIGHT_FIRST = re.compile(r"^(?:\s+is)?\s+(?:to the )?right of\b|^\s+on the right\b", re.IGNORECASE)
Named = re.Match[str]


def reader(models: Path) -> Callable[[Image.Image, str], list[tuple[str, bool]]]:
    """Reads with the judge of that folder, loaded once."""
    judge = Book(models).judge()

    def read(image: Image.Image, prompt: str) -> list[tuple[str, bool]]:
        pixels = np.array(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS))
        return shown(prompt, judge.read(pixels[None])[0])

    return read


def shown(prompt: str, seen: Scene) -> list[tuple[str, bool]]:
    """Each part of the prompt that is of this world, and whether the scene has it."""
    return [*_things(prompt, seen), *_order(prompt, seen), *_surroundings(prompt, seen)]


def _things(prompt: str, seen: Scene) -> Iterator[tuple[str, bool]]:
    """A kind that is named again without its colour is the same thing."""
    named = {(_colour(one), _kind(one)) for one in NAMED.finditer(prompt)}
    coloured = {kind for colour, kind in named if colour}
    for colour, kind in sorted(named):
        if colour or kind not in coloured:
            there = any(thing.kind == kind and colour in ("", thing.colour) for thing in seen.things)
            yield f"{colour} {kind}".strip(), there


def _order(prompt: str, seen: Scene) -> Iterator[tuple[str, bool]]:
    places = {thing.kind: place for place, thing in enumerate(seen.things)}
    for first, second in pairwise(NAMED.finditer(prompt)):
        between = prompt[first.end() : second.start()]
        if LEFT_FIRST.search(between) or RIGHT_FIRST.search(between):
            left, right = (first, second) if LEFT_FIRST.search(between) else (second, first)
            there = {_kind(left), _kind(right)} <= places.keys() and places[_kind(left)] < places[_kind(right)]
            yield f"{_kind(left)} left of {_kind(right)}", there


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


def _colour(named: Named) -> str:
    return (named["colour"] or "").lower()


def _kind(named: Named) -> str:
    return named["kind"].lower()
