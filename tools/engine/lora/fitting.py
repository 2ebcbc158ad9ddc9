"""A LoRA file fitted to the layers of one model, or the reason why it does not fit."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from knowledge.lora_layers import adapted_layers
from knowledge.lora_signs import UNKNOWN, fitting
from knowledge.problems import TryAgain
from tools.engine.lora.deltas import Delta, LowRank
from tools.engine.lora.formulas import Scale, delta_of, whole
from tools.engine.lora.places import Part, Place, Places
from tools.engine.lora.tensors import read_tensors

PART = re.compile(
    r"(?P<layer>.+)[._](?:"
    r"lora(?:_linear_layer)?[._](?P<lora>down|up|mid|A|B|magnitude_vector)(?:\.(?!weight|bias)[\w-]+)?(?:\.weight)?"
    r"|(?P<other>alpha|hada_[wt][12](?:_[ab])?|lokr_[wt][12](?:_[ab])?|dora_scale|diff|diff_b|w_norm|b_norm))"
)
"""A tensor's name: the layer, and which part of its change the tensor is."""
ROLES: Mapping[str, str] = {"A": "down", "B": "up"}
HIGHEST_RANK = 1024
"""No layer of these models gains from more, and most are not even that wide."""


@dataclass(frozen=True)
class Lora:
    """One file's changes of one model, by the part of it and the parameter; `nbytes` is what it keeps in memory."""

    name: str = field(compare=False)
    sha256: str
    deltas: Mapping[Part, Mapping[Place, Delta]] = field(compare=False, repr=False)
    nbytes: int = field(compare=False, repr=False)

    @cached_property
    def low_rank(self) -> Mapping[Part, bool]:
        """Whether rows that wear it may share a call with rows that wear others."""
        return {
            part: all(isinstance(delta, LowRank) for delta in deltas.values()) for part, deltas in self.deltas.items()
        }


@dataclass(frozen=True)
class Fitter:
    """Knows one model: its layers by the names that files have for them, and the device it is on."""

    places: Places
    device: torch.device

    def lora(self, name: str, sha256: str, path: Path) -> Lora:
        """Raises `TryAgain`, saying why, for a file that cannot be used or is for another kind of model."""
        tensors = read_tensors(name, path, self.device)
        layers, strangers = parted(tensors.named)
        deltas: dict[Part, dict[Place, Delta]] = {"unet": {}, "text": {}}
        scaling = Scaling.said_by(tensors.metadata)
        for layer, parts in layers.items():
            made = self._changes(layer, parts, scaling)
            if made is None or any(part.numel() > 1 for part in parts.values()):
                strangers.append(layer)
            else:
                for place, delta in made.items():
                    deltas[place.part][place] = delta
        if strangers or not any(deltas.values()):
            raise self._misfit(name, path, strangers, tensors.named)
        self._refuse_rank(name, deltas)
        return Lora(name, sha256, deltas, tensors.size)

    def _changes(self, layer: str, parts: dict[str, torch.Tensor], scaling: Scaling) -> dict[Place, Delta] | None:
        """Of the layer's weight and bias; None where the model has no such layer or it has another size."""
        key = self.places.key(layer)
        weight, bias = self.places.weights.get(key), self.places.biases.get(key)
        alpha = parts.pop("alpha", None)
        try:
            made = (
                (weight, delta_of(parts, scaling.scale(weight, alpha)) if weight else None),
                (bias, whole(parts, "diff_b", "b_norm") if bias else None),
            )
            changes = {place: delta for place, delta in made if place is not None and delta is not None}
            return changes if all(delta.size == place.size for place, delta in changes.items()) else None
        except (RuntimeError, IndexError, KeyError, ValueError, ZeroDivisionError):
            return None

    def _misfit(self, name: str, path: Path, strangers: list[str], tensors: Mapping[str, torch.Tensor]) -> TryAgain:
        families = fitting(adapted_layers(path.name, {key: tuple(tensor.shape) for key, tensor in tensors.items()}))
        mine = self._families
        if families and mine and not {*mine} & {*families} and UNKNOWN not in (*mine, *families):
            return TryAgain(
                f"The LoRA {name!r} is for {families[0]} and this model is {mine[0]}: choose a LoRA made for {mine[0]}."
            )
        such = f", such as {strangers[0][:100]!r}" if strangers else ""
        return TryAgain(
            f"The LoRA {name!r} does not fit this model, which lacks {len(strangers)} of its layers{such}: "
            "choose one trained on this kind of model."
        )

    @cached_property
    def _families(self) -> tuple[str, ...]:
        """What the model's own layers say of it, as a LoRA's would."""
        sizes = {place.name: place.size for place in self.places.weights.values() if len(place.size) == 2}
        return fitting(f"{name} {inputs}>{outputs}" for name, (outputs, inputs) in sizes.items())

    def _refuse_rank(self, name: str, deltas: Mapping[Part, Mapping[Place, Delta]]) -> None:
        ranks = (delta.rank for of in deltas.values() for delta in of.values() if isinstance(delta, LowRank))
        if (highest := max(ranks, default=0)) > HIGHEST_RANK:
            raise TryAgain(
                f"The LoRA {name!r} has rank {highest}; at most {HIGHEST_RANK} is read: choose a smaller one."
            )


@dataclass(frozen=True)
class Scaling:
    """The scale of a product: from the alpha beside it, else from peft's settings in the file's header, else 1."""

    settings: Mapping[str, Any]

    @classmethod
    def said_by(cls, metadata: Mapping[str, str]) -> Scaling:
        try:
            said = json.loads(metadata.get("lora_adapter_metadata", "{}"))
        except ValueError:
            said = {}
        return cls(said if isinstance(said, dict) else {})

    def scale(self, place: Place | None, alpha: torch.Tensor | None) -> Scale:
        if alpha is not None:
            value = float(alpha)
            return lambda rank: value / rank
        if place is None:
            return lambda rank: 1.0
        return lambda rank: self._settled(place, rank)

    def _settled(self, place: Place, rank: int) -> float:
        patterns = self.settings.get(f"{place.component}.alpha_pattern")
        named = patterns if isinstance(patterns, dict) else {}
        fitting_here = (value for name, value in named.items() if f".{place.name}".endswith(f".{name}"))
        alpha = next(fitting_here, self.settings.get(f"{place.component}.lora_alpha"))
        if not isinstance(alpha, int | float):
            return 1.0
        return alpha / (rank**0.5 if self.settings.get(f"{place.component}.use_rslora") is True else rank)


def parted(tensors: Mapping[str, torch.Tensor]) -> tuple[dict[str, dict[str, torch.Tensor]], list[str]]:
    """The tensors by layer and role, and the names that mean nothing here; single numbers do no harm."""
    layers: dict[str, dict[str, torch.Tensor]] = {}
    strangers: list[str] = []
    for name, tensor in tensors.items():
        if found := PART.fullmatch(name):
            role = found["lora"] or found["other"]
            layers.setdefault(found["layer"], {})[ROLES.get(role, role)] = tensor
        elif tensor.numel() > 1:
            strangers.append(name)
    return layers, strangers
