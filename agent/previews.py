"""What a picture will look like, small enough and seldom enough to be sent."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable

from PIL.Image import Image

from tools.call import OnPreview

PAUSE = 0.5
"""Seconds between two previews of a call."""
SIDE = 256
"""Pixels at most."""


def previewing(tell: Callable[[str], None]) -> OnPreview:
    """Tells of an image as a JPEG in base64, unless one has just been told."""
    due = 0.0

    def seen(image: Image) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + PAUSE
            tell(as_jpeg(image))

    return seen


def as_jpeg(image: Image) -> str:
    small, file = image.convert("RGB"), io.BytesIO()
    small.thumbnail((SIDE, SIDE))
    small.save(file, "JPEG", quality=80)
    return base64.b64encode(file.getvalue()).decode()
