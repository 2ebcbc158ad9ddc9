"""Where captions name things, and where the pictures show them: what the painter's lessons ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTokenizer

from picturebook.canvas import Placement
from picturebook.drawing import placements
from picturebook.scene import COLOURS, SIZE, Place, Scene, alike, plural
from picturebook.words import END_OF_WORD

GRID = 16  # cells each way, as the latents have
PLACES: tuple[Place, ...] = ("left", "right", "top", "bottom")
RELATIONS = (" above ", " below ", " at the top ", " to the left of ", " to the right of ", " on the left ")
UNSAID = -100  # what `cross_entropy` passes over


@dataclass(frozen=True)
class Nouns:
    """
    Where a batch of texts names a thing right after its colour.

    `texts`, `positions`, `colours` and `places` have shape (nouns,), `shown` (nouns, 1, 16, 16): how much of each cell
    the boxes of the things cover, 0 to 1. A place is `UNSAID` where the words up to the noun do not tell it.
    """

    texts: Tensor
    positions: Tensor
    colours: Tensor
    places: Tensor
    shown: Tensor


def box(placement: Placement) -> NDArray[np.float32]:
    cell = SIZE / GRID
    starts = np.arange(GRID) * cell

    def covered(middle: float) -> NDArray[np.float64]:
        low, high = middle - placement.half, middle + placement.half
        return np.clip(np.minimum(high, starts + cell) - np.maximum(low, starts), 0, None) / cell

    return np.outer(covered(placement.y), covered(placement.x)).astype(np.float32)


def nouns(tokenizer: CLIPTokenizer, ids: Tensor, scenes: Sequence[Scene], said: Sequence[str]) -> Nouns:
    """Each noun's own, where its colour is said before it and it is said once."""
    known = tokenizer.get_vocab()
    rows: list[tuple[int, int, int, int]] = []
    shown: list[NDArray[np.float32]] = []
    for text, (scene, words) in enumerate(zip(scenes, said, strict=True)):
        boxes = [box(placement) for placement in placements(scene)]
        many = alike(scene)
        for index, thing in enumerate(scene.things[:1] if many else scene.things):
            noun = plural(thing.kind) if many else thing.kind
            at = ids[text].eq(known[f"{noun}{END_OF_WORD}"]).nonzero()
            if len(at) == 1 and f"{thing.colour} {noun}" in words:
                rows.append((text, int(at[0]), COLOURS.index(thing.colour), told(scene, index, words)))
                shown.append(np.max(boxes, axis=0) if many else boxes[index])
    table = torch.tensor(rows, device=ids.device).reshape(-1, 4)
    maps = torch.from_numpy(np.stack(shown) if shown else np.zeros((0, GRID, GRID), np.float32))
    texts, positions, colours, places = table.unbind(1)
    return Nouns(texts, positions, colours, places, maps[:, None].to(ids.device))


def told(scene: Scene, index: int, words: str) -> int:
    """The place of the one of two things that is named last: the text encoder reads no further than the noun itself."""
    if len(scene.things) != 2 or alike(scene) or not any(relation in words for relation in RELATIONS):
        return UNSAID
    mine, other = (f"{scene.things[at].colour} {scene.things[at].kind}" for at in (index, 1 - index))
    return PLACES.index(scene.things[index].place) if -1 < words.find(other) < words.find(mine) else UNSAID
