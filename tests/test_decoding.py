"""Latents become the pipelines' own pictures, pictures become their latents, and the autoencoder stays as it was."""

from __future__ import annotations

import copy
import random
from typing import Any, cast

import numpy as np
import pytest
import torch
from diffusers import (
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLPipeline,
)
from diffusers.image_processor import VaeImageProcessor
from numpy.typing import NDArray
from PIL import Image

from picturebook.book import Book
from picturebook.drawing import draw
from picturebook.scene import any_scene
from tests import tiny_models
from tools.engine.decoding import Coder


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """`normed` is an SDXL with statistics of its latents, `kl` an SD 1.x with the autoencoder that they mostly have."""
    folder = tmp_path_factory.mktemp("models")
    sdxl = StableDiffusionXLPipeline.from_pretrained(tiny_models.sdxl(folder / "sdxl"))
    normed = StableDiffusionXLPipeline(**{**sdxl.components, "vae": copy.deepcopy(sdxl.vae)})
    normed.vae.register_to_config(latents_mean=[0.1, -0.2, 0.3, 0.4], latents_std=[0.9, 1.1, 1.2, 0.8])
    sd15 = StableDiffusionPipeline.from_pretrained(tiny_models.sd15(folder / "sd15"), safety_checker=None)
    kl = StableDiffusionPipeline(**{**sd15.components, "vae": sdxl.vae}, requires_safety_checker=False)
    pipelines = {"sd15": sd15, "sdxl": sdxl, "normed": normed, "kl": kl, "picturebook": Book().pipeline()}
    for pipeline in pipelines.values():
        pipeline.set_progress_bar_config(disable=True)
    return pipelines


def _half(pipeline: Any) -> Any:
    """The same in half precision, of other modules."""
    parts = copy.deepcopy(pipeline.components).items()
    half = type(pipeline)(**{name: part.half() if isinstance(part, torch.nn.Module) else part for name, part in parts})
    half.set_progress_bar_config(disable=True)
    return half


def _drawn(pipeline: Any, output: str) -> Any:
    generator = torch.Generator().manual_seed(0)
    given = {"num_inference_steps": 1, "height": 64, "width": 64}
    return pipeline("a fox", generator=generator, output_type=output, **given).images


def _picture() -> torch.Tensor:
    return _pixels(np.array(Image.effect_mandelbrot((64, 64), (-2, -1, 1, 1), 20).convert("RGB")))


def _pixels(picture: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1


def _shades(image: Image.Image) -> NDArray[np.int16]:
    return np.array(image, np.int16)


# --- from latents


@pytest.mark.parametrize("shape", ["sd15", "kl", "sdxl", "normed", "picturebook"])
def test_latents_become_the_pipelines_own_picture(pipelines: dict[str, Any], shape: str) -> None:
    latents, (picture,) = (_drawn(pipelines[shape], output) for output in ("latent", "pil"))
    (ours,) = Coder.of(pipelines[shape]).decode(latents)
    assert (ours.mode, ours.size) == ("RGB", (64, 64))
    assert ours.tobytes() == picture.tobytes()
    assert len(set(ours.tobytes())) > 8


@pytest.mark.parametrize("shape", ["sd15", "sdxl"])
def test_several_are_decoded_as_each_alone(pipelines: dict[str, Any], shape: str) -> None:
    coder = Coder.of(pipelines[shape])
    latents = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    for together, one in zip(coder.decode(latents), latents.split(1), strict=True):
        assert np.abs(_shades(together) - _shades(coder.decode(one)[0])).max() <= 1


def test_an_autoencoder_that_overflows_in_half_precision_works_in_single(pipelines: dict[str, Any]) -> None:
    half = _half(pipelines["sdxl"])
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)).half()
    with torch.no_grad():
        # sums that half precision has no room for, as inside the published autoencoder of SDXL
        half.vae.decoder.conv_in.weight *= 6e4 / half.vae.decoder.conv_in.weight.abs().max()
        assert not half.vae.decode(latents / half.vae.config.scaling_factor).sample.isfinite().all()
    coder = Coder.of(half)
    wide = Coder(copy.deepcopy(half.vae).float(), coder.scale, False)
    assert coder.decode(latents)[0].tobytes() == wide.decode(latents.float())[0].tobytes()
    assert half.vae.dtype == torch.float16


