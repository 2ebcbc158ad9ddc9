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
from picturebook.scene import COLOURS, SIZE, Scene, alike, plural
from picturebook.words import END_OF_WORD

GRID = 16  # cells each way, as the latents have


@dataclass(frozen=True)
class Nouns:
    """
    Where a batch of texts names a thing right after its colour.

    `texts`, `positions` and `colours` have shape (nouns,), `shown` (nouns, 1, 16, 16): how much of each cell the boxes
    of the things cover, 0 to 1.
    """

    texts: Tensor
    positions: Tensor
    colours: Tensor
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
    rows: list[tuple[int, int, int]] = []
    shown: list[NDArray[np.float32]] = []
    for text, (scene, words) in enumerate(zip(scenes, said, strict=True)):
        boxes = [box(placement) for placement in placements(scene)]
        many = alike(scene)
        for index, thing in enumerate(scene.things[:1] if many else scene.things):
            noun = plural(thing.kind) if many else thing.kind
            at = ids[text].eq(known[f"{noun}{END_OF_WORD}"]).nonzero()
            if len(at) == 1 and f"{thing.colour} {noun}" in words:
                rows.append((text, int(at[0]), COLOURS.index(thing.colour)))
                shown.append(np.max(boxes, axis=0) if many else boxes[index])
    table = torch.tensor(rows, device=ids.device).reshape(-1, 3)
    maps = torch.from_numpy(np.stack(shown) if shown else np.zeros((0, GRID, GRID), np.float32))
    texts, positions, colours = table.unbind(1)
    return Nouns(texts, positions, colours, maps[:, None].to(ids.device))
