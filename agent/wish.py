"""What the user asked for, and the recipe it is before anything was looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import ValidationError

from knowledge.problems import TryAgain
from knowledge.recipe import ControlKind, Recipe
from tools.control import chosen
from tools.renderer import Renderer
from tools.retrieve import LOOKED_IN

LONGEST = 2000
"""Characters of a prompt."""
MOST_TRIES = 8
CRAFT = "craft"
"""The collection of prompt craft for real Stable Diffusion models."""
CALLED = {
    "num_inference_steps": "steps",
    "guidance_scale": "guidance",
    "init_image_id": "reference_id",
    "mask_id": "mask_id",
}
"""What people call a field of the recipe."""
CONTROLS: Mapping[str, ControlKind] = {kind: kind for kind in get_args(ControlKind)}


def looked_in(model: str) -> tuple[str, ...]:
    """Where things are looked up for this model: its world needs no craft but the picture book's own lore."""
    return LOOKED_IN if model == "picturebook" else (*LOOKED_IN, CRAFT)


@dataclass(frozen=True)
class Wish:
    """None leaves a choice to the model or to the recipe's default; `size` is width and height in pixels.

    `control` is a kind, or `KIND:PREPROCESSOR` to say how its map is made. Where the collections are `pinned`, no style
    database is asked besides, even if the prompt names its style. `hires` is how many times larger a second pass draws.
    Where something is missing it is drawn again, `tries` times in all, and the best is kept. Of what is looked up, the
    words go into the prompt only with `rewrite`, and pictures of what the model does not know only with `references`.
    """

    prompt: str
    model: str
    seed: int
    negative_prompt: str = ""
    steps: int | None = None
    guidance: float | None = None
    scheduler: str | None = None
    size: tuple[int, int] | None = None
    retrieve: bool = True
    rewrite: bool = True
    references: bool = True
    collections: tuple[str, ...] = LOOKED_IN
    pinned: bool = False
    style: bool = True
    loras: tuple[str, ...] = ()
    reference_id: str | None = None
    mask_id: str | None = None
    strength: float | None = None
    control: str | None = None
    hires: float | None = None
    tries: int = 1

    def refuse_nonsense(self) -> None:
        """Raises `TryAgain` for what needs no model to be seen."""
        if not self.prompt.strip():
            raise TryAgain("The prompt is empty; say what to draw.")
        if len(self.prompt) > LONGEST:
            raise TryAgain(f"The prompt has {len(self.prompt)} characters; use at most {LONGEST}.")
        if self.mask_id and not self.reference_id:
            raise TryAgain("A mask_id needs a picture to repaint: give its reference_id too.")
        if not 1 <= self.tries <= MOST_TRIES:
            raise TryAgain(f"A picture cannot be tried {self.tries} times: use 1 to {MOST_TRIES}.")
        if self.control is not None:
            chosen(*self.control.partition(":")[::2])
        self._recipe(64, init_image_id=self.reference_id, mask_id=self.mask_id)

    def as_recipe(self, renderer: Renderer) -> Recipe:
        """Drawn as written, at the model's own size if none was asked for."""
        return self._recipe(renderer.side(self.model))

    def _recipe(self, side: int, **images: str | None) -> Recipe:
        width, height = self.size or (side, side)
        asked = {
            "model": self.model,
            "prompt": self.prompt.strip(),
            "negative_prompt": self.negative_prompt,
            "width": width,
            "height": height,
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance,
            "scheduler": self.scheduler,
            "seed": self.seed,
            "strength": self.strength,
            "hires": self.hires and {"scale": self.hires},
            **images,
        }
        try:
            return Recipe.model_validate({name: value for name, value in asked.items() if value is not None})
        except ValidationError as wrong:
            raise TryAgain(_first(wrong)) from None


def _first(wrong: ValidationError) -> str:
    error = wrong.errors()[0]
    field, reason = str(error["loc"][0]), error["msg"].partition(" should ")[2]
    name = CALLED.get(field, field.replace("_", " "))
    return f"The {name} {str(error['input'])[:80]!r} cannot be used; it must {reason or 'be another'}."
