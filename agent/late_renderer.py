"""A renderer that is made when it is first needed, so that opening the workshop loads no model library."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PIL.Image import Image

from knowledge.recipe import ControlKind, Recipe
from tools.call import Call
from tools.renderer import Attended, Rendered, Renderer


@dataclass(frozen=True)
class LateRenderer:
    make: Callable[[], Renderer]

    _turn: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _made: list[Renderer] = field(default_factory=list, init=False, repr=False)

    @property
    def made(self) -> Renderer:
        with self._turn:
            if not self._made:
                self._made.append(self.make())
            return self._made[0]

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        return self.made.render(recipe, call)

    def attended(self, recipe: Recipe, image: Image) -> Sequence[Attended]:
        return self.made.attended(recipe, image)

    def family(self, model: str) -> str:
        return self.made.family(model)

    def tokens(self, model: str, prompt: str) -> tuple[int, int]:
        return self.made.tokens(model, prompt)

    def controls(self, model: str) -> tuple[ControlKind, ...]:
        return self.made.controls(model)

    def looks(self, model: str) -> bool:
        return self.made.looks(model)

    def hit_rates(self) -> Mapping[str, float]:
        return self._made[0].hit_rates() if self._made else {}

    def side(self, model: str) -> int:
        return self.made.side(model)
