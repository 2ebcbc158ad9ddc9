"""Drawings kept on disk for training, made once, by every core."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from picturebook.drawing import draw
from picturebook.layouts import lesson
from picturebook.scene import SIZE, Scene, Style

Drawings = NDArray[np.uint8]
"""Shape (n, 128, 128, 3), RGB."""


@dataclass(frozen=True)
class Album:
    """`name` is its own: drawings of another world have another."""

    name: str
    scenes: tuple[Scene, ...]
    drawings: Drawings

    def __len__(self) -> int:
        return len(self.scenes)


def draw_many(scenes: Sequence[Scene]) -> Drawings:
    return np.stack([draw(scene) for scene in scenes])


def shares(scenes: Sequence[Scene], size: int = 250) -> Iterator[Sequence[Scene]]:
    return (scenes[start : start + size] for start in range(0, len(scenes), size))


def training_scenes(count: int, seed: int, style: Style = "plain") -> tuple[Scene, ...]:
    """Fixed by the seed."""
    rng = random.Random(f"album {style} {seed}")
    return tuple(lesson(rng, style) for _ in range(count))


def open_album(
    folder: Path, count: int, seed: int = 0, style: Style = "plain", say: Callable[[str], None] = print
) -> Album:
    """The album of that style, drawn if the folder does not hold it yet."""
    return kept_album(folder, f"{style.replace(' ', '-')}-{count}-{seed}", training_scenes(count, seed, style), say)


def kept_album(folder: Path, name: str, scenes: tuple[Scene, ...], say: Callable[[str], None] = print) -> Album:
    """Those scenes' album, drawn if the folder does not hold it yet, or holds one of an earlier world."""
    mark = hashlib.sha256(draw_many([scenes[0], scenes[-1]]).tobytes()).hexdigest()[:8]
    name = f"{name}-{mark}"
    path = folder / f"album-{name}.npy"
    if not path.exists():
        say(f"drawing {len(scenes)} pictures, {name}")
        folder.mkdir(parents=True, exist_ok=True)
        drawings = np.lib.format.open_memmap(
            path.with_suffix(".part"), mode="w+", dtype=np.uint8, shape=(len(scenes), SIZE, SIZE, 3)
        )
        with ProcessPoolExecutor() as pool:
            done = 0
            for made in pool.map(draw_many, shares(scenes)):
                drawings[done : done + len(made)] = made
                done += len(made)
        drawings.flush()
        path.with_suffix(".part").rename(path)
    return Album(name, scenes, np.load(path, mmap_mode="r"))
