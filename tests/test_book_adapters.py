"""The book's own ControlNets, as its training saves them, are found and read by the engine."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionControlNetPipeline
from PIL import Image, ImageChops

from agent.workshop import known_models
from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, Recipe
from picturebook.book import CONTROLS, Book, Control
from picturebook.drawing import draw
from picturebook.scene import Scene, Thing
from picturebook.training.control import build, holed, inpaint, scribble
from picturebook.training.parts import save
from tools.call import Call
from tools.engine.engine_renderer import EngineRenderer

SCENE = Scene((Thing("house", "red"),), "meadow", variation=3)
SKETCH, HOLE = (letter * 64 for letter in "ab")
PROMPT = "a red thing in a meadow"
STEPS = 2


def awake(module: torch.nn.Module, *names: str) -> None:
    """Untrained parts that give nothing yet give something."""
    torch.manual_seed(4)
    for name, parameter in module.named_parameters():
        if any(part in name for part in names):
            torch.nn.init.normal_(parameter, std=0.1)


@pytest.fixture(scope="module")
def models(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book's painter, with new ControlNets but one."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "pipeline").symlink_to(book / "models" / "pipeline")
    pipeline = Book().pipeline()
    for kind in CONTROLS[1:]:
        net = build(pipeline)
        awake(net, "controlnet_down_blocks", "controlnet_mid_block", "conv_out")
        save(net, Book(folder).controlnet_folder(kind))
    return folder


@pytest.fixture(scope="module")
def images() -> dict[str, Image.Image]:
    drawing, rng = draw(SCENE), random.Random(1)
    made = {SKETCH: scribble(SCENE, drawing, rng), HOLE: inpaint(SCENE, drawing, rng)}
    return {id: Image.fromarray(map) for id, map in made.items()}


@pytest.fixture(scope="module")
def renderer(models: Path, images: dict[str, Image.Image]) -> EngineRenderer:
    return EngineRenderer(images.__getitem__, lambda sha256: Path(sha256), known_models(models), "cpu")


def recipe(**changes: Any) -> Recipe:
    return Recipe.model_validate({"prompt": PROMPT, "seed": 5, "num_inference_steps": STEPS, **changes})


def test_only_what_lies_beside_the_painter_is_offered(renderer: EngineRenderer, models: Path, tmp_path: Path) -> None:
    assert sorted(renderer.controls("picturebook")) == ["depth", "inpaint", "scribble", "tile"]
    (tmp_path / "pipeline").symlink_to(models / "pipeline")
    bare = EngineRenderer(renderer.images, renderer.lora_path, known_models(tmp_path), "cpu")
    assert bare.controls("picturebook") == ()
    with pytest.raises(TryAgain, match="no 'scribble' ControlNet for 'picturebook'"):
        bare.render(recipe(controls=[ControlUse(kind="scribble", image_id=SKETCH)]), Call())


@pytest.mark.parametrize(("kind", "image_id"), [("scribble", SKETCH), ("inpaint", HOLE)])
def test_a_map_is_followed_as_it_was_trained_to_be(
    renderer: EngineRenderer, models: Path, images: dict[str, Image.Image], kind: Control, image_id: str
) -> None:
    book = Book(models)
    pipeline = StableDiffusionControlNetPipeline(**book.pipeline().components, controlnet=book.controlnet(kind))
    read = torch.from_numpy(np.array(images[image_id])).permute(2, 0, 1)[None].float() / 255
    followed = renderer.render(recipe(controls=[ControlUse(kind=kind, image_id=image_id)]), Call()).image
    assert difference(followed, painted(pipeline, image=holed(read) if kind == "inpaint" else read)) <= 1
    assert difference(followed, renderer.render(recipe(), Call()).image) > 8


def painted(pipeline: Any, **images: Any) -> Image.Image:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        PROMPT, num_inference_steps=STEPS, guidance_scale=4.0, generator=torch.Generator().manual_seed(5), **images
    ).images[0]


def difference(one: Image.Image, other: Image.Image) -> int:
    return int(np.asarray(ImageChops.difference(one, other)).max())
