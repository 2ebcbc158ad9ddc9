"""Where the details of an unexpected error go, so that callers need to see nothing but its id."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CrashLog:
    folder: Path

    def keep(self, details: str) -> str:
        """The id under which they lie in the folder. Raises `OSError` if they cannot be written."""
        crash_id = secrets.token_hex(4)
        path = self.path(crash_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(details, encoding="utf-8")
        return crash_id

    def sentence(self, details: str) -> str:
        """Keeps them, and says to callers who may not read them that it went wrong inside."""
        try:
            return f"Internal error {self.keep(details)}: its details are in Atelier's log folder."
        except OSError:
            logging.getLogger(__name__).exception("no crash log could be written: %s", details)
            return "Internal error: its details could not be kept, because the disk refuses."

    def path(self, crash_id: str) -> Path:
        return self.folder / f"{crash_id}.log"
