"""The weights of a model that a LoRA can change, by every name that trainers have for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from torch import nn

Part = Literal["unet", "text"]
Kind = Literal["weight", "bias"]
PREFIXES: tuple[tuple[str, str], ...] = (
    ("lora_unet_", "unet"),
    ("unet.", "unet"),
    ("lora_te_", "text_encoder"),
    ("lora_te1_", "text_encoder"),
    ("lora_te2_", "text_encoder_2"),
    ("text_encoder.", "text_encoder"),
    ("text_encoder_2.", "text_encoder_2"),
    ("diffusion_model.", "unet"),
    ("base_model.model.", "unet"),
    ("lycoris_", "unet"),
)
"""How a layer's name begins in files -> the model's part; without any of them it is the UNet's."""
RESNET: Mapping[str, str] = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
OUTSIDE: Mapping[str, str] = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
"""diffusers' names -> those of Stability's own code, which sd-scripts keeps for SDXL."""
BASE = "BASE"
"""The block of everything outside the UNet's numbered blocks: the text encoders, the embeddings, the last layers."""
BLOCK = re.compile(r"(input_blocks|output_blocks|middle_block)\.(\d+)")
SHORT: Mapping[str, str] = {"input_blocks": "IN", "output_blocks": "OUT"}


@dataclass(frozen=True, eq=False)
class Place:
    """One parameter: the weight or bias of a layer, its dotted name, and the block of the UNet it is in (`IN04`)."""

    component: str
    name: str
    module: nn.Module
    kind: Kind
    block: str = BASE

    @property
    def part(self) -> Part:
        return "unet" if self.component == "unet" else "text"

    @property
    def parameter(self) -> nn.Parameter:
        return getattr(self.module, self.kind)

    @cached_property
    def size(self) -> tuple[int, ...]:
        """(outputs, inputs x kernel) of a matrix or kernel, (outputs,) of anything else."""
        shape = tuple(self.parameter.shape)
        return (shape[0], self.parameter[0].numel()) if len(shape) > 1 else shape


@dataclass(frozen=True)
class Places:
    weights: Mapping[str, Place]
    biases: Mapping[str, Place]

    @property
    def blocks(self) -> tuple[str, ...]:
        """Those a LoRA can be weighted in one by one."""
        return tuple(sorted({BASE, *(place.block for place in self.weights.values())}))

    def key(self, layer: str) -> str:
        """A layer's name in a file, as the name that `weights` and `biases` know it by."""
        for prefix, component in PREFIXES:
            if layer.startswith(prefix):
                return _key(component, layer[len(prefix) :])
        return _key("unet", layer)


def places_of(unet: nn.Module, text_encoders: Mapping[str, nn.Module]) -> Places:
    """`text_encoders` by diffusers' names, `text_encoder` and `text_encoder_2`."""
    kinds: dict[Kind, dict[str, Place]] = {"weight": {}, "bias": {}}
    originals = {**OUTSIDE, **dict(_numbered(unet))}
    for component, root in {"unet": unet, **text_encoders}.items():
        for name, module in root.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.LayerNorm | nn.GroupNorm):
                original = _original(name, originals) if component == "unet" else ""
                names = {_key(component, one) for one in (name, original, *_old(name)) if one}
                block = _block(original)
                for kind, known in kinds.items():
                    if getattr(module, kind, None) is not None:
                        known.update(dict.fromkeys(names, Place(component, name, module, kind, block)))
    return Places(kinds["weight"], kinds["bias"])


def _key(component: str, name: str) -> str:
    flat = name.replace(".", "_").removeprefix("text_model_").replace("_processor_", "_")
    return f"{component} {flat}"


def _old(name: str) -> Iterator[str]:
    """What early diffusers called the projections of attention layers."""
    if name.endswith(".to_out.0"):
        yield name.removesuffix(".0")
    elif (parts := name.rpartition("."))[0].endswith("self_attn"):
        yield f"{parts[0]}.to_{parts[2].removesuffix('_proj')}"


def original_names(unet: Any) -> dict[str, str]:
    """What Stability's own code calls the layers of this UNet, by diffusers' names."""
    originals = {**OUTSIDE, **dict(_numbered(unet))}
    return {name: original for name, _ in unet.named_modules() if (original := _original(name, originals))}


def _original(name: str, originals: Mapping[str, str]) -> str:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if known := originals.get(".".join(parts[:length])):
            rest = parts[length:]
            return ".".join([known, *(RESNET.get(part, part) if "resnets" in parts else part for part in rest)])
    return ""


def _numbered(unet: Any) -> Iterator[tuple[str, str]]:
    """The blocks on both sides of the middle: the original code numbers their layers in one row."""
    number = 0
    for place, block in enumerate(unet.down_blocks):
        for layer in range(len(block.resnets)):
            number += 1
            yield f"down_blocks.{place}.resnets.{layer}", f"input_blocks.{number}.0"
            yield f"down_blocks.{place}.attentions.{layer}", f"input_blocks.{number}.1"
        if getattr(block, "downsamplers", None):
            number += 1
            yield f"down_blocks.{place}.downsamplers.0.conv", f"input_blocks.{number}.0.op"
    number = -1
    for place, block in enumerate(unet.up_blocks):
        for layer in range(len(block.resnets)):
            number += 1
            yield f"up_blocks.{place}.resnets.{layer}", f"output_blocks.{number}.0"
            yield f"up_blocks.{place}.attentions.{layer}", f"output_blocks.{number}.1"
        if getattr(block, "upsamplers", None):
            last = 2 if hasattr(block, "attentions") else 1
            yield f"up_blocks.{place}.upsamplers.0.conv", f"output_blocks.{number}.{last}.conv"


def _block(original: str) -> str:
    found = BLOCK.match(original)
    if not found:
        return BASE
    return f"{SHORT[found[1]]}{int(found[2]):02}" if found[1] in SHORT else "MID"
