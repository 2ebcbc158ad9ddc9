"""Compaction: the vectors that still belong to a record, written anew as the next generation of their file."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace

import numpy as np

from knowledge.data_folder import flush_names
from knowledge.vector_file import blocks
from knowledge.vector_index import Rows, VectorIndex

LEAST_BURIED = 1024
MOST_BYTES = 1 << 28
"""A write that happens upon a wasteful file waits for a copy of at most this, some tenths of a second; a larger file
waits for whoever asks."""


def wasteful(kept: Rows) -> bool:
    """
    Whether a write should compact the file: more than half of it is dead, and the other half soon copied.

    Then each dead row has paid for at most one live row's copy, however long a collection is written to.
    """
    return kept.buried > max(kept.live, LEAST_BURIED) and kept.live * kept.space.dim * 4 <= MOST_BYTES


def compact(index: VectorIndex, kept: Rows) -> None:
    """
    Within a write transaction: once it commits, readers use the new file; until then nothing refers to it.

    Whenever the process is killed one of the two files is whole, and the other is a stray.
    """
    slots, numbers = index.owners(kept)
    order = np.argsort(slots)
    after = replace(kept, generation=kept.generation + 1, written=len(slots), buried=0)
    rows = kept.file(index.folder).rows(kept.written)
    with after.file(index.folder).path.open("wb") as file:
        for block in blocks(rows, slots[order]):
            file.write(block.data)
        file.flush()
        os.fsync(file.fileno())
    flush_names(index.folder)
    index.renew(after, numbers[order].tolist())


def sweep(index: VectorIndex) -> None:
    """Within a write transaction, so that no other process is making a file just now."""
    for path in list(index.strays()):
        with suppress(PermissionError):  # where files in use cannot be removed, another sweep will find it
            path.unlink(missing_ok=True)
