"""What a person may mean, as values: what is done with them is up to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Topic = Literal["changed", "compare", "hello", "help", "nothing", "settings", "thanks", "why"]


@dataclass(frozen=True)
class Worn:
    """A LoRA of a shown picture."""

    name: str
    weight: float = 1.0
    triggers: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True)
class Shown:
    """One picture of the conversation; `number` counts from 1, `parent` is the number of what it was made from."""

    number: int
    prompt: str
    parent: int | None = None
    negative_prompt: str = ""
    seed: int = 0
    width: int = 128
    height: int = 128
    num_inference_steps: int = 20
    guidance_scale: float = 4.0
    scheduler: str = "euler"
    loras: tuple[Worn, ...] = ()
    picture_id: str = ""


@dataclass(frozen=True)
class NewWish:
    """`options` are arguments of the tool `draw`."""

    prompt: str
    count: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """
    `patch` holds fields of the recipe, `keep` the things that shall not move, `only` those that alone
    may, `style` the words to pick a LoRA by.

    `strength` is how much heavier the style shall weigh, `fresh` whether the seed shall be new.
    """

    target: int
    patch: Mapping[str, Any] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    style: str | None = None
    unstyle: bool = False
    count: int = 1
    strength: float = 0.0
    fresh: bool = False
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class GoTo:
    target: int


@dataclass(frozen=True)
class Variations:
    target: int
    count: int


@dataclass(frozen=True)
class Merge:
    """One picture with what was changed in either of two."""

    one: int
    other: int


@dataclass(frozen=True)
class Ask:
    question: str


@dataclass(frozen=True)
class Tell:
    topic: Topic
    targets: tuple[int, ...] = ()


Intent = NewWish | Change | GoTo | Merge | Variations | Ask | Tell
