"""What diffusers' own pipelines make of a recipe, one picture alone: what the engine is held to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoPipelineForImage2Image,
    AutoPipelineForInpainting,
    AutoPipelineForText2Image,
    ControlNetModel,
    DiffusionPipeline,
)

from knowledge.recipe import Recipe
from tools.engine.quiet import quiet
from tools.engine.schedulers import scheduler_for


def alone(
    model: DiffusionPipeline, recipe: Recipe, images: Mapping[str, Any], net: Path, adapter: Path | None = None
) -> torch.Tensor:
    """
    The last latents. `images` are at the recipe's size; one to start from may be latents. `net` is the folder of the
    ControlNet it follows, `adapter` that of the IP-Adapter its references are read with.
    """
    changes: dict[str, Any] = {"scheduler": scheduler_for(recipe.scheduler, model.scheduler, True)}
    asked: dict[str, Any] = {
        "prompt": recipe.prompt,
        "negative_prompt": recipe.negative_prompt or None,
        "num_inference_steps": recipe.num_inference_steps,
        "guidance_scale": recipe.guidance_scale,
        "width": recipe.width,
        "height": recipe.height,
        "generator": torch.Generator("cpu").manual_seed(recipe.seed),
        "output_type": "latent",
    }
    auto: Any = AutoPipelineForText2Image
    if recipe.init_image_id:
        auto = AutoPipelineForInpainting if recipe.mask_id else AutoPipelineForImage2Image
        asked |= {"image": images[recipe.init_image_id], "strength": recipe.strength}
    if recipe.mask_id:
        asked["mask_image"] = images[recipe.mask_id]
    if recipe.controls:
        changes["controlnet"] = [ControlNetModel.from_pretrained(net) for _ in recipe.controls]
        asked["control_image" if recipe.init_image_id else "image"] = [images[use.image_id] for use in recipe.controls]
        asked["controlnet_conditioning_scale"] = [use.conditioning_scale for use in recipe.controls]
        asked["control_guidance_start"] = [use.start for use in recipe.controls]
        asked["control_guidance_end"] = [use.end for use in recipe.controls]
    with quiet():
        pipeline = auto.from_pipe(model, **changes)
        pipeline.set_progress_bar_config(disable=True)
        if adapter is None or not recipe.references:
            return pipeline(**asked).images
        folders = [str(adapter) for _ in recipe.references]
        pipeline.load_ip_adapter(folders, subfolder="", weight_name=["ip_adapter.safetensors"] * len(folders))
        pipeline.set_ip_adapter_scale([use.scale for use in recipe.references])
        try:
            return pipeline(**asked, ip_adapter_image=[images[use.image_id] for use in recipe.references]).images
        finally:
            pipeline.unload_ip_adapter()


def decoded(model: Any, latents: torch.Tensor) -> torch.Tensor:
    """The picture in 0..1, not rounded."""
    with torch.no_grad():
        return model.vae.decode(latents.clone() / model.vae.config.scaling_factor).sample / 2 + 0.5
