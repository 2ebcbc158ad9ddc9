"""The picture book's style LoRAs, trained by the code that users train with: `python -m benchmarks.style_loras`."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.training import learnt
from knowledge.data_folder import write_whole
from picturebook.book import HERE, Book
from picturebook.scene import TRIGGERS, Style
from picturebook.training.parts import ADAPTED
from picturebook.training.style import ABOUT, TAGS
from tools.train import Asked

PICTURES, STEPS, RANK = 2000, 500, 6


def train(style: Style, models: Path, pictures: int, steps: int) -> Path:
    """As many pictures as the book has of a style, and small enough to travel with it."""
    also = tuple(tag for tag in TAGS[style] if tag != style)
    asked = Asked(style, "picturebook", "style", TRIGGERS[style], also, ABOUT[style], steps=steps, rank=RANK, samples=0)
    with learnt(style, pictures, asked) as one:
        path = Book(models).lora(style)
        write_whole(path, one.trained.file.read_bytes())
    return path


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--style", action="append", choices=ADAPTED, help="all if none is named")
    asked.add_argument("--models", type=Path, default=HERE / "models", help="the book's models, or a copy")
    asked.add_argument("--pictures", type=int, default=PICTURES)
    asked.add_argument("--steps", type=int, default=STEPS)
    said = asked.parse_args()
    for style in said.style or ADAPTED:
        print(train(style, said.models, said.pictures, said.steps).name)


if __name__ == "__main__":
    main()
