"""What each step of the workflow buys: retrieval, a LoRA from its card, a control from a reference, drawing again.

Run as `python -m benchmarks.first_light`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from agent.redraw import redraw
from agent.settings import Settings
from agent.wish import Wish
from agent.workflow import draw
from agent.workshop import Workshop, open_workshop
from benchmarks.results import Row, mean, rate, write
from knowledge.picture import Picture
from picturebook.book import Book
from picturebook.edges import edge_f1, edges
from picturebook.judge import Judge
from picturebook.scene import Scene
from tools.call import Call

COMMAND = "python -m benchmarks.first_light"
AGAIN = (
    "a red house in a meadow",
    "a purple mushroom at night, stained glass",
    "a blue cat and a yellow star at sunset",
    "a toadstool in the snow",
)


@dataclass(frozen=True)
class Trial:
    """One workshop, one judge, and how many seeds each wish is drawn with."""

    workshop: Workshop
    judge: Judge
    seeds: int

    def pictures(self, wish: Wish) -> Iterator[Picture]:
        for seed in range(self.seeds):
            yield draw(self.workshop.bench, replace(wish, seed=seed), Call())

    def pixels(self, picture: Picture) -> np.ndarray:
        return np.asarray(self.workshop.bench.gallery.image(picture.id))

    def reads(self, wish: Wish, right: Callable[[Scene], bool]) -> list[bool]:
        drawn = np.stack([self.pixels(picture) for picture in self.pictures(wish)])
        return [right(scene) for scene in self.judge.read(drawn)]

    def retrieval(self) -> list[Row]:
        def mushroom(scene: Scene) -> bool:
            return any(thing.kind == "mushroom" for thing in scene.things)

        wish = Wish("a toadstool in the snow", "picturebook", 0)
        return [
            rate("FL1", "a toadstool in the snow: a mushroom, with retrieval", self.reads(wish, mushroom), 0.9),
            rate(
                "FL2", "the same with --no-retrieve", self.reads(replace(wish, retrieve=False), mushroom), 0.2, "lower"
            ),
        ]

    def style(self) -> list[Row]:
        def glass(scene: Scene) -> bool:
            return scene.style == "stained glass"

        wish = Wish("a purple mushroom at night, stained glass", "picturebook", 0)
        return [
            rate("FL3", "…, stained glass: the style, LoRA picked from its card", self.reads(wish, glass), 0.9),
            rate("FL4", "the same with --no-style", self.reads(replace(wish, style=False), glass), 0.1, "lower"),
        ]

    def control(self) -> list[Row]:
        """Edges of the reference that the workflow itself retrieved, in the pictures with and without it."""
        wish = Wish("a blue castle in a meadow", "picturebook", 0)
        guided = list(self.pictures(replace(wish, control="canny")))
        gallery = self.workshop.bench.gallery
        maps = [np.asarray(gallery.image(picture.recipe.controls[0].image_id))[..., 0] > 127 for picture in guided]
        free = list(self.pictures(wish))
        with_map = [edge_f1(edges(self.pixels(p)), m) for p, m in zip(guided, maps, strict=True)]
        without = [edge_f1(edges(self.pixels(p)), m) for p, m in zip(free, maps, strict=True)]
        return [
            mean("FL5", "edge F1 to the retrieved reference, --control canny", with_map, "F1", 0.7),
            mean("FL6", "the same without a control", without, "F1", 0.35, "lower"),
        ]

    def again(self) -> list[Row]:
        """Twenty pictures drawn again from their files by a workshop that has never seen them."""
        same: list[bool] = []
        for wish in AGAIN:
            for seed in range(max(1, round(self.seeds / 10))):
                first = draw(self.workshop.bench, Wish(wish, "picturebook", seed), Call())
                with opened() as stranger:
                    same.append(
                        bool(redraw(stranger.bench, self.workshop.bench.gallery.path(first.id), Call()).identical)
                    )
        return [rate("FL7", "pictures drawn again byte for byte from the file alone", same, 1.0, "equal")]


@contextmanager
def opened() -> Iterator[Workshop]:
    """A workshop with nothing in it but the starter set."""
    with tempfile.TemporaryDirectory() as folder:
        yield open_workshop(Settings(data=Path(folder)))


def measure(seeds: int) -> list[Row]:
    started = time.monotonic()
    with opened() as workshop:
        trial = Trial(workshop, Book().judge(), seeds)
        rows = [*trial.retrieval(), *trial.style(), *trial.control(), *trial.again()]
    for row in rows:
        print(f"{row.id} {row.value:.3f} [{row.low:.3f}, {row.high:.3f}] {row.what} {'' if row.met else 'MISSED'}")
    if seeds >= 50:
        write("first_light", COMMAND, time.monotonic() - started, rows)
    return rows


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, default=50, help="pictures a wish; results are kept from 50 on")
    measure(asked.parse_args().seeds)
