"""Edges (Canny 1986): white lines one pixel wide on black, the map that canny ControlNets were trained with."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

SPREAD = 1 / 3
FLOOR, CEILING = 40, 200
"""Bounds for the median: a dark picture's noise is no edge, a bright picture's outlines still are."""


def canny(image: Image.Image) -> Image.Image:
    """Thresholds are the median brightness -33 % and +33 % (the zero-parameter rule), the median held within bounds."""
    grey = np.asarray(image.convert("L"))
    median = float(np.clip(np.median(grey), FLOOR, CEILING))
    edges = cv2.Canny(grey, median * (1 - SPREAD), median * (1 + SPREAD))
    return Image.fromarray(edges).convert("RGB")
