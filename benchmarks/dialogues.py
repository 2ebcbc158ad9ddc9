"""Dialogues as they are kept: what was said at each turn, and what is right to do then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from knowledge.recipe import Patch, Recipe, Value

FOLDER = Path(__file__).parent.parent / "tests" / "dialogues"
Measured = Literal["guidance_scale", "height", "loras", "num_inference_steps", "width"]
"""Fields of a recipe that can be more or less; of LoRAs, their weights."""
Shape = Literal["landscape", "portrait", "square"]
Number = Annotated[int, Field(ge=1)]
"""Of a picture, counted through the conversation from 1."""
Count = Annotated[int, Field(ge=1, le=4)]


class Drawing(Value):
    """A new wish with the settings it names, by the names the draw tool has for them."""

    prompt: str
    count: Count = 1
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    scheduler: str | None = None
    size: tuple[int, int] | None = None
    negative_prompt: str = ""

    def settings(self) -> dict[str, Any]:
        return {name: value for name, value in self.chosen().items() if name not in ("prompt", "count")}


class Refining(Value):
    """One picture drawn once more: `patch` exactly, or any value in a direction; all that is not named stays."""

    target: Number
    patch: Patch = Patch()
    more: tuple[Measured, ...] = ()
    less: tuple[Measured, ...] = ()
    shape: Shape | None = None
    new: tuple[Literal["seed"], ...] = ()
    style: str | None = None
    unstyle: bool = False
    keep: tuple[str, ...] = ()
    may_keep: tuple[str, ...] = ()
    count: Count = 1

    @property
    def named(self) -> frozenset[str]:
        """The recipe's fields that may change."""
        styled = ("prompt", "loras") if self.style or self.unstyle else ()
        sides = ("width", "height") if self.shape else ()
        return frozenset((*self.patch.model_fields_set, *self.more, *self.less, *self.new, *styled, *sides))


class Varying(Value):
    """New seeds and nothing else; a pair is the fewest and the most."""

    target: Number
    count: Count | tuple[Count, Count]

    @property
    def counts(self) -> range:
        low, high = (self.count, self.count) if isinstance(self.count, int) else self.count
        return range(low, high + 1)


class Expectation(Value):
    """Exactly one of these; `improved` is anything that draws from that picture and takes nothing away."""

    draw: Drawing | None = None
    refine: Refining | None = None
    variations: Varying | None = None
    goto: Number | None = None
    improved: Number | None = None
    ask: Literal[True] | None = None
    tell: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_alone(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("expect exactly one of " + ", ".join(type(self).model_fields))
        return self

    @property
    def kind(self) -> str:
        """What it is counted under."""
        (kind,) = self.model_fields_set
        if self.refine is None:
            return kind
        named = sorted(self.refine.named - ({"prompt", "loras"} if self.refine.style or self.refine.unstyle else set()))
        return " ".join((kind, *named, *("style",) * bool(self.refine.style or self.refine.unstyle)))


def _listed(expected: object) -> object:
    return [expected] if isinstance(expected, Mapping) else expected


class Turn(Value):
    """What was said; any one of the expectations is right, and the conversation goes on as the first has it."""

    say: Annotated[str, Field(min_length=1)]
    expect: Annotated[tuple[Expectation, ...], Field(min_length=1), BeforeValidator(_listed)]


class Dialogue(Value):
    name: str
    turns: Annotated[tuple[Turn, ...], Field(min_length=2, max_length=8)]


def dialogues(name: str, folder: Path = FOLDER) -> tuple[Dialogue, ...]:
    """Those of one file, `known` or `held_out`, one JSON object a line."""
    lines = (folder / f"{name}.jsonl").read_text("utf-8").splitlines()
    return tuple(Dialogue.model_validate_json(line) for line in lines)


def prompts(dialogue: Dialogue) -> tuple[str, ...]:
    """Every prompt that a turn of it expects."""
    expected = [expectation for turn in dialogue.turns for expectation in turn.expect]
    wished = [one.draw.prompt for one in expected if one.draw]
    return (*wished, *(one.refine.patch.prompt for one in expected if one.refine and one.refine.patch.prompt))


def shape_of(recipe: Recipe) -> Shape:
    if recipe.width == recipe.height:
        return "square"
    return "landscape" if recipe.width > recipe.height else "portrait"
