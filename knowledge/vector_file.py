"""Unit vectors as rows of float32 in one append-only file, searched exactly through a memory map."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.problems import GiveUp


@dataclass(frozen=True)
class VectorFile:
    """Row `slot` begins at byte `4 * dim * slot`. Which slots count is known only to whoever keeps the file."""

    path: Path
    dim: int

    def write(self, slot: int, vectors: NDArray[np.float32]) -> None:
        """Put rows, shape (n, dim), at `slot` and after, safely on the disk when this returns."""
        self.path.touch()
        with self.path.open("r+b") as file:
            file.seek(slot * self.dim * 4)
            file.write(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
            file.flush()
            os.fsync(file.fileno())

    def holds(self, written: int) -> bool:
        """Whether the file has its first `written` rows."""
        return not written or (self.path.is_file() and self.path.stat().st_size >= written * self.dim * 4)

    def scores(self, vector: NDArray[np.float32], slots: NDArray[np.int64], written: int) -> NDArray[np.float32]:
        """The dot product of `vector` with the row at each slot; `written` is how many rows are known to be good."""
        if not len(slots):
            return np.empty(0, np.float32)
        if not self.holds(written):
            raise GiveUp(f"The vector file {self.path.name!r} is shorter than its index says: restore its folder.")
        rows = np.memmap(self.path, "<f4", "r", shape=(written, self.dim))
        # Picking rows copies them; where most are wanted, reading the map straight through is faster.
        return (rows @ vector)[slots] if len(slots) * 2 > written else rows[slots] @ vector
