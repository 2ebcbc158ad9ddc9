"""Soft edges without a model: how steeply brightness and colour change, white on black."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

BRIGHTEST = 99.0
"""Percentile of the steepness that becomes white."""
FAINTEST = 60 * 16
"""Steepness that is white at least, so that noise stays dark: 60 levels between next but one pixels, which Scharr's
weights add up 16 times."""


def gradient(image: Image.Image) -> Image.Image:
    """The Scharr gradient of the channel that changes most, after smoothing by a 256th of the shorter side."""
    smooth = cv2.GaussianBlur(np.asarray(image.convert("RGB"), np.float32), (0, 0), max(0.8, min(image.size) / 256))
    across, down = cv2.Scharr(smooth, cv2.CV_32F, 1, 0), cv2.Scharr(smooth, cv2.CV_32F, 0, 1)
    steep = np.hypot(across, down).max(axis=2)
    white = max(float(np.percentile(steep, BRIGHTEST)), FAINTEST)
    return Image.fromarray((255 * np.clip(steep / white, 0, 1)).astype(np.uint8)).convert("RGB")
