"""A picture as chat models take it: small, since they are charged for its pixels."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL.Image import Image

LONGEST_SIDE = 512
"""Pixels."""


def image_block(image: Image) -> dict[str, Any]:
    small = image.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=85)
    url = f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}
