"""Half a renderer: it knows families and counts tokens as words, and that is all the choice of words needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL.Image import Image

from knowledge.problems import GiveUp
from knowledge.recipe import ControlKind, Recipe
from tools.call import Call
from tools.renderer import Attended, Rendered


@dataclass(frozen=True)
class WordRenderer:
    """A token is a word; start and end take one each."""

    limit: int = 77
    families: dict[str, str] = field(default_factory=lambda: {"picturebook": "picturebook", "big": "sdxl"})

    def family(self, model: str) -> str:
        return self.families[model]

    def tokens(self, model: str, prompt: str) -> tuple[int, int]:
        return len(prompt.split()) + 2, self.limit

    def controls(self, model: str) -> tuple[ControlKind, ...]:
        return ()

    def looks(self, model: str) -> bool:
        return False

    def side(self, model: str) -> int:
        return 128

    def hit_rates(self) -> Mapping[str, float]:
        return {}

    def attended(self, recipe: Recipe, image: Image) -> Sequence[Attended]:
        raise GiveUp("This renderer only counts words.")

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        raise GiveUp("This renderer only counts words.")
