"""The header of a safetensors file: its metadata and the shapes of its tensors, which themselves are never read."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from knowledge.problems import TryAgain

HEADER_LIMIT = 8 << 20
"""Bytes. Real headers, tag counts and a thumbnail included, stay below; parsing more is work for an attacker."""
ZIP = b"PK\x03\x04"
PICKLE = "a pickled file, which can run code when opened: use a .safetensors LoRA"
OTHERS = (
    (b"\x80\x02", PICKLE),
    (b"\x80\x03", PICKLE),
    (b"\x80\x04", PICKLE),
    (b"\x80\x05", PICKLE),
    (b"GGUF", "a GGUF file: use the LoRA's .safetensors file"),
    (b"version https://git-lfs", "a Git LFS pointer and not the file itself: fetch it with 'git lfs pull'"),
)
"""How other files begin that bear a LoRA's name, and what they are."""


@dataclass(frozen=True)
class Header:
    metadata: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]


def read_header(path: Path) -> Header:
    """Raises `TryAgain` if the file is missing, empty, damaged, or of another format; the message names no path."""
    with _opened(path) as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  no mapping
        return Header(file.metadata() or {}, shapes)


def read_metadata(path: Path) -> Mapping[str, str]:
    """Of a file whose whole header was found sound; raises as `read_header` does."""
    with _opened(path) as file:
        return file.metadata() or {}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        _refuse_others(path)
        with safe_open(path, framework="numpy") as file:
            yield file
    except OSError as error:
        raise unreadable(path, error.strerror or "an input error") from error
    except SafetensorError as error:
        raise _damaged(path) from error


def unreadable(path: Path, why: str) -> TryAgain:
    return TryAgain(f"The LoRA file {path.name!r} cannot be read ({why}): check the file.")


def _damaged(path: Path) -> TryAgain:
    return TryAgain(f"The LoRA file {path.name!r} is damaged or not safetensors: get it again.")


def _refuse_others(path: Path) -> None:
    """Raise `TryAgain` for what is clearly no safetensors file, before any parser sees it."""
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise unreadable(path, "a folder or device is no file")
    with path.open("rb") as file:
        start = file.read(128)
    if not start:
        raise TryAgain(f"The LoRA file {path.name!r} is empty: get it again.")
    length = int.from_bytes(start[:8], "little")
    if length > min(info.st_size, HEADER_LIMIT) and (what := _other(start)):
        raise TryAgain(f"{path.name!r} is {what}.")
    if len(start) < 8 or length > info.st_size:
        raise _damaged(path)
    if length > HEADER_LIMIT:
        raise TryAgain(f"The LoRA file {path.name!r} has a header of more than {HEADER_LIMIT >> 20} MB: refused.")


def _other(start: bytes) -> str:
    """What a file that cannot be safetensors is, or nothing if its beginning does not tell."""
    if start.startswith(ZIP):  # torch.save writes a zip, the pickle first
        return PICKLE if b"data.pkl" in start else "a zip archive: unpack it and keep the .safetensors file inside"
    return next((what for magic, what in OTHERS if start.startswith(magic)), "")
