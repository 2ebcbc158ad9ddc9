"""Vectors shaped like CLIP's, records with words as common as in English, and the exact answers to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from knowledge.base import Item
from knowledge.records import Lore
from knowledge.word_index import STOP_WORDS

CLUSTERS, VOCABULARY = 3000, 20_000
RARE, RARE_SHARE = "CC0", 0.01
"""The licence that one record in a hundred has."""
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class ClipLike:
    """
    Unit vectors around cluster centres, all in one narrow cone, as encoders of pictures and texts give them.

    Queries are of the same kind, or across the gap between texts and pictures (Liang et al. 2022): near a cluster, but
    all of them moved by one common vector.
    """

    count: int
    dim: int = 512
    seed: int = 0

    def rows(self, size: int = 5000) -> Iterator[Rows]:
        """All vectors, shape (n, dim), some at a time; the same each time."""
        for number, start in enumerate(range(0, self.count, size)):
            yield self._drawn(min(size, self.count - start), 1000 + number)

    def queries(self, count: int) -> Rows:
        return self._drawn(count, 1)

    def across(self, count: int) -> Rows:
        gap = np.random.default_rng((self.seed, 3)).normal(size=self.dim).astype(np.float32)
        return units(self._drawn(count, 2, noise=0.9) + 0.8 * gap / np.linalg.norm(gap))

    @cached_property
    def centres(self) -> Rows:
        shape = np.random.default_rng((self.seed, 0))
        cone = 1.2 * shape.normal(size=self.dim) / np.sqrt(self.dim)
        return (shape.normal(size=(CLUSTERS, self.dim)) / np.sqrt(self.dim) + cone).astype(np.float32)

    def _drawn(self, count: int, stream: int, noise: float = 0.6) -> Rows:
        random = np.random.default_rng((self.seed, stream))
        near = self.centres[random.integers(CLUSTERS, size=count)]
        return units(near + noise / np.sqrt(self.dim) * random.standard_normal((count, self.dim), np.float32))


def units(rows: NDArray[np.floating]) -> Rows:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def nearest(rows: Iterator[Rows], queries: Rows, limit: int) -> NDArray[np.int64]:
    """By arithmetic: the places of the `limit` rows of highest cosine for each query, best first."""
    cosines = np.concatenate([some @ queries.T for some in rows])
    best = np.argpartition(-cosines, limit, axis=0)[:limit]
    order = np.argsort(-np.take_along_axis(cosines, best, axis=0), axis=0, kind="stable")
    return np.take_along_axis(best, order, axis=0).T


def sentences(count: int, words: int, seed: int) -> list[str]:
    """Words by Zipf's law, of which the commonest are those every English text has."""
    ranks = np.arange(1, VOCABULARY + 1)
    frequency = 1 / (ranks + 2.7)
    vocabulary = [*sorted(STOP_WORDS), *(f"w{rank}" for rank in ranks)][:VOCABULARY]
    chosen = np.random.default_rng(seed).choice(VOCABULARY, size=(count, words), p=frequency / frequency.sum())
    return [" ".join(vocabulary[place] for place in row) for row in chosen.tolist()]


def items(data: ClipLike, space: str, words: int, size: int = 5000) -> Iterator[list[Item]]:
    """Records of so many words with their vectors; their ids are their places."""
    start = 0
    for rows in data.rows(size):
        said = sentences(len(rows), words, start)
        every = round(1 / RARE_SHARE)
        yield [
            Item(
                Lore(id=f"{n:07}", title=f"entry {n}", body=body, licence="MIT" if n % every else RARE, source="made"),
                {space: row},
            )
            for n, (body, row) in enumerate(zip(said, rows, strict=True), start)
        ]
        start += len(rows)
