"""The contract of what turns a recipe into pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from knowledge.recipe import ControlKind, Recipe
from tools.call import Call


@dataclass(frozen=True)
class Rendered:
    """The pixels, how long each part took in seconds, and the versions and hashes that made them."""

    image: Image.Image
    seconds: dict[str, float]
    versions: dict[str, str]


@dataclass(frozen=True)
class Attended:
    """One word of a prompt, and how much each place of a picture shows it: shape (h, w) of any size, 0 to 1."""

    word: str
    heat: NDArray[np.float32]


class Cancelled(Exception):
    """The caller asked to stop; no picture was made."""


class Renderer(Protocol):
    def render(self, recipe: Recipe, call: Call) -> Rendered:
        """Draw. Raises `TryAgain` for a recipe to be changed, `GiveUp` if the model cannot be had, `Cancelled`."""
        ...

    def family(self, model: str) -> str:
        """The architecture a LoRA must be made for: `picturebook`, `sd1`, `sd2`, `sdxl`, `sd3`, `flux`, …"""
        ...

    def tokens(self, model: str, prompt: str) -> tuple[int, int]:
        """How many tokens the prompt takes, start and end included, and how many the model reads, such as (12, 77)."""
        ...

    def controls(self, model: str) -> tuple[ControlKind, ...]:
        """The kinds of control the model can follow."""
        ...

    def looks(self, model: str) -> bool:
        """Whether it can look at reference pictures with what is on this machine; more may be had by asking it to."""
        ...

    def attended(self, recipe: Recipe, image: Image.Image) -> Sequence[Attended]:
        """The words of the recipe's prompt in order, and where the picture shows each.

        Raises `TryAgain` for a model that cannot tell.
        """
        ...

    def side(self, model: str) -> int:
        """The width and height, in pixels, the model was trained at."""
        ...

    def hit_rates(self) -> Mapping[str, float]:
        """How often what was needed had been kept, 0 to 1, by what is kept; nothing before it is first asked for."""
        ...
