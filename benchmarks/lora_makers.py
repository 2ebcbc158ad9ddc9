"""Makes safetensors files of any names, shapes and types, and the tensors of LoRAs in every trainer's spelling."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Shapes = dict[str, tuple[int, ...]]
Layer = tuple[str, int, int]
"""A layer's name with dots, its inputs and its outputs."""
SIZES = {"F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1}


def safetensors(path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str = "F16", **metadata: str) -> Path:
    """A valid file of zeros; double underscores in the names of the metadata stand for dots."""
    header: dict[str, object] = {"__metadata__": {key.replace("__", "."): said for key, said in metadata.items()}}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + math.prod(shape) * SIZES[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    return raw(path, json.dumps(header).encode(), b"\0" * end)


def raw(path: Path, header: bytes, data: bytes = b"", length: int | None = None) -> Path:
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + data)
    return path


def flat(name: str) -> str:
    return name.replace(".", "_")


def kohya(name: str, inputs: int, outputs: int, prefix: str = "lora_unet_") -> Shapes:
    layer = prefix + flat(name)
    return {f"{layer}.lora_down.weight": (2, inputs), f"{layer}.lora_up.weight": (outputs, 2), f"{layer}.alpha": ()}


def locon(name: str, inputs: int, outputs: int) -> Shapes:
    layer = "lora_unet_" + flat(name)
    return {
        f"{layer}.lora_down.weight": (2, inputs, 1, 1),
        f"{layer}.lora_mid.weight": (2, 2, 3, 3),
        f"{layer}.lora_up.weight": (outputs, 2, 1, 1),
    }


def dora(name: str, inputs: int, outputs: int) -> Shapes:
    return kohya(name, inputs, outputs) | {f"lora_unet_{flat(name)}.dora_scale": (outputs, 1)}


def peft(name: str, inputs: int, outputs: int, prefix: str = "unet.") -> Shapes:
    return {f"{prefix}{name}.lora_A.weight": (2, inputs), f"{prefix}{name}.lora_B.weight": (outputs, 2)}


def peft_dora(name: str, inputs: int, outputs: int) -> Shapes:
    return peft(name, inputs, outputs) | {f"unet.{name}.lora_magnitude_vector.weight": (outputs,)}


def peft_named(name: str, inputs: int, outputs: int) -> Shapes:
    layer = f"base_model.model.{name}"
    return {f"{layer}.lora_A.default.weight": (2, inputs), f"{layer}.lora_B.default.weight": (outputs, 2)}


def diffusers(name: str, inputs: int, outputs: int, prefix: str = "unet.") -> Shapes:
    return {f"{prefix}{name}.lora.down.weight": (2, inputs), f"{prefix}{name}.lora.up.weight": (outputs, 2)}


def old_diffusers(name: str, inputs: int, outputs: int) -> Shapes:
    block, _, layer = name.rpartition(".")
    start = f"unet.{block}.processor.{layer}_lora"
    return {f"{start}.down.weight": (2, inputs), f"{start}.up.weight": (outputs, 2)}


def comfy(name: str, inputs: int, outputs: int) -> Shapes:
    layer = f"diffusion_model.{name}"
    return {f"{layer}.lora_down.weight": (2, inputs), f"{layer}.lora_up.weight": (outputs, 2)}


def loha(name: str, inputs: int, outputs: int) -> Shapes:
    layer = "lycoris_" + flat(name)
    return {f"{layer}.hada_w{n}_{part}": (outputs, 2) if part == "a" else (2, inputs) for n in "12" for part in "ab"}


def lokr(name: str, inputs: int, outputs: int) -> Shapes:
    layer = "lora_unet_" + flat(name)
    return {
        f"{layer}.lokr_w1": (4, 8),
        f"{layer}.lokr_w2_a": (outputs // 4, 2),
        f"{layer}.lokr_w2_b": (2, inputs // 8),
        f"{layer}.alpha": (),
    }


def oft(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"oft_unet_{flat(name)}.oft_blocks": (80, outputs // 80, outputs // 80)}


def full(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"lora_unet_{flat(name)}.diff": (outputs, inputs)}


def spelled(spelling: Callable[..., Shapes], layers: Iterable[Layer], **how: str) -> Shapes:
    return {
        key: shape for name, inputs, outputs in layers for key, shape in spelling(name, inputs, outputs, **how).items()
    }
