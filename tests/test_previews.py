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

from picturebook.book import Book
from picturebook.drawing import draw
from picturebook.scene import Style, any_scene
from tests import tiny_models
from tools.engine.decoding import Coder
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
    (preview,) = Previews(coder).images(coder.encode(_pixels(drawing), None))
    seen = np.array(preview, float)
    wanted = np.array(Image.fromarray(drawing).resize((16, 16), Image.Resampling.BOX), float)
    assert np.corrcoef(seen.ravel(), wanted.ravel())[0, 1] > 0.8
    assert np.abs(seen.mean((0, 1)) - wanted.mean((0, 1))).max() < 30


def test_previews_of_a_batch_are_those_of_its_rows(coder: Coder) -> None:
    previews = Previews(coder)
    latents = torch.randn(3, 4, 8, 12, generator=torch.Generator().manual_seed(0))
    images = previews.images(latents)
    assert [image.size for image in images] == [(12, 8)] * 3
    assert [image.tobytes() for image in images] == [previews.images(one)[0].tobytes() for one in latents.split(1)]
    assert images[0].tobytes() != images[1].tobytes()


def test_noise_beyond_all_colours_is_shown_as_the_nearest_colour(coder: Coder) -> None:
    (preview,) = Previews(coder).images(torch.full((1, 4, 2, 2), 1e6))
    assert set(preview.tobytes()) <= {0, 255}


def test_any_autoencoder_will_do_and_is_asked_once(tmp_path: Path) -> None:
    pipeline = StableDiffusionXLPipeline.from_pretrained(tiny_models.sdxl(tmp_path / "sdxl"), dtype=torch.float16)
    previews = Previews(Coder.of(pipeline))
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)).half()
    (first,) = previews.images(latents)
    pipeline.vae.encoder = None
    (second,) = previews.images(latents)
    assert first.tobytes() == second.tobytes()
