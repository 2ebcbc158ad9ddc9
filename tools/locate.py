"""Where in a picture a thing is: a mask of its pixels, from what the model that drew it attends to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from knowledge.problems import TryAgain
from knowledge.recipe import Patch, Recipe
from tools.nouns import one
from tools.renderer import Attended, Renderer

ARTICLES = frozenset(("a", "an", "the", "this", "that", "these", "those", "its", "their", "both", "all"))
LINKS = frozenset(("and", "with", "in", "on", "at", "of", "under", "next", "to", "left", "right", "above", "below"))
"""Where the words before a noun end."""
TOLD_BY_ADJECTIVES = 0.6
"""How far the words before it, such as its colour, say where a thing is."""
OUTSIDE, LIKELY, SURE = 0.2, 0.7, 0.9
"""Of the highest attention. By these the masks of 70 drawn things overlap the true ones by .83 (intersection over
union) with .88 of a thing inside; with the rim by .73, with .94 inside."""
ROUNDS = 3
RIM = 5
"""Pixels by which a mask is wider than what was found: outlines are soft."""


@dataclass(frozen=True)
class Locator:
    renderer: Renderer

    def masks(self, recipe: Recipe, image: Image.Image, *groups: Sequence[str]) -> list[Image.Image]:
        """For each group, white where the picture shows one of its things, black elsewhere, of the picture's size.

        Raises `TryAgain` for a thing without a name.
        """
        unsaid = missing(recipe.prompt, [thing for things in groups for thing in things])
        seen = self.renderer.attended(recipe.patched(Patch(prompt=", ".join((recipe.prompt, *unsaid)))), image)
        return [mask(image, [heat for thing in things for heat in heats(seen, thing)]) for things in groups]


def mask(image: Image.Image, places: Sequence[NDArray[np.float32]]) -> Image.Image:
    """Of all that stand out at one of the places."""
    found = np.zeros(image.size[::-1], bool)
    for heat in places:
        found |= cut_out(image, heat)
    return Image.fromarray(np.where(found, 255, 0).astype(np.uint8))


def missing(prompt: str, things: Sequence[str]) -> Iterator[str]:
    """What the prompt does not speak of, as a moon that comes with the night: it is asked for beside it."""
    said = [one(word) for word in re.findall(r"\w+", prompt.lower())]
    for thing in things:
        if not (named := words(thing)):
            raise TryAgain(f"What is to be kept is called {thing!r}: name a thing, such as 'the tree'.")
        if named[-1] not in said:
            yield thing


def words(thing: str) -> list[str]:
    """Its adjectives and its noun, which comes last; plurals are taken as one."""
    return [one(word) for word in re.findall(r"\w+", thing.lower()) if word not in ARTICLES]


def heats(seen: Sequence[Attended], thing: str) -> list[NDArray[np.float32]]:
    """Of every thing of that name; of those with the same adjectives, where some have them."""
    *adjectives, noun = words(thing)
    places = [place for place, said in enumerate(seen) if one(said.word) == noun]
    exact = [place for place in places if set(adjectives) <= set(before(seen, place))]
    return [told(seen, place) for place in exact or places]


def before(seen: Sequence[Attended], place: int) -> list[str]:
    """The words before a noun that are its own."""
    found: list[str] = []
    for said in reversed(seen[:place]):
        if said.word in ARTICLES or said.word in LINKS or not said.word.isalnum():
            break
        found.append(said.word)
    return found


def told(seen: Sequence[Attended], place: int) -> NDArray[np.float32]:
    noun = seen[place].heat
    if not (count := len(before(seen, place))):
        return noun
    adjectives = np.mean([one.heat for one in seen[place - count : place]], axis=0)
    both = (1 - TOLD_BY_ADJECTIVES) * noun + TOLD_BY_ADJECTIVES * adjectives * np.sqrt(noun)
    return (both - both.min()) / max(np.ptp(both), 1e-9)


def cut_out(image: Image.Image, heat: NDArray[np.float32]) -> NDArray[np.bool_]:
    """What stands out where the heat is: GrabCut (Rother et al. 2004), what touches the hottest of it, no holes."""
    import cv2

    wide = np.asarray(cv2.resize(heat, image.size, interpolation=cv2.INTER_CUBIC))
    labels = np.full(wide.shape, cv2.GC_BGD, np.uint8)
    for least, label in ((OUTSIDE, cv2.GC_PR_BGD), (LIKELY, cv2.GC_PR_FGD), (SURE, cv2.GC_FGD)):
        labels[wide > least] = label
    colours = cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2BGR)
    cv2.setRNGSeed(0)
    cv2.grabCut(colours, labels, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, parts = cv2.connectedComponents(inside)
    hot = np.isin(parts, np.setdiff1d(parts[(wide > SURE) & (inside > 0)], 0)).astype(np.uint8)
    outlines, _ = cv2.findContours(hot, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(hot), outlines, -1, 1, cv2.FILLED)
    return cv2.dilate(filled, np.ones((RIM, RIM), np.uint8)) > 0
