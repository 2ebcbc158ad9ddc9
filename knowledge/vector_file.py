"""Unit vectors as rows of float32 in one append-only file, read through a memory map."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.data_folder import flush_names
from knowledge.problems import GiveUp

BLOCK = 1024
"""Rows picked at once: few enough to stay in the processor's cache until they are multiplied."""


class FileShort(GiveUp):
    """The file lacks rows its index names: it is damaged, or was compacted away after the index was read."""


@dataclass(frozen=True)
class VectorFile:
    """Row `slot` begins at byte `4 * dim * slot`. Which slots count is known only to whoever keeps the file."""

    path: Path
    dim: int

    def write(self, slot: int, vectors: NDArray[np.float32]) -> None:
        """Put rows, shape (n, dim), at `slot` and after, safely on the disk when this returns."""
        fresh = not self.path.exists()
        self.path.touch()
        with self.path.open("r+b") as file:
            file.seek(slot * self.dim * 4)
            file.write(np.ascontiguousarray(vectors, dtype="<f4").data)
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            flush_names(self.path.parent)

    def holds(self, written: int) -> bool:
        """Whether the file has its first `written` rows."""
        return not written or (self.path.is_file() and self.path.stat().st_size >= written * self.dim * 4)

    def rows(self, written: int) -> NDArray[np.float32]:
        """The first `written` rows, shape (written, dim), read from the disk as they are used."""
        if not written:
            return np.empty((0, self.dim), np.float32)
        try:
            if self.holds(written):
                return np.asarray(np.memmap(self.path, "<f4", "r", shape=(written, self.dim)))
        except FileNotFoundError:
            pass
        raise FileShort(f"The vector file {self.path.name!r} is shorter than its index says: restore its folder.")


def blocks(rows: NDArray[np.float32], slots: NDArray[np.int64], size: int = BLOCK) -> Iterator[NDArray[np.float32]]:
    """The rows at those slots, some at a time."""
    for start in range(0, len(slots), size):
        yield np.take(rows, slots[start : start + size], axis=0)


def products(
    rows: NDArray[np.float32], vector: NDArray[np.float32], slots: NDArray[np.int64] | None
) -> NDArray[np.float32]:
    """The dot product of `vector` with the row at each slot, or with all."""
    if slots is None:
        return rows @ vector
    # Picking rows copies them: where a good part is wanted, reading the map straight through is faster.
    if 4 * len(slots) > len(rows):
        return (rows @ vector)[slots]
    return np.concatenate([np.empty(0, np.float32), *(block @ vector for block in blocks(rows, slots))])
