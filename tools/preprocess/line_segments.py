"""Straight lines without a model (LSD, von Gioi et al. 2010): white on black, for buildings and rooms."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

SHORTEST = 1 / 24
"""Of the shorter side: what is shorter is texture, or a piece of a curve."""


def line_segments(image: Image.Image) -> Image.Image:
    found = cv2.createLineSegmentDetector().detect(np.asarray(image.convert("L")))[0]
    drawn = np.zeros((image.height, image.width), np.uint8)
    for x, y, to_x, to_y in np.empty((0, 4)) if found is None else found.reshape(-1, 4):
        if np.hypot(to_x - x, to_y - y) >= SHORTEST * min(image.size):
            cv2.line(drawn, (round(x), round(y)), (round(to_x), round(to_y)), 255, 1)
    return Image.fromarray(drawn).convert("RGB")
