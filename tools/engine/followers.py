"""ControlNets in a batch where each row follows its own maps, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Follower:
    """A ControlNet whose maps are embedded once a picture and not at every step: the embedding knows no step."""

    net: Any
    embedding: nn.Module
    bgr: bool

    @property
    def only_wanted(self) -> bool:
        """Whether it is for the prompt alone and not for the negative one: of the whole map, it takes the mean."""
        return self.net.config.global_pool_conditions

    @classmethod
    def of(cls, net: Any) -> Follower:
        embedding, bgr = net.controlnet_cond_embedding, net.config.controlnet_conditioning_channel_order == "bgr"
        net.controlnet_cond_embedding = nn.Identity()
        # what is embedded has no colours that the net could turn round
        net.register_to_config(controlnet_conditioning_channel_order="rgb")
        return cls(net, embedding, bgr)

    def embedded(self, control: Tensor) -> Tensor:
        """Of a map (1, 3, height, width) in 0..1, or -1 where it hides what is to be repainted."""
        weight = next(self.embedding.parameters())
        control = control.flip(1) if self.bgr else control
        return self.embedding(control.to(weight.device, weight.dtype))


@dataclass(frozen=True)
class Followed:
    """A map that a row follows, between two fractions of its steps."""

    follower: Follower
    condition: Tensor
    scale: float
    start: float
    end: float

    def at(self, step: int, steps: int) -> bool:
        return self.scale != 0 and step / steps >= self.start and (step + 1) / steps <= self.end


@dataclass(frozen=True)
class Residuals:
    """What ControlNets add to the UNet's skip connections and to its middle, for every entry of a batch."""

    down: tuple[Tensor, ...]
    middle: Tensor

    def arguments(self) -> dict[str, Any]:
        return {
            "down_block_additional_residuals": self.down,
            "mid_block_additional_residual": self.middle,
        }


def residuals(followed: Sequence[Sequence[Followed]], given: Mapping[str, Any]) -> Residuals | None:
    """
    `followed` are each entry's maps at this step, `given` the UNet's own arguments for all entries, without channels
    that only it reads. Every ControlNet runs once, on the entries that follow it.
    """
    parts: list[tuple[list[int], Residuals]] = []
    for follower in dict.fromkeys(one.follower for some in followed for one in some):
        uses = [(entry, one) for entry, some in enumerate(followed) for one in some if one.follower is follower]
        entries = [entry for entry, _ in uses]
        parts.append((entries, run(follower, [one for _, one in uses], entries, given)))
    return summed(parts, len(followed)) if parts else None


def run(follower: Follower, uses: Sequence[Followed], entries: list[int], given: Mapping[str, Any]) -> Residuals:
    chosen = {name: picked(value, entries) for name, value in given.items()}
    conditions = torch.cat([use.condition for use in uses])
    down, middle = follower.net(**chosen, controlnet_cond=conditions, return_dict=False)
    scales = torch.tensor([use.scale for use in uses]).to(middle.device)[:, None, None, None]
    return Residuals(tuple(scaled(part, scales) for part in down), scaled(middle, scales))


def scaled(part: Tensor, scales: Tensor) -> Tensor:
    """The scales in full precision: a number of Python's would not be rounded either."""
    return (part.float() * scales).to(part.dtype)


def picked(value: Any, entries: list[int]) -> Any:
    """Those entries of a tensor, or of each tensor of a mapping; all of them as they are."""
    if isinstance(value, Mapping):
        return {name: picked(part, entries) for name, part in value.items()}
    if value is None or entries == list(range(len(value))):
        return value
    return value[entries]


def summed(parts: Sequence[tuple[list[int], Residuals]], entries: int) -> Residuals:
    """Added up where ControlNets meet; entries that follow nothing get zeros."""
    if len(parts) == 1 and parts[0][0] == list(range(entries)):
        return parts[0][1]

    def total(tensors: Sequence[Tensor]) -> Tensor:
        size = max(tensor.shape[1:] for tensor in tensors)
        whole = tensors[0].new_zeros(entries, *size)
        for (places, _), tensor in zip(parts, tensors, strict=True):
            whole.index_add_(0, torch.tensor(places, device=whole.device), tensor.expand(-1, *size))
        return whole

    down = zip(*(part.down for _, part in parts), strict=True)
    return Residuals(tuple(total(tensors) for tensors in down), total([part.middle for _, part in parts]))
