"""What travels between a program and the process that draws for it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import Any, Literal

from knowledge.problems import Problem
from knowledge.recipe import Recipe
from tools.call import Asked, Call
from tools.engine.job import Stepped
from tools.renderer import Cancelled

About = Literal["attended", "controls", "family", "hit_rates", "looks", "side", "tokens"]
"""The methods of a `Renderer` that draw nothing."""


class Unforeseen(Exception):
    """What broke in the process that draws, by type and text; where it broke is a note, for the log."""


@dataclass(frozen=True)
class Draw:
    recipe: Recipe
    asked: Asked
    previews: bool

    @property
    def model(self) -> str:
        return self.recipe.model


@dataclass(frozen=True)
class Ask:
    about: About
    model: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Question:
    number: int
    what: Draw | Ask


@dataclass(frozen=True)
class Stop:
    """Nobody waits for the answer any more."""

    number: int


@dataclass(frozen=True)
class Looked(Stepped):
    """The preview of a step that was told before."""

    def show(self, call: Call) -> None:
        if call.on_preview is not None and self.preview is not None:
            call.on_preview(self.preview)


@dataclass(frozen=True)
class Failure:
    """An exception in words: itself it may not be picklable, or need libraries that only the other side has."""

    kind: type[Problem] | type[Cancelled] | None
    words: str
    more: dict[str, Any] = field(default_factory=dict)
    trace: str = ""

    @classmethod
    def of(cls, problem: BaseException) -> Failure:
        if isinstance(problem, Problem | Cancelled):
            return cls(type(problem), str(problem), vars(problem))
        trace = "".join(traceback.format_exception(problem))
        return cls(None, f"{type(problem).__name__}: {problem}", trace=trace)

    def problem(self) -> BaseException:
        """A new one at each call: what two threads raise must not be one."""
        if self.kind is None:
            broken = Unforeseen(self.words)
            broken.add_note(self.trace)
            return broken
        # not by its own __init__, which may ask for more than the words
        known = self.kind.__new__(self.kind, self.words)
        vars(known).update(self.more)
        return known


@dataclass(frozen=True)
class Began:
    """The renderer is made, or cannot be."""

    failure: Failure | None = None


@dataclass(frozen=True)
class Told:
    number: int
    news: Stepped


@dataclass(frozen=True)
class Ended:
    """What a method of the `Renderer` returned or raised."""

    number: int
    answer: Any
