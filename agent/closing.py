"""When a worker is to end."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass
class Closing:
    """When whatever is not finished is left, in seconds of `time.monotonic`; None while there is no end in sight."""

    at: float | None = None

    def within(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self.at = until if self.at is None else min(self.at, until)

    def done(self, busy: bool) -> bool:
        return self.at is not None and (not busy or time.monotonic() >= self.at)
