"""The recorded conversation: the pictures there are after each turn, had the turn gone as expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.dialogues import Drawing, Expectation, Refining, Shape, Varying
from benchmarks.prompt_meaning import meaning, styles
from knowledge.recipe import LoraUse, Patch, Recipe

SHELF = ("stained glass", "watercolour")
"""The styles there are LoRAs for."""
CALLED = {"steps": "num_inference_steps", "guidance": "guidance_scale"}
SHAPED: dict[Shape, dict[str, int]] = {
    "landscape": {"width": 192, "height": 128},
    "portrait": {"width": 128, "height": 192},
    "square": {"width": 128, "height": 128},
}
MORE = {"guidance_scale": 1.25, "height": 1.5, "num_inference_steps": 1.5, "width": 1.5}
"""What a field is multiplied by when a conversation goes on after it was made more."""


@dataclass(frozen=True)
class Drawn:
    """A picture of the conversation; `number` counts them from 1."""

    number: int
    parent: int | None
    recipe: Recipe


@dataclass(frozen=True)
class Conversation:
    """Pictures oldest first, and the number that `it` means."""

    pictures: tuple[Drawn, ...] = ()
    current: int = 0

    def picture(self, number: int) -> Drawn:
        return self.pictures[number - 1]

    def has(self, number: int) -> bool:
        return 1 <= number <= len(self.pictures)

    def after(self, expected: Expectation) -> Conversation:
        if expected.goto:
            return replace(self, current=expected.goto)
        fresh = tuple(self._fresh(expected))
        return Conversation((*self.pictures, *fresh), fresh[-1].number) if fresh else self

    def _fresh(self, expected: Expectation) -> Iterator[Drawn]:
        parent, recipe, count = self._next(expected)
        for index in range(count):
            number = len(self.pictures) + 1 + index
            yield Drawn(number, parent, recipe.patched(Patch(seed=recipe.seed + index)))

    def _next(self, expected: Expectation) -> tuple[int | None, Recipe, int]:
        """Parent, recipe of the first and number of the pictures to come."""
        seed = 1000 * (len(self.pictures) + 1)
        if expected.draw:
            return None, first(expected.draw, seed), expected.draw.count
        if expected.refine:
            target = expected.refine.target
            return target, refined(self.picture(target).recipe, expected.refine, seed), expected.refine.count
        varied = expected.variations or (Varying(target=expected.improved, count=1) if expected.improved else None)
        if varied:
            recipe = self.picture(varied.target).recipe.patched(Patch(seed=seed))
            return varied.target, recipe, varied.counts[-1]
        return None, Recipe(prompt="nothing is drawn"), 0


def first(wish: Drawing, seed: int) -> Recipe:
    settings: dict[str, Any] = {CALLED.get(name, name): value for name, value in wish.settings().items()}
    if size := settings.pop("size", None):
        settings |= {"width": size[0], "height": size[1]}
    worn = [style for style in styles(wish.prompt) if style in SHELF]
    prompt = ", ".join((wish.prompt, *map(trigger, worn)))
    return Recipe.model_validate({"seed": seed, **settings, "prompt": prompt, "loras": tuple(map(lora, worn))})


def refined(recipe: Recipe, change: Refining, seed: int) -> Recipe:
    new = {"seed": seed} if change.new else {}
    directed = {name: _scaled(recipe, name, MORE[name]) for name in change.more if name != "loras"}
    directed |= {name: _scaled(recipe, name, 1 / MORE[name]) for name in change.less if name != "loras"}
    shaped = SHAPED[change.shape] if change.shape else {}
    loras = _loras(recipe, change)
    prompt = _prompt(recipe, change)
    fields = {**directed, **shaped, **new, "loras": loras, "prompt": prompt}
    named = change.patch.model_copy(update={"prompt": None}).model_dump(exclude_none=True)
    return recipe.patched(Patch.model_validate({**fields, **named}))


def trigger(style: str) -> str:
    return f"{style} style"


def lora(style: str) -> LoraUse:
    return LoraUse(name=style, sha256="0" * 64)


def _scaled(recipe: Recipe, name: str, by: float) -> float:
    value = getattr(recipe, name) * by
    match name:
        case "width" | "height":
            return round(value / 8) * 8
        case "num_inference_steps":
            return round(value)
    return value


def _loras(recipe: Recipe, change: Refining) -> tuple[LoraUse, ...]:
    if change.unstyle:
        return ()
    if change.style:
        return tuple(lora(style) for style in meaning(change.style).styles if style in SHELF)
    by = 1.3 if "loras" in change.more else 0.75 if "loras" in change.less else 1.0
    return tuple(use.model_copy(update={"weight": use.weight * by}) for use in recipe.loras)


def _prompt(recipe: Recipe, change: Refining) -> str:
    """The new words, with the style that was there carried along unless it is changed too."""
    worn = styles(recipe.prompt)
    said = change.patch.prompt or without_styles(recipe.prompt)
    kept = [words for style, words in worn.items() if style not in styles(said)]
    if change.style:
        kept = [trigger(style) if style in SHELF else change.style for style in styles(change.style)]
    return ", ".join((said, *(() if change.unstyle else kept)))


def without_styles(prompt: str) -> str:
    return ", ".join(part for part in prompt.split(", ") if not styles(part))