def test_stable_diffusion_1_decodes_in_half_precision_as_its_pipeline_does(pipelines: dict[str, Any]) -> None:
    half = _half(pipelines["kl"])
    assert half.vae.config.force_upcast
    latents, (picture,) = (_drawn(half, output) for output in ("latent", "pil"))
    assert Coder.of(half).decode(latents)[0].tobytes() == picture.tobytes()


def test_a_large_picture_is_decoded_in_strips_and_shows_none(pipelines: dict[str, Any]) -> None:
    coder, seen = Coder.of(pipelines["sdxl"]), list[int]()
    hook = coder.vae.decoder.register_forward_pre_hook(lambda decoder, args: seen.append(len(args[0])))
    large = torch.randn(2, 4, 8, 193, generator=torch.Generator().manual_seed(0))
    (first, second), expected = coder.decode(large), large.split(1)
    hook.remove()
    assert seen == [], "it was not decoded whole"
    for ours, one in zip((first, second), expected, strict=True):
        whole = Image.frombytes("RGB", ours.size, _plain(coder, one, tiles=False))
        assert np.abs(_shades(ours) - _shades(whole)).max() <= 1


def test_only_a_large_picture_is_decoded_in_tiles_where_strips_cannot_be(pipelines: dict[str, Any]) -> None:
    coder = Coder.of(pipelines["sd15"])
    large = torch.randn(1, 4, 8, 193, generator=torch.Generator().manual_seed(0))
    small = large[..., :192]
    whole, tiled = _plain(coder, large, tiles=False), _plain(coder, large, tiles=True)
    assert coder.decode(large)[0].tobytes() == tiled != whole
    assert coder.decode(small)[0].tobytes() == _plain(coder, small, tiles=False)
    assert coder.decode(small, tiled=True)[0].tobytes() == _plain(coder, small, tiles=True)
    assert not coder.vae.use_tiling


@torch.no_grad()
def _plain(coder: Coder, latents: torch.Tensor, tiles: bool) -> bytes:
    """What diffusers makes of them."""
    vae = copy.deepcopy(coder.vae)
    vae.use_tiling = tiles
    decoded = vae.decode(latents / vae.config.scaling_factor).sample
    (image,) = cast(list[Image.Image], VaeImageProcessor().postprocess(decoded, "pil"))
    return image.tobytes()


# --- from pictures


@pytest.mark.parametrize("shape", ["sd15", "kl", "picturebook"])
def test_a_picture_becomes_the_latents_of_inpainting(pipelines: dict[str, Any], shape: str) -> None:
    inpainting: Any = StableDiffusionInpaintPipeline(**pipelines[shape].components, requires_safety_checker=False)
    ours, theirs = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    with torch.no_grad():
        expected = inpainting._encode_vae_image(_picture(), theirs)
    assert torch.equal(Coder.of(pipelines[shape]).encode(_picture(), ours), expected)
    # the noise drawn after it is the same noise
    assert torch.equal(ours.get_state(), theirs.get_state())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
@pytest.mark.parametrize("shape", ["sdxl", "normed"])
def test_a_picture_becomes_the_latents_of_sdxl(pipelines: dict[str, Any], shape: str, dtype: torch.dtype) -> None:
    pipeline = _half(pipelines[shape]) if dtype == torch.float16 else pipelines[shape]
    from_image: Any = StableDiffusionXLImg2ImgPipeline(**pipeline.components)
    with torch.no_grad():
        chance = torch.Generator().manual_seed(3)
        expected = from_image.prepare_latents(_picture(), None, 1, 1, dtype, "cpu", chance, add_noise=False)
    ours = Coder.of(pipeline).encode(_picture(), torch.Generator().manual_seed(3))
    assert ours.dtype == dtype
    assert torch.equal(ours, expected)


def test_without_chance_a_picture_has_its_likeliest_latents(pipelines: dict[str, Any]) -> None:
    coder = Coder.of(pipelines["kl"])
    first, second = (coder.encode(_picture(), None) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, coder.encode(_picture(), torch.Generator().manual_seed(3)))


def test_a_picture_comes_back_from_its_latents(pipelines: dict[str, Any]) -> None:
    coder = Coder.of(pipelines["picturebook"])
    drawing = draw(any_scene(random.Random(4)))
    (back,) = coder.decode(coder.encode(_pixels(drawing), None))
    assert np.abs(_shades(back) - drawing).mean() < 12
