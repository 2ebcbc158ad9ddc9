"""From the tensors a file has for one layer to the delta they mean; what they do not mean is left over."""

from __future__ import annotations

from collections.abc import Callable

import torch

from tools.engine.lora.deltas import Decomposed, Delta, LowRank, Parts, Product

Scale = Callable[[int], float]
"""From the rank to what the product is multiplied by: alpha / rank, mostly."""


def delta_of(parts: dict[str, torch.Tensor], scale: Scale) -> Delta | None:
    """
    The change of the layer's weight; the tensors it is made of are taken out of `parts`.

    Formulas: LoRA (Hu et al. 2021), LoHa (Hyeon-Woo et al. 2021), LoKr (Edalati et al. 2022), their convolutions with
    a Tucker core and DoRA as LyCORIS (Yeh et al. 2023) has them. Raises RuntimeError for shapes that do not fit.
    """
    direction = _direction(parts, scale)
    for role, inside in (("magnitude_vector", True), ("dora_scale", False)):
        if direction is not None and role in parts:
            lengths = parts.pop(role)
            by_row = inside or lengths.numel() == lengths.shape[0] == direction.size[0]
            return Decomposed(direction, lengths, by_row, inside)
    return direction


def _direction(parts: dict[str, torch.Tensor], scale: Scale) -> Delta | None:
    if {"down", "up"} <= parts.keys():
        return _low_rank(parts.pop("down"), parts.pop("up"), parts.pop("mid", None), scale)
    if {"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"} <= parts.keys():
        mine = _taken(parts, "hada_")
        return Product(_hadamard, mine, scale(mine["hada_w1_b"].shape[0]))
    if any(role in parts for role in ("lokr_w1", "lokr_w1_b")) and any(
        role in parts for role in ("lokr_w2", "lokr_w2_b")
    ):
        mine = _taken(parts, "lokr_")
        rank = next((mine[role].shape[0] for role in ("lokr_w1_b", "lokr_w2_b") if role in mine), 0)
        return Product(_kronecker, mine, scale(rank) if rank else 1.0)
    return whole(parts, "diff", "w_norm")


def whole(parts: dict[str, torch.Tensor], *roles: str) -> Delta | None:
    """The difference itself, which no rank scales."""
    for role in roles:
        if role in parts:
            return Product(_as_it_is, {role: parts.pop(role)}, 1.0)
    return None


def _taken(parts: dict[str, torch.Tensor], start: str) -> dict[str, torch.Tensor]:
    return {role: parts.pop(role) for role in list(parts) if role.startswith(start)}


def _low_rank(down: torch.Tensor, up: torch.Tensor, mid: torch.Tensor | None, scale: Scale) -> LowRank:
    """A Tucker core between the two is multiplied into `down`: the same product, and no kind of its own."""
    rank = down.shape[0]
    if mid is not None:
        down = torch.einsum("ij...,jr->ir...", mid.float(), down.float().flatten(1))
    return LowRank(down.flatten(1), up.flatten(1), scale(rank))


def _hadamard(parts: Parts) -> torch.Tensor:
    first = _factored(parts, "hada_w1", "hada_t1")
    return first * _factored(parts, "hada_w2", "hada_t2")


def _kronecker(parts: Parts) -> torch.Tensor:
    first = parts["lokr_w1"] if "lokr_w1" in parts else _factored(parts, "lokr_w1", "lokr_t1")
    second = parts["lokr_w2"] if "lokr_w2" in parts else _factored(parts, "lokr_w2", "lokr_t2")
    return torch.kron(first.flatten(1), second.flatten(1))


def _factored(parts: Parts, name: str, core: str) -> torch.Tensor:
    left, right = parts[f"{name}_a"], parts[f"{name}_b"]
    if core in parts:
        return torch.einsum("ij...,ip,jr->pr...", parts[core], left, right).flatten(1)
    return left @ right


def _as_it_is(parts: Parts) -> torch.Tensor:
    (difference,) = parts.values()
    return difference.flatten(1) if difference.ndim > 1 else difference
