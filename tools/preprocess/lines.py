"""Where a control map has lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FAINT = 64
"""Of 255: a softer line steers little."""


def lines(control_map: Image.Image) -> NDArray[np.bool_]:
    """Shape (height, width)."""
    return np.asarray(control_map.convert("RGB")).max(axis=2) >= FAINT
