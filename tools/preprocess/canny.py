"""Edges (Canny 1986): white lines one pixel wide on black, the map that canny ControlNets were trained with."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

FLAT = 8
"""Gradients of noise and of skies, which are most of a picture and say nothing of its edges."""
HIGH, LOW = 0.6, 0.24
"""Of the gradient that parts strong edges from weak ones best: outlines that are faint somewhere are not torn."""
LEAST, MOST = 40, 200
"""Bounds for the high threshold; 200 is the usual fixed one."""
FINE = 4
"""Gradients, up to 2040, are counted in steps of so many, since Otsu's rule wants bytes."""


def canny(image: Image.Image) -> Image.Image:
    """Thresholds follow the picture's own contrast, in brightness or in colour: Otsu's (1979) on its gradients."""
    colours = cv2.GaussianBlur(np.asarray(image.convert("RGB")), (3, 3), 0)
    across, down = steepest(cv2.Sobel(colours, cv2.CV_16S, 1, 0), cv2.Sobel(colours, cv2.CV_16S, 0, 1))
    strong = float(np.clip(HIGH * parting(np.abs(across) + np.abs(down)), LEAST, MOST))
    edges = cv2.Canny(across, down, strong * LOW / HIGH, strong)
    return Image.fromarray(edges).convert("RGB")


def steepest(across: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pixel's gradient in the channel where it is greatest: purple before violet is an edge too."""
    channel = (np.abs(across) + np.abs(down)).argmax(2)[..., None]
    return np.take_along_axis(across, channel, 2)[..., 0], np.take_along_axis(down, channel, 2)[..., 0]


def parting(gradients: np.ndarray) -> float:
    steep = gradients[gradients > FLAT]
    if not steep.size:
        return 0.0
    counted = np.minimum(steep // FINE, 255).astype(np.uint8)
    return FINE * cv2.threshold(counted, 0, 255, cv2.THRESH_OTSU)[0]
