"""The `parameters` text of AUTOMATIC1111's web UI, which most other tools read; it knows nothing about files."""

from __future__ import annotations

import json
from collections.abc import Mapping

from knowledge import lora_blocks
from knowledge.picture import Provenance
from knowledge.recipe import LoraUse, Recipe, Scheduler, Upscaler

SAMPLERS: dict[Scheduler, tuple[str, str]] = {
    "ddim": ("DDIM", "Automatic"),
    "dpmpp_2m": ("DPM++ 2M", "Uniform"),
    "dpmpp_2m_karras": ("DPM++ 2M", "Karras"),
    "dpmpp_sde": ("DPM++ SDE", "Uniform"),
    "euler": ("Euler", "Automatic"),
    "euler_a": ("Euler a", "Automatic"),
    "heun": ("Heun", "Automatic"),
    "lcm": ("LCM", "Automatic"),
    "unipc": ("UniPC", "Automatic"),
}
"""Sampler and schedule type; DPM++ names its schedule because "Automatic" means Karras there."""
UPSCALERS: dict[Upscaler, str] = {"latent": "Latent", "lanczos": "Lanczos"}


def parameters_text(provenance: Provenance) -> str:
    """Prompt with its `<lora:name:weight:lbw=…>` tags, then the negative prompt, then one line of settings."""
    recipe = provenance.recipe
    tags = "".join(f" <lora:{_tag(use)}>" for use in recipe.loras)
    negative = f"\nNegative prompt: {recipe.negative_prompt}" if recipe.negative_prompt else ""
    settings = _settings(recipe, provenance.lora_hashes)
    if version := provenance.versions.get("atelier"):
        settings["Version"] = f"Atelier {version}"
    line = ", ".join(f"{name}: {_quoted(value)}" for name, value in settings.items())
    return f"{recipe.prompt}{tags}{negative}\n{line}".replace("\0", "")


def scheduler_called(sampler: str, schedule: str = "") -> Scheduler | None:
    """Ours of that name; older names hold the schedule, and "Automatic" is Karras where we have both."""
    name = sampler.strip().casefold()
    label, karras = name.removesuffix(" karras"), name.endswith(" karras")
    ours: list[Scheduler] = [one for one, (known, _) in SAMPLERS.items() if label == known.casefold() or name == one]
    if len(ours) > 1:
        plain = not karras and schedule.strip().casefold() in ("uniform", "normal", "simple")
        return ours[0 if plain else 1]
    return ours[0] if ours else None


def _settings(recipe: Recipe, hashes: Mapping[str, str]) -> dict[str, str]:
    sampler, schedule = SAMPLERS[recipe.scheduler]
    settings = {
        "Steps": str(recipe.num_inference_steps),
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": f"{recipe.guidance_scale:g}",
        "Seed": str(recipe.seed),
        "Size": f"{recipe.width}x{recipe.height}",
        **_units(recipe),  # before the model: to some readers the last thing called so is it
        "Model": recipe.model,
    }
    if recipe.init_image_id:
        settings["Denoising strength"] = f"{recipe.strength:g}"
    if hires := recipe.hires:
        settings["Denoising strength"] = f"{hires.strength:g}"
        settings["Hires upscale"] = f"{hires.scale:g}"
        settings |= {"Hires steps": str(hires.steps)} if hires.steps else {}
        settings["Hires upscaler"] = UPSCALERS[hires.upscaler]
    if recipe.clip_skip:
        settings["Clip skip"] = str(recipe.clip_skip + 1)  # there 1 is the last layer, here 0 is
    if recipe.loras:
        said = (f"{use.name}: {hashes.get(use.sha256, use.sha256[:12])}" for use in recipe.loras)
        settings["Lora hashes"] = ", ".join(said)
    return settings


def _units(recipe: Recipe) -> dict[str, str]:
    """As the ControlNet extension tells of its units, which IP-Adapters are too; it says of no image which it was."""
    maps = [
        f"Model: {use.kind}, Weight: {use.conditioning_scale:g}, Guidance Start: {use.start:g}, "
        f"Guidance End: {use.end:g}"
        for use in recipe.controls
    ]
    looks = [f"Model: ip-adapter, Weight: {use.scale:g}" for use in recipe.references]
    return {f"ControlNet {number}": f"Module: none, {told}" for number, told in enumerate((*maps, *looks))}


def _tag(use: LoraUse) -> str:
    return ":".join(part for part in (use.name, f"{use.weight:g}", lora_blocks.written(use.blocks)) if part)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ",:\n") else value
