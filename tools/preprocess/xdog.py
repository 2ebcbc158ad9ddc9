"""Line drawings by extended difference of Gaussians (Winnemöller 2011): white lines on black, softer where fainter."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

LINE, STROKE = 1.4, 3.2
"""Standard deviation of the inner Gaussian for a fine and for a thick pen, in pixels of a picture 512 pixels wide."""
THINNEST = 0.8
"""The same in pixels, whatever the size of the picture."""
RATIO = 1.6
"""Outer to inner standard deviation, nearest to the Laplacian (Marr and Hildreth 1980)."""
STRONGEST = 99.0
"""Percentile of the dips in brightness that counts as a full line."""
FAINTEST = 0.02
"""Dip, of white, that a full line has at least: the noise of a flat picture draws none."""
LEVEL, STEEPNESS = 0.2, 3.0
"""Winnemöller's epsilon and phi, of a full line's dip: from where on there is a line, and how soft it ends."""
INK = 128
"""A stroke is drawn or not: where the soft line has at least half its strength."""


def lineart(image: Image.Image) -> Image.Image:
    return Image.fromarray(_lines(image, LINE)).convert("RGB")


def scribble(image: Image.Image) -> Image.Image:
    """Thick strokes with hard ends, as of someone who draws the same by hand."""
    strokes = np.where(_lines(image, STROKE) >= INK, 255, 0).astype(np.uint8)
    return Image.fromarray(strokes).convert("RGB")


def _lines(image: Image.Image, width: float) -> NDArray[np.uint8]:
    colours = np.asarray(image.convert("RGB"), np.float32) / 255
    inner = max(THINNEST, width * min(image.size) / 512)
    near, far = (cv2.GaussianBlur(colours, (0, 0), sigma) for sigma in (inner, inner * RATIO))
    # the channel that dips most: an edge between colours of equal brightness is a line too
    dip = (far - near).max(axis=2)
    full = max(float(np.percentile(dip, STRONGEST)), FAINTEST)
    return np.rint(255 * np.tanh(STEEPNESS * np.clip(dip / full - LEVEL, 0, None))).astype(np.uint8)
