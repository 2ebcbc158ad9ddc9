"""A small workplace for trainings: a tiny random model, a folder of pictures, and everything a trainer works with."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.lora_files import LoraShelf
from tests import tiny_models
from tests.small_clip import save_small_clip
from tools.call import Call
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.model_files import KnownModel
from tools.render import PictureRenderer
from tools.train import Asked, LoraTrainer
from tools.training.school import School

MODEL = "picturebook"
"""What the tiny model is called, so that it has a family."""
COLOURS = ("red", "green", "blue", "yellow", "purple")


def models(folder: Path) -> Path:
    """The models every training of a test shares."""
    tiny_models.sd15(folder / "sd15")
    save_small_clip(folder / "clip")
    return folder


def pictures(folder: Path, count: int = 5) -> Path:
    folder.mkdir()
    for number, colour in enumerate(COLOURS[:count]):
        image = Image.new("RGB", (80, 64), "white")
        ImageDraw.Draw(image).ellipse((10, 10, 50, 50), fill=colour)
        image.save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(f"a {colour} ball (large)", "utf-8")
    return folder


def trainer(
    models: Path, folder: Path, model: Path | None = None, family: str = "picturebook", **more: Any
) -> LoraTrainer:
    gallery = Gallery(folder / "gallery")
    shelf = LoraShelf(
        (folder / "loras",), elsewhere=lambda sha256: sorted((folder / "training").glob("*/*.safetensors"))
    )
    known = {MODEL: KnownModel(str(model or models / "sd15"), family, {}, 64)}
    clip = ClipEmbedder(str(models / "clip"))
    ingester = Ingester(EmbeddedBase(folder / "base"), Encoders(clip, clip), gallery.image)
    painter = PictureRenderer(EngineRenderer(gallery.image, shelf.path, known, "cpu"), gallery, shelf=shelf)
    made = LoraTrainer(folder / "training", folder / "loras", lambda: School(known, "cpu"), ingester, painter, shelf)
    return replace(made, **more)


def small(name: str = "balls", **more: Any) -> Asked:
    usual = {"name": name, "model": MODEL, "steps": 6, "rank": 2, "batch": 2, "learning_rate": 0.01, "samples": 0}
    return Asked(**{**usual, **more})


def main(models: Path, folder: Path, source: Path) -> None:
    """Trains in this process until after step 8, and then waits to be killed."""

    def on_progress(done: int, total: int) -> None:
        if done == 8:
            print(done, flush=True)
            sys.stdin.read()

    trainer(models, folder, every=3600).train(source, small(steps=24), Call(on_progress))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
