"""LoRAs on a pipeline for the time of one picture; afterwards the model is as if they had never been there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline
from diffusers.loaders import StableDiffusionXLLoraLoaderMixin
from diffusers.utils import (
    convert_state_dict_to_diffusers,
    convert_state_dict_to_peft,
    convert_unet_state_dict_to_peft,
)
from safetensors import SafetensorError, safe_open

from knowledge.loading import LOADING
from knowledge.problems import TryAgain
from knowledge.recipe import LoraUse

MISFIT = (RuntimeError, ValueError, KeyError, AttributeError, TypeError, IndexError)
"""What diffusers and peft raise on a file that is not an adapter for the model at hand."""

LOCAL: Mapping[str, Any] = {"local_files_only": True, "use_safetensors": True}


@contextmanager
def wearing(pipeline: DiffusionPipeline, model: str, loras: Sequence[tuple[LoraUse, Path]]) -> Iterator[None]:
    """The pipeline with these adapters at their weights. One that does not fit raises `TryAgain`, nothing harmed."""
    for use, path in loras:
        _refuse_misfit(pipeline, model, use.name, path)
    try:
        if loras:
            _put_on(pipeline, model, loras)
        yield
    finally:
        if loras:
            pipeline.unload_lora_weights()


def _put_on(pipeline: DiffusionPipeline, model: str, loras: Sequence[tuple[LoraUse, Path]]) -> None:
    names = [f"lora_{number}" for number, _ in enumerate(loras)]
    for name, (use, path) in zip(names, loras, strict=True):
        try:
            with LOADING:
                pipeline.load_lora_weights(str(path.parent), adapter_name=name, weight_name=path.name, **LOCAL)
        except MISFIT as problem:
            raise TryAgain(_does_not_fit(use.name, model)) from problem
    pipeline.set_adapters(names, [use.weight for use, _ in loras])
    for part in (getattr(pipeline, name, None) for name in ("unet", "transformer")):
        if part is not None:
            # a half-precision file would otherwise drag a full-precision model down to its own precision
            part.to(dtype=part.dtype)


def _refuse_misfit(pipeline: DiffusionPipeline, model: str, name: str, path: Path) -> None:
    if not hasattr(pipeline, "load_lora_weights"):
        raise TryAgain(f"{model!r} takes no LoRAs: draw without them or choose another model.")
    keys = _keys(name, path)
    if any("dora_scale" in key for key in keys):
        raise TryAgain(f"The LoRA {name!r} is a DoRA in kohya's format, which would draw wrongly: choose another.")
    try:
        layers = _layers(pipeline, path)
        fits = all(_fits(pipeline, key, tensor) for key, tensor in layers.items())
    except MISFIT as problem:
        raise TryAgain(_does_not_fit(name, model)) from problem
    if not (layers and fits):
        raise TryAgain(_does_not_fit(name, model))


def _does_not_fit(name: str, model: str) -> str:
    return f"The LoRA {name!r} does not fit {model!r}: choose one trained on this kind of model."


def _keys(name: str, path: Path) -> list[str]:
    if path.suffix.lower() != ".safetensors":
        raise TryAgain(f"The LoRA {name!r} is not a .safetensors file: other formats can run code and are refused.")
    if not path.is_file():
        raise TryAgain(f"The file of the LoRA {name!r} is gone: put it back in the LoRA folder or leave it out.")
    try:
        with safe_open(path, framework="pt") as file:
            keys = list(file.keys())
    except SafetensorError as problem:
        raise TryAgain(f"The LoRA {name!r} is damaged or not a safetensors file: download it again.") from problem
    if not keys:
        raise TryAgain(f"The LoRA {name!r} holds no weights: download it again or leave it out.")
    return keys


def _layers(pipeline: DiffusionPipeline, path: Path) -> dict[str, torch.Tensor]:
    """The adapter's tensors with peft's spelling of the model's own layer names, `unet.….lora_A.weight`."""
    extra = {"unet_config": pipeline.unet.config} if isinstance(pipeline, StableDiffusionXLLoraLoaderMixin) else {}
    read = pipeline.lora_state_dict(str(path.parent), weight_name=path.name, **LOCAL, **extra)
    tensors: dict[str, torch.Tensor] = read[0] if isinstance(read, tuple) else read
    words = {key: tensor for key, tensor in tensors.items() if key.startswith("text_encoder")}
    if words:
        words = convert_state_dict_to_peft(convert_state_dict_to_diffusers(words))
    others = {key: tensor for key, tensor in tensors.items() if not key.startswith("text_encoder")}
    return words | convert_unet_state_dict_to_peft(others)


def _fits(pipeline: DiffusionPipeline, key: str, tensor: torch.Tensor) -> bool:
    """Whether the layer this tensor adapts is there, with the width the tensor expects."""
    part, _, name = key.partition(".")
    layer_name, found, side = name.partition(".lora_")
    if not found:
        return False
    root = getattr(pipeline, part)
    if not hasattr(root, "text_model"):
        layer_name = layer_name.removeprefix("text_model.")
    weight = root.get_submodule(layer_name).weight
    match side.partition(".")[0]:
        case "A":
            return tensor.shape[1:] == weight.shape[1:]
        case "B":
            return tensor.shape[0] == weight.shape[0]
        case _:
            return True
