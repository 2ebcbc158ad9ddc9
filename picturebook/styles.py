"""What stained glass and watercolour make of a picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from picturebook.canvas import FINE, Picture, shrink
from picturebook.palette import LEAD, PAPER
from picturebook.scene import SIZE

Field = NDArray[np.float32]
Numbers = NDArray[np.floating[Any]]

CELLS = 4  # panes each way, so each is about 32 px
PANE_LEAD = 2.5  # px
LEVELS = (0.84, 0.94, 1.04, 1.14)  # how bright one pane is against another
STRAY = 1.3  # px by which a brush leaves the line


def clouds(rng: np.random.Generator, knots: int) -> Field:
    """A slowly changing field over the picture, about -1 to 1."""
    coarse = rng.uniform(-1, 1, (knots, knots)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), np.float32)


def panes(seed: int) -> tuple[Field, Field]:
    """For each pixel, how bright its pane is (about 1) and how much of it is lead (0 to 1)."""
    rng = np.random.default_rng(seed)
    grid = (np.stack(np.meshgrid(np.arange(CELLS), np.arange(CELLS)), 2).reshape(-1, 2) + 0.5) * SIZE / CELLS
    seeds = (grid + rng.uniform(-9, 9, grid.shape)).astype(np.float32)
    down, across = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    first, second, bright = np.full((3, SIZE, SIZE), np.inf, np.float32)
    for (x, y), level in zip(seeds, rng.choice(LEVELS, len(seeds)), strict=True):
        far = np.hypot(across - x, down - y)
        bright[far < first] = level
        second = np.minimum(second, np.maximum(first, far))
        first = np.minimum(first, far)
    return bright, np.clip(PANE_LEAD / 2 + 0.5 - (second - first) / 1.6, 0, 1)


def glaze(picture: Picture, seed: int) -> Picture:
    """A fine background cut into panes of jewel colours, before anything is drawn on it."""
    bright, lead = (field[..., None] for field in panes(seed))
    jewel = saturate(shrink(picture).astype(np.float32), 1.3) * bright
    glass = np.clip(jewel * (1 - lead) + np.array(LEAD, np.float32) * lead, 0, 255).astype(np.uint8)
    return glass.repeat(FINE, axis=0).repeat(FINE, axis=1)


def saturate(picture: Numbers, by: float) -> Numbers:
    grey = picture.mean(axis=2, keepdims=True)
    return np.clip(grey + (picture - grey) * by, 0, 255)


def stray(picture: Picture, seed: int) -> Picture:
    """The picture with its edges moved a little, as an unsteady brush would."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    dx, dy = (clouds(rng, 13) * STRAY for _ in range(2))
    moved = cv2.remap(picture, across + dx, down + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def wash(picture: Picture, things: Picture, seed: int) -> Picture:
    """Thin paint on cream paper; the background fades out before the paper's edge, `things` (0 to 255) do not."""
    rng = np.random.default_rng(seed + 1)
    down, across = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    inwards = np.minimum.reduce([down, across, SIZE - 1 - down, SIZE - 1 - across])
    margin = np.clip((inwards - 7 - 3.5 * clouds(rng, 9)) / 4, 0, 1)
    on = things.astype(np.float32) / 255
    cover = np.maximum(margin, on)[..., None]
    strength = (0.58 + 0.3 * on + 0.14 * clouds(rng, 6))[..., None]
    paper = np.array(PAPER, np.float32)
    painted = paper * (picture.astype(np.float32) / 255 + 0.02) ** strength
    return np.clip(paper * (1 - cover) + painted * cover, 0, 255).astype(np.uint8)
