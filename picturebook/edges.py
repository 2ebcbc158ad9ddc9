"""Edge maps of drawings, and how well one map follows another."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.bool_]
"""Shape (128, 128)."""


def edges(picture: NDArray[np.uint8], low: float = 60, high: float = 140, smooth: bool = True) -> Map:
    """Canny (1986) on the luminance, lightly smoothed if asked."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    grey = cv2.GaussianBlur(grey, (3, 3), 0) if smooth else grey
    return cv2.Canny(grey, low, high) > 0


def near(edge: Map, pixels: int) -> Map:
    size = 2 * pixels + 1
    return cv2.dilate(edge.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0


def edge_f1(drawn: Map, wanted: Map, tolerance: int = 2) -> float:
    """Boundary F1 (Martin et al. 2004): an edge counts when the other map has one within `tolerance` pixels."""
    if not drawn.any() or not wanted.any():
        return 0.0
    precision = float(near(wanted, tolerance)[drawn].mean())
    recall = float(near(drawn, tolerance)[wanted].mean())
    return 2 * precision * recall / max(precision + recall, 1e-9)


def as_picture(edge: Map) -> NDArray[np.uint8]:
    """White on black, RGB, as ControlNets read it."""
    return np.repeat(np.where(edge, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
