"""What a caller can do while a tool works: watch, ask it to stop, and say how urgent it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from PIL.Image import Image

OnProgress = Callable[[int, int], None]
"""Called after each denoising step with (steps done, steps in all)."""
OnPreview = Callable[[Image], None]
"""Called after each denoising step with what the picture will look like, an eighth of its size or less."""


@dataclass(frozen=True)
class Asked:
    """
    Who asks, and how: nothing here changes the picture.

    The higher `priority` is drawn first; callers of equal priority take turns. A picture that is not done `within`
    so many seconds is given up. `strict` draws it alone, so that it is the same to the bit whoever else asks. What is
    asked `again` may have been kept before, by a process that was killed: it is not to be kept twice.
    """

    caller: str = ""
    priority: int = 0
    within: float | None = None
    strict: bool = False
    again: bool = False


@dataclass(frozen=True)
class Call:
    on_progress: OnProgress | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    asked: Asked = Asked()
    on_preview: OnPreview | None = None

    def nth(self, done: int, count: int) -> Call:
        """For one of several pictures, whose steps count on from those before."""
        told = self.on_progress
        if told is None or count == 1:
            return self
        return replace(self, on_progress=lambda step, steps: told(done * steps + step, count * steps))
