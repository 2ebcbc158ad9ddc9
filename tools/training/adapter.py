"""The low-rank layers that learn (Hu et al. 2021), put into a model by peft, and their tensors by kohya's names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from peft import LoraConfig, get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor, nn

from tools.engine.lora.places import original_names
from tools.training.order import Kind, Training

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")
CONVOLUTIONS = ("conv1", "conv2", "conv_shortcut")
TARGETS: Mapping[Kind, tuple[str, ...]] = {"style": (*ATTENTION, *CONVOLUTIONS), "subject": ATTENTION}
WORDS = ("q_proj", "k_proj", "v_proj", "out_proj")
"""How the names of the layers end that learn: the UNet's, and a text encoder's."""


@dataclass(frozen=True)
class Part:
    """One model that learns; `spelled` makes a layer's name in the file of its own name."""

    name: str
    module: Any
    spelled: Callable[[str], str]

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.module.parameters() if parameter.requires_grad]


@dataclass(frozen=True)
class Adapter:
    parts: tuple[Part, ...]
    rank: int

    @classmethod
    def added(cls, pipeline: Any, training: Training) -> Adapter:
        """The same at each start: only the seed decides how the layers begin. All else in the model stays as it is."""
        parts = tuple(_parts(pipeline, training))
        # one that is put into a model must begin alike whatever was drawn before
        with torch.random.fork_rng():
            torch.manual_seed(training.seed)
            for part in parts:
                targets = TARGETS[training.kind] if part.name == "unet" else WORDS
                part.module.requires_grad_(False)
                part.module.add_adapter(
                    LoraConfig(r=training.rank, lora_alpha=training.rank, target_modules=list(targets))
                )
                for parameter in part.parameters:
                    parameter.data = parameter.float()
        return cls(parts, training.rank)

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [parameter for part in self.parts for parameter in part.parameters]

    def state(self) -> dict[str, dict[str, Tensor]]:
        """By part, peft's names; full precision."""
        return {part.name: get_peft_model_state_dict(part.module) for part in self.parts}

    def load(self, state: Mapping[str, Mapping[str, Tensor]]) -> None:
        for part in self.parts:
            set_peft_model_state_dict(part.module, dict(state[part.name]))

    def kohya(self) -> dict[str, Tensor]:
        """Half precision, on the CPU, with an alpha beside each pair."""
        named: dict[str, Tensor] = {}
        for part in self.parts:
            state = get_peft_model_state_dict(part.module)
            for name in (name for name in state if ".lora_A." in name):
                layer = part.spelled(name.partition(".lora_A.")[0])
                down, up = state[name], state[name.replace(".lora_A.", ".lora_B.")]
                named[f"{layer}.lora_down.weight"] = down.half().cpu().contiguous()
                named[f"{layer}.lora_up.weight"] = up.half().cpu().contiguous()
                named[f"{layer}.alpha"] = torch.tensor(float(self.rank)).half()
        return named


def _parts(pipeline: Any, training: Training) -> Iterator[Part]:
    yield Part("unet", pipeline.unet, _unet_spelling(pipeline.unet, training.family))
    if training.text_encoder:
        both = getattr(pipeline, "text_encoder_2", None) is not None
        yield Part("text_encoder", pipeline.text_encoder, _text_spelling("lora_te1" if both else "lora_te"))
        if both:
            yield Part("text_encoder_2", pipeline.text_encoder_2, _text_spelling("lora_te2"))


def _unet_spelling(unet: Any, family: str) -> Callable[[str], str]:
    """sd-scripts keeps the names of Stability's own code for SDXL, and diffusers' for those before it."""
    own = original_names(unet) if family == "sdxl" else {}
    return lambda name: f"lora_unet_{own.get(name, name).replace('.', '_')}"


def _text_spelling(prefix: str) -> Callable[[str], str]:
    """With the part of the name that transformers has left out since 5.6, and other programs look for."""
    return lambda name: f"{prefix}_text_model_{name.removeprefix('text_model.').replace('.', '_')}"
