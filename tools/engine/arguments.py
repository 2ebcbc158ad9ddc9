"""From a recipe to the arguments of a diffusers pipeline, and a refusal for what a pipeline cannot do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from diffusers import DiffusionPipeline
from PIL import Image, ImageOps

from knowledge.problems import TryAgain
from knowledge.recipe import Hires, Recipe

LARGEST = 4096
"""Pixels a side, as for a recipe's own."""


def call_arguments(pipeline: DiffusionPipeline, recipe: Recipe, images: Callable[[str], Image.Image]) -> dict[str, Any]:
    """Those that this pipeline takes; a negative prompt that would be ignored is refused."""
    asked = {
        "prompt": recipe.prompt,
        "negative_prompt": recipe.negative_prompt or None,
        **_image_arguments(recipe, images),
        "width": recipe.width,
        "height": recipe.height,
        "num_inference_steps": recipe.num_inference_steps,
        "guidance_scale": recipe.guidance_scale,
        # on the CPU whatever the device: the same noise everywhere
        "generator": torch.Generator("cpu").manual_seed(recipe.seed),
    }
    taken = inspect.signature(type(pipeline).__call__).parameters
    if recipe.clip_skip:
        raise TryAgain(f"{recipe.model!r} does not skip layers of its text encoder: set clip_skip to 0.")
    if recipe.negative_prompt and "negative_prompt" not in taken:
        raise TryAgain(f"{recipe.model!r} takes no negative prompt: leave it empty.")
    return {name: value for name, value in asked.items() if name in taken}


def refuse_what_pipelines_cannot(recipe: Recipe) -> None:
    """What the engine does in its own loop, and nothing else here can."""
    asked = {
        "repaint a masked part": ("mask_id", recipe.mask_id),
        "follow reference pictures": ("references", recipe.references),
        "draw a second pass": ("hires", recipe.hires),
        "weight a LoRA by blocks": ("their blocks", any(use.blocks for use in recipe.loras)),
    }
    for what, (name, wanted) in asked.items():
        if wanted:
            raise TryAgain(f"{recipe.model!r} cannot {what}: leave {name} out.")


def refuse_what_draws_nothing(recipe: Recipe) -> None:
    if recipe.init_image_id and recipe.num_inference_steps * recipe.strength < 1:
        raise TryAgain(f"A strength of {recipe.strength} leaves no step to draw: raise it or num_inference_steps.")
    if recipe.mask_id and not recipe.init_image_id:
        raise TryAgain("A mask_id needs a picture to repaint: give its init_image_id too.")
    for use in recipe.controls:
        if use.start >= use.end:
            raise TryAgain(f"The {use.kind!r} control must start before it ends, not at {use.start} and {use.end}.")
    if recipe.hires is not None:
        _refuse_hires(recipe, recipe.hires)


def _refuse_hires(recipe: Recipe, hires: Hires) -> None:
    if recipe.init_image_id:
        raise TryAgain("A second pass follows a picture drawn from nothing: leave out the one to start from, or hires.")
    if (hires.steps or recipe.num_inference_steps) * hires.strength < 1:
        raise TryAgain(f"A strength of {hires.strength} leaves no step for the second pass: raise it, or its steps.")
    if max(recipe.drawn_size) > LARGEST:
        size = "x".join(map(str, recipe.drawn_size))
        raise TryAgain(f"The second pass would draw {size} pixels: lower its scale, {LARGEST} a side is the most.")


def refuse_size(pipeline: DiffusionPipeline, recipe: Recipe) -> None:
    """Autoencoders shrink by their scale; transformers then read patches, of two or more in all we know."""
    grain: int = getattr(pipeline, "vae_scale_factor", 8)
    transformer = getattr(pipeline, "transformer", None)
    if transformer is not None:
        patch = transformer.config.get("patch_size", 2)
        grain *= max(2, patch) if isinstance(patch, int) else 2
    if recipe.width % grain or recipe.height % grain:
        size = f"{recipe.width}x{recipe.height}"
        raise TryAgain(f"{recipe.model!r} draws sizes that are a multiple of {grain}, not {size}: change it.")


def _image_arguments(recipe: Recipe, images: Callable[[str], Image.Image]) -> dict[str, Any]:
    """The images a picture starts from or follows, at its size, under the names pipelines have for them."""

    def sized(image_id: str) -> Image.Image:
        size = (recipe.width, recipe.height)
        return ImageOps.fit(images(image_id).convert("RGB"), size, Image.Resampling.LANCZOS)

    given: dict[str, Any] = {}
    if recipe.init_image_id:
        given |= {"image": sized(recipe.init_image_id), "strength": recipe.strength}
    if recipe.controls:
        columns = {
            "control_image" if recipe.init_image_id else "image": [sized(use.image_id) for use in recipe.controls],
            "controlnet_conditioning_scale": [use.conditioning_scale for use in recipe.controls],
            "control_guidance_start": [use.start for use in recipe.controls],
            "control_guidance_end": [use.end for use in recipe.controls],
        }
        several = len(recipe.controls) > 1
        given |= {name: column if several else column[0] for name, column in columns.items()}
    return given
