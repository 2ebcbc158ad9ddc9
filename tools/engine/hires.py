"""The second pass over a picture: it is enlarged, made noisy again, and drawn on."""

from __future__ import annotations

import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from knowledge.recipe import Hires, Recipe
from tools.engine.finishing import decoded
from tools.engine.row import Row


def second(recipe: Recipe, hires: Hires) -> Recipe:
    """The second pass as a recipe of its own, but for what it starts from; it has the same seed."""
    width, height = recipe.drawn_size
    steps = hires.steps or recipe.num_inference_steps
    changes = {"width": width, "height": height, "num_inference_steps": steps, "strength": hires.strength}
    return recipe.model_copy(update=changes | {"hires": None})


def enlarged(row: Row, hires: Hires) -> Tensor | Image.Image:
    """What the first pass made: as latents of the larger size, or as a picture."""
    width, height = row.recipe.drawn_size
    if hires.upscaler == "lanczos":
        return decoded([row])[0].resize((width, height), Image.Resampling.LANCZOS)
    scale = row.model.pipeline.vae_scale_factor
    return F.interpolate(row.latents, (height // scale, width // scale), mode="bilinear")
