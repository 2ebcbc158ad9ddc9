"""From an image to a control map: one plain function a file, chosen from one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PIL import Image

from knowledge.recipe import ControlKind


def _canny(image: Image.Image, width: int, height: int) -> Image.Image:
    # OpenCV is loaded when the first map is made
    from tools.preprocess.canny import canny

    return canny(image, width, height)


PREPROCESSORS: Mapping[ControlKind, Callable[[Image.Image, int, int], Image.Image]] = {"canny": _canny}
"""Kind of control -> (image, width, height) -> map of that size, RGB."""
