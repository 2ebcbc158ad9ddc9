"""Files that are either whole or not there, however the process that writes them ends."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from knowledge.problems import GiveUp


def write_whole(path: Path, data: bytes) -> None:
    """Write beside `path`, flush to the disk, then rename over it. Raises `GiveUp` if the disk or folder refuses."""
    beside = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        flush_names(path.parent)
    except OSError as error:
        raise GiveUp(
            f"{path.name!r} could not be written ({error.strerror or error}): free some space or choose another folder."
        ) from error


def flush_names(folder: Path) -> None:
    """Make files that were created, renamed or removed in the folder so on the disk."""
    if os.name == "nt":  # a folder cannot be opened there, and the rename is durable without it
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
