"""How a collection's name and its folder go together, also when somebody renames the folder or drops one in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from knowledge.collection_database import FILE
from knowledge.problems import TryAgain

PLAIN = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d)$)[a-z0-9][a-z0-9_-]{0,62}")
"""Names that are folders as they stand; some others name devices on Windows."""
HIDDEN = "."
"""How the folders begin that are not collections: one on its way in, or one on its way out."""


def slug(name: str) -> str:
    """The folder of a collection: its name if plain, else what is plain of it, a dot and a short hash."""
    if PLAIN.fullmatch(name):
        return name
    if not name.strip() or not name.isprintable() or "/" in name or len(name) > 200:
        raise TryAgain(f"{name[:60]!r} cannot name a collection: use 1 to 200 printable characters and no '/'.")
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-")
    return f"{plain or 'collection'}.{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def called(folder: Path, name: str) -> str:
    """The name of the collection in a folder: the one it was made with, unless the folder was given another."""
    return name if slug(name) == folder.name else folder.name


def folders(root: Path) -> Iterator[Path]:
    """Those that may hold a collection, by name."""
    there = (path.parent for path in root.glob(f"*/{FILE}"))
    return (folder for folder in sorted(there) if not folder.name.startswith(HIDDEN))


def folder_of(root: Path, name: str) -> Path:
    """Where the collection of this name is, or would be."""
    usual = root / slug(name)
    renamed = (folder for folder in folders(root) if folder.name == name)
    return usual if usual.exists() else next(renamed, usual)
