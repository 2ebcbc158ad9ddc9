"""What was made of LoRA files in earlier runs, in one SQLite file; losing it costs time and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter

from knowledge.records import LoraCard

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS made"
    "(path BLOB PRIMARY KEY, state TEXT NOT NULL, code TEXT NOT NULL, result TEXT NOT NULL) WITHOUT ROWID"
)
RESULT: TypeAdapter[LoraCard | str] = TypeAdapter(LoraCard | str)
State = tuple[int, ...]
"""Size and time of last change in nanoseconds: of a LoRA file, then of each sidecar it has."""
Made = tuple[State, LoraCard | str]
"""The state of the files when they were read, and the card made of them or why there is none."""


@dataclass(frozen=True)
class LoraLedger:
    place: Path

    def read(self) -> dict[Path, Made]:
        """
        By path; nothing if there is no ledger or it is damaged, which is then removed.

        What other code has made is not up to date, and stands for the state of the file alone: its hashes still hold.
        """
        if not self.place.is_file():
            return {}
        try:
            with self._open() as db:
                rows = db.execute("SELECT path, state, code, result FROM made").fetchall()
        except sqlite3.OperationalError:
            return {}
        except sqlite3.DatabaseError:
            with contextlib.suppress(OSError):
                self.place.unlink()
            return {}
        made: dict[Path, Made] = {}
        for path, state, code, result in rows:
            with contextlib.suppress(ValueError, TypeError):
                own = tuple(json.loads(state))
                still = own if code == self._code else (*own[:2], -1)
                made[Path(os.fsdecode(path))] = still, RESULT.validate_json(result)
        return made

    def keep(self, path: Path, made: Made) -> None:
        state, result = made
        row = (os.fsencode(path), json.dumps(state), self._code, RESULT.dump_json(result).decode())
        with contextlib.suppress(OSError, sqlite3.Error):
            self.place.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as db, db:
                db.execute(SCHEMA)
                db.execute("INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?)", row)

    def _open(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self.place, timeout=10))

    @cached_property
    def _code(self) -> str:
        """Of the sources that make cards: another version of them may say something else of the same file."""
        here = Path(__file__).parent
        sources = (*sorted(here.glob("lora_*.py")), here / "front_matter.py", here / "records.py")
        return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
