"""One table: a sampler's name in a recipe -> the diffusers scheduler and the settings that make it that sampler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import diffusers
from diffusers.schedulers.scheduling_utils import SchedulerMixin

from knowledge.problems import TryAgain
from knowledge.recipe import Scheduler

SCHEDULERS: Mapping[Scheduler, tuple[str, Mapping[str, Any]]] = {
    # latents are not bounded, so clipping (DDIM's default, for pixels) would wash the picture out
    "ddim": ("DDIMScheduler", {"clip_sample": False}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "use_karras_sigmas": False}),
    "dpmpp_2m_karras": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True}),
    "dpmpp_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "lcm": ("LCMScheduler", {"clip_sample": False}),
    "unipc": ("UniPCMultistepScheduler", {}),
}

FLOW: Mapping[str, Any] = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
FLOW_SCHEDULERS: Mapping[Scheduler, tuple[str, Mapping[str, Any]]] = {
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", **FLOW}),
    "euler": ("FlowMatchEulerDiscreteScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", FLOW),
}
"""For models trained by flow matching (Stable Diffusion 3, Flux and later)."""


def scheduler_for(name: Scheduler, own: SchedulerMixin, from_image: bool = False) -> SchedulerMixin:
    """A new scheduler with the model's own training settings (noise schedule, v-prediction, spacing, shift).

    `from_image`: it must be able to start from a noised image. Raises `TryAgain` where the model has no such sampler.
    """
    config = dict(own.config)  # pyright: ignore[reportAttributeAccessIssue]
    flow = "FlowMatch" in type(own).__name__ or config.get("prediction_type") == "flow_prediction"
    table = FLOW_SCHEDULERS if flow else SCHEDULERS
    names = [key for key in table if not (flow and from_image and key != "euler")]
    if name not in names:
        raise TryAgain(f"This model cannot be sampled with {name!r} here: choose one of {', '.join(names)}.")
    kind, changes = table[name]
    if flow:
        shift = config.get("flow_shift") or config.get("shift") or 1.0
        changes = {**changes, "shift" if name == "euler" else "flow_shift": shift}
    return getattr(diffusers, kind).from_config(config, **changes)
