"""Black or white (Otsu 1979): the rarer of the two becomes white, so that ink on paper is strokes on black."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image


def threshold(image: Image.Image) -> Image.Image:
    grey = np.asarray(image.convert("L"))
    _, light = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return Image.fromarray(light if light.mean() < 128 else 255 - light).convert("RGB")
