"""How much is read of anything: the one table of limits, and which file is read as what."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from knowledge.problems import TryAgain

Kind = Literal["text", "markdown", "pdf", "html", "feed", "table", "image", "lora"]
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys((".txt", ".text", ".rst"), "text"),
        **dict.fromkeys((".md", ".markdown"), "markdown"),
        **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
        **dict.fromkeys((".rss", ".atom", ".xml"), "feed"),
        **dict.fromkeys((".csv", ".tsv", ".jsonl", ".ndjson"), "table"),
        **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"), "image"),
        **dict.fromkeys((".safetensors", ".ckpt", ".pt", ".pth"), "lora"),
        ".pdf": "pdf",
    }
)
"""By the suffix in lower case."""
MB = 2**20


@dataclass(frozen=True)
class Limits:
    """`bytes` of one file by its kind; `memory` (bytes) and `seconds` are of the process that parses a document."""

    bytes: Mapping[Kind, int] = field(
        default_factory=lambda: {
            "text": 16 * MB,
            "markdown": 16 * MB,
            "html": 16 * MB,
            "feed": 16 * MB,
            "table": 64 * MB,
            "pdf": 256 * MB,
            "image": 256 * MB,
            "lora": 16 * 1024 * MB,
        }
    )
    characters: int = 5_000_000
    pieces: int = 20_000
    rows: int = 200_000
    pages: int = 2_000
    posts: int = 1_000
    files: int = 500_000
    seconds: float = 60
    memory: int = 1024 * MB
    download: int = 64 * MB
    download_seconds: float = 60
    redirects: int = 5


def kind_of(path: Path) -> Kind:
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise TryAgain(
            f"Files of the type {path.suffix[:20]!r} are not read: convert it to text, Markdown, PDF or PNG."
        )
    return kind


def opened(path: Path, most: int) -> BufferedReader:
    """The file for reading. Raises `TryAgain` if it is no plain file, empty, or of more than so many bytes."""
    try:
        # A pipe or device must neither keep us waiting nor be read without end.
        file = os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb")
    except OSError as error:
        raise TryAgain(f"{path.name!r} cannot be read ({error.strerror}): check that it is there.") from error
    about = os.fstat(file.fileno())
    why = refusal(about.st_mode, about.st_size, most)
    if why:
        file.close()
        raise TryAgain(f"{path.name!r} {why}.")
    return file


def refusal(mode: int, size: int, most: int) -> str:
    if not stat.S_ISREG(mode):
        return "is not a plain file: give a file of text, pictures, records or weights"
    if not size:
        return "is empty: write something into it"
    return f"has {size:,} bytes, more than the {most:,} that are read: split it" if size > most else ""


def content(path: Path, most: int) -> bytes:
    """The whole file; raises `TryAgain` as `opened` does, also if it grows meanwhile."""
    with opened(path, most) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise TryAgain(f"{path.name!r} grows beyond the {most:,} bytes that are read: split it.")
    return data
