"""A critic that asks a CLIP: a part of a wish is there if no other word in its place fits the picture better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from PIL.Image import Image

from knowledge.embedders import Embedder
from tools.critique import Verdict
from tools.mentions import Span, first_mention, mentions
from tools.parts import WishSplitter, split

COLOURS = ("black", "blue", "brown", "green", "grey", "orange", "pink", "purple", "red", "white", "yellow")
THINGS = (
    *("apple", "balloon", "bird", "boat", "book", "butterfly", "car", "castle", "cat", "chair", "crown", "cup", "dog"),
    *("fish", "flower", "guitar", "heart", "horse", "house", "key", "man", "mushroom", "rocket", "snail", "snowman"),
    *("star", "tree", "umbrella", "woman"),
)
PLACES = ("beach", "city", "desert", "forest", "meadow", "night", "room", "sea", "snow", "sunset")
KINDS = (COLOURS, THINGS, PLACES)
BEATEN = 0.9
"""The share of the others of its kind that a word must fit better than; measured on drawings of known content."""
READ = 40
"""Words: with room to spare, the 77 tokens that a CLIP reads."""


@dataclass(frozen=True)
class ClipCritic:
    """
    Cosines of CLIP mean little by themselves: some phrases fit every picture. So the whole wish is held against the
    same wish with one word of a part in place of another: its colour, its thing or its place.

    A thing may be of any name where it has a colour, or is what the wish begins with; of other parts nothing is said.
    """

    embedder: Embedder
    splitter: WishSplitter | None = None
    looks: int = 5

    def look(self, image: Image, wish: str, prompt: str) -> Sequence[Verdict]:
        parts, _ = split(wish, self.splitter)
        swaps = [swap for part in parts if (swap := swapped(part, wish, part == parts[0])).others]
        phrases = list(dict.fromkeys(phrase for swap in swaps for phrase in swap.phrases))
        if not phrases:
            return ()
        fits = dict(zip(phrases, self.embedder.texts(phrases) @ self.embedder.images([image])[0], strict=True))
        return [swap.verdict(fits) for swap in swaps]


@dataclass(frozen=True)
class Swaps:
    """What is said of a part, and the same with one of its words swapped: a sequence for each kind of word."""

    part: str
    said: str
    others: tuple[tuple[str, ...], ...]

    @property
    def phrases(self) -> Iterator[str]:
        yield self.said
        for some in self.others:
            yield from some

    def verdict(self, fits: Mapping[str, float]) -> Verdict:
        beaten = [sum(fits[self.said] > fits[other] for other in some) / len(some) for some in self.others]
        if min(beaten) >= BEATEN:
            return Verdict(self.part, True)
        return Verdict(self.part, False, f"{max(self.phrases, key=fits.__getitem__)!r} fits better")


def swapped(part: str, wish: str, main: bool) -> Swaps:
    """In the whole wish, unless a CLIP would not read to its end. Of the `main` part the last word is a thing."""
    whole = wish if part in wish and len(wish.split()) <= READ else part
    spans = [(mentions(part, own)[0], words) for words in KINDS if (own := first_mention(part, words))]
    if all(words is COLOURS for _, words in spans) and (spans or main):
        spans.append(((part.rfind(" ") + 1, len(part)), THINGS))
    return Swaps(part, whole, tuple(_others(part, whole, *span) for span in spans))


def _others(part: str, whole: str, span: Span, words: Sequence[str]) -> tuple[str, ...]:
    start, end = span
    rest = (word for word in words if not mentions(part[start:end], word))
    return tuple(whole.replace(part, f"{part[:start]}{word}{part[end:]}", 1) for word in rest)
