"""Reference pictures in a batch where each row looks at its own, or at none: IP-Adapter (Ye et al. 2023)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Look:
    """A picture as each cross-attention of the UNet reads it: keys and values of shape (1, tokens, features)."""

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in (*self.keys, *self.values))


@dataclass(frozen=True)
class Reference:
    """A picture that a row looks at; `nothing` is what the negative prompt looks at instead."""

    picture: Look
    nothing: Look
    scale: float


Seen = tuple[Look, float]
"""A look and its scale."""


@dataclass(frozen=True)
class Glance:
    """One look each for some entries of a batch, at one cross-attention."""

    entries: Tensor | None
    """Which; None for all, in their order."""
    keys: Tensor
    values: Tensor
    scales: Tensor

    def added(self, hidden: Tensor, query: Tensor, heads: int) -> Tensor:
        """`hidden` of shape (entries, places, features), with what is seen added to what was read."""
        query = query if self.entries is None else query[self.entries]
        asked, keys, values = (
            part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, self.keys, self.values)
        )
        seen = F.scaled_dot_product_attention(asked, keys, values).transpose(1, 2).flatten(2)
        seen = (seen.float() * self.scales).to(hidden.dtype)
        return hidden + seen if self.entries is None else hidden.index_add(0, self.entries, seen)


@dataclass
class Gaze:
    """Two hooks on one cross-attention: the first keeps its query, the second adds to what goes to its projection."""

    heads: int
    glances: tuple[Glance, ...]
    _query: Tensor | None = None

    def asked(self, layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        self._query = output

    def answered(self, layer: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        assert self._query is not None
        hidden = given[0]
        for glance in self.glances:
            hidden = glance.added(hidden, self._query, self.heads)
        self._query = None
        return (hidden, *given[1:])


@dataclass
class Sight:
    """The cross-attentions of a UNet, in the order of its attention processors. Nothing of the UNet is changed."""

    layers: Sequence[Any]
    _shown: tuple[tuple[Seen, ...], ...] = ()
    _gazes: tuple[Gaze, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, unet: Any) -> Sight:
        names = [name.removesuffix(".processor") for name in unet.attn_processors]
        return cls([unet.get_submodule(name) for name in names if name.endswith("attn2")])

    @contextmanager
    def on(self, shown: Sequence[Sequence[Seen]]) -> Iterator[None]:
        """For the calls of the UNet in this block: what each entry of the batch looks at."""
        looks = tuple(tuple(seen for seen in some if seen[1]) for some in shown)
        if not any(looks):
            yield
            return
        if looks != self._shown:
            self._gazes, self._shown = self._laid_out(looks), looks
        with ExitStack() as hooks:
            for layer, gaze in zip(self.layers, self._gazes, strict=True):
                hooks.callback(layer.to_q.register_forward_hook(gaze.asked).remove)
                hooks.callback(layer.to_out[0].register_forward_pre_hook(gaze.answered).remove)
            yield

    def forget(self) -> None:
        """Let go of the pictures that were looked at last."""
        self._gazes, self._shown = (), ()

    def _laid_out(self, looks: tuple[tuple[Seen, ...], ...]) -> tuple[Gaze, ...]:
        """Every entry's first look in one attention, then every second one: sums are in the order of the recipe."""
        rounds = range(max(map(len, looks)))
        laid = [
            _glances([(place, some[n]) for place, some in enumerate(looks) if len(some) > n], looks) for n in rounds
        ]
        return tuple(
            Gaze(layer.heads, tuple(glances[number] for glances in laid)) for number, layer in enumerate(self.layers)
        )


def _glances(chosen: Sequence[tuple[int, Seen]], looks: Sequence[object]) -> list[Glance]:
    """For each layer."""
    device = chosen[0][1][0].keys[0].device
    entries = None if len(chosen) == len(looks) else torch.tensor([place for place, _ in chosen]).to(device)
    scales = torch.tensor([scale for _, (_, scale) in chosen]).to(device).view(-1, 1, 1)
    keys = zip(*(look.keys for _, (look, _) in chosen), strict=True)
    values = zip(*(look.values for _, (look, _) in chosen), strict=True)
    return [Glance(entries, torch.cat(some), torch.cat(more), scales) for some, more in zip(keys, values, strict=True)]
