"""Nothing is encoded twice by the same encoder, and a lost cache loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from knowledge.encoding_cache import CachedEmbedder, EncodingCache


@dataclass(frozen=True)
class Counting:
    """Turns lengths and brightness into vectors, and remembers what it was asked."""

    fingerprint: str = "counting"
    dim: int = 2
    asked: list[object] = field(default_factory=list)

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.extend(texts)
        return np.array([[len(text), 1] for text in texts], np.float32).reshape(-1, 2)

    def images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.asked.extend(images)
        return np.array([[np.asarray(image).mean(), 1] for image in images], np.float32).reshape(-1, 2)


def test_only_what_is_new_is_encoded_and_the_order_holds(tmp_path: Path) -> None:
    counting = Counting()
    cached = CachedEmbedder(counting, EncodingCache(tmp_path / "made.sqlite"))
    assert cached.texts(["one", "three", "one"]).tolist() == [[3, 1], [5, 1], [3, 1]]
    again = CachedEmbedder(counting, EncodingCache(tmp_path / "made.sqlite"))
    assert again.texts(["three", "seven!"]).tolist() == [[5, 1], [6, 1]]
    assert sorted(map(str, counting.asked)) == ["one", "seven!", "three"]
    assert again.texts([]).shape == (0, 2)


def test_another_encoder_shares_nothing(tmp_path: Path) -> None:
    cache, other = EncodingCache(tmp_path / "made.sqlite"), Counting("another")
    CachedEmbedder(Counting(), cache).texts(["one"])
    CachedEmbedder(other, cache).texts(["one"])
    assert other.asked == ["one"]


def test_pictures_are_known_by_their_pixels(tmp_path: Path) -> None:
    counting = Counting()
    cached = CachedEmbedder(counting, EncodingCache(tmp_path / "made.sqlite"))
    for colour in ("red", "red", "blue"):
        cached.images([Image.new("RGB", (4, 4), colour)])
    assert len(counting.asked) == 2


def test_a_damaged_cache_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "made.sqlite"
    path.write_bytes(b"no database" * 100)
    assert CachedEmbedder(Counting(), EncodingCache(path)).texts(["one"]).tolist() == [[3, 1]]
    folder = EncodingCache(tmp_path)
    assert CachedEmbedder(Counting(), folder).texts(["one"]).tolist() == [[3, 1]]
