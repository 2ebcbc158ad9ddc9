"""A preview is made from latents alone, and looks like the picture that they stand for."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionXLPipeline
from numpy.typing import NDArray
from PIL import Image

from knowledge.recipe import Recipe
from picturebook.book import Book
from picturebook.drawing import draw
from picturebook.scene import Style, any_scene
from tests import tiny_models
from tools.call import Call
from tools.engine.decoding import Coder
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.model_files import KnownModel
from tools.engine.previews import Previews


@pytest.fixture(scope="module")
def coder() -> Coder:
    return Coder(Book().autoencoder(), 8, False)


def _pixels(drawing: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(drawing).permute(2, 0, 1)[None] / 127.5 - 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("style", ["plain", "watercolour", "stained glass"])
def test_the_preview_of_a_drawing_looks_like_the_drawing(coder: Coder, style: Style, seed: int) -> None:
    drawing = draw(any_scene(random.Random(seed), style=style))
    preview = Previews(coder).image(coder.encode(_pixels(drawing), None))
    seen = np.array(preview, float)
    wanted = np.array(Image.fromarray(drawing).resize((16, 16), Image.Resampling.BOX), float)
    assert np.corrcoef(seen.ravel(), wanted.ravel())[0, 1] > 0.8
    assert np.abs(seen.mean((0, 1)) - wanted.mean((0, 1))).max() < 30


def test_a_preview_has_a_pixel_for_each_latent(coder: Coder) -> None:
    latents = torch.randn(1, 4, 8, 12, generator=torch.Generator().manual_seed(0))
    assert Previews(coder).image(latents).size == (12, 8)


def test_who_looks_sees_the_picture_come() -> None:
    book = KnownModel(str(Book().pipeline_folder), "picturebook", {}, 128)
    renderer = EngineRenderer({}.__getitem__, {}.__getitem__, {"picturebook": book}, "cpu")
    seen: list[Image.Image] = []
    recipe = Recipe(model="picturebook", prompt="a red house in the snow", num_inference_steps=8)
    image = renderer.render(recipe, Call(on_preview=seen.append)).image
    small = np.array(image.resize((16, 16), Image.Resampling.BOX), float)
    likeness = [np.corrcoef(np.array(preview, float).ravel(), small.ravel())[0, 1] for preview in seen]
    assert len(seen) == 8
    assert likeness[-1] > 0.9 > likeness[0]


def test_noise_beyond_all_colours_is_shown_as_the_nearest_colour(coder: Coder) -> None:
    preview = Previews(coder).image(torch.full((1, 4, 2, 2), 1e6))
    assert set(preview.tobytes()) <= {0, 255}


def test_any_autoencoder_will_do_and_is_asked_once(tmp_path: Path) -> None:
    pipeline = StableDiffusionXLPipeline.from_pretrained(tiny_models.sdxl(tmp_path / "sdxl"), dtype=torch.float16)
    previews = Previews(Coder.of(pipeline))
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)).half()
    first = previews.image(latents)
    pipeline.vae.encoder = None
    second = previews.image(latents)
    assert first.tobytes() == second.tobytes()
