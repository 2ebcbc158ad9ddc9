"""What a caller can do while a tool works: watch, and ask it to stop."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tools.renderer import OnProgress


@dataclass(frozen=True)
class Call:
    on_progress: OnProgress | None = None
    cancelled: threading.Event | None = None
