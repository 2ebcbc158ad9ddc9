"""Every word the book's models are ever told: what its captions say. Anything else they never read."""

from __future__ import annotations

from collections.abc import Iterator

from picturebook.layouts import HEIGHTS, SIDES, at
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, STYLES, TRIGGERS, Noun, Scene, Thing, captions, plural


def spoken() -> Iterator[str]:
    """Captions that hold every word the book knows."""
    nouns: tuple[Noun, ...] = (*KINDS, "thing")
    things = [Thing(noun, COLOURS[index % len(COLOURS)]) for index, noun in enumerate(nouns)]
    for index, (first, second) in enumerate(zip(things, things[1:] + things[:1], strict=True)):
        background = BACKGROUNDS[index % len(BACKGROUNDS)]
        for shown in ((first,), at(SIDES, first, second), at(HEIGHTS, first, second), (first,) * 2, (first,) * 3):
            yield from captions(Scene(shown, background))
    yield from (TRIGGERS[style] for style in STYLES)


def book_words() -> set[str]:
    return {word for caption in spoken() for word in caption.lower().replace(",", " ").split()}


def book_things() -> set[str]:
    """Those that name what the painter can draw, one of it or several."""
    return {name for kind in KINDS for name in (kind, plural(kind))}
