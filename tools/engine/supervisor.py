"""The `Renderer` in a process of its own: what brings that process down costs a start, and nobody's picture."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from PIL.Image import Image

from knowledge.recipe import ControlKind, Recipe
from tools.call import Call
from tools.engine.job import Job
from tools.engine.messages import About, Ask, Draw
from tools.engine.supervision import START_WITHIN, Supervision
from tools.renderer import Attended, Rendered, Renderer


@dataclass(frozen=True)
class SupervisedRenderer:
    """
    Draws what the renderer that `make` makes would draw here, byte for byte, for any number of threads.

    `make` is pickled: a function of a module, or a `partial` of one with arguments that can be pickled. The process is
    started when it is first needed, and ends with this one. An order that alone brought it down three times is given
    up. Its renderer must be made within `start_within` seconds; after that it is never taken to hang, because nobody
    can tell that from loading a large model: callers have `cancelled` and `within`, and to kill it is harmless.
    """

    make: Callable[[], Renderer]
    start_within: float = START_WITHIN
    _supervision: Supervision = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_supervision", Supervision(pickle.dumps(self.make), self.start_within))

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._supervision.pid

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        job = Job(recipe, {}, call)
        job.check()
        # the time is kept here, where starting again counts too
        asked = replace(call.asked, within=None)
        with self._supervision.ordered(Draw(recipe, asked, call.on_preview is not None), job.tell):
            return job.outcome()

    def family(self, model: str) -> str:
        return self._answer("family", model, model)

    def tokens(self, model: str, prompt: str) -> tuple[int, int]:
        return self._answer("tokens", model, model, prompt)

    def controls(self, model: str) -> tuple[ControlKind, ...]:
        return self._answer("controls", model, model)

    def looks(self, model: str) -> bool:
        return self._answer("looks", model, model)

    def side(self, model: str) -> int:
        return self._answer("side", model, model)

    def hit_rates(self) -> Mapping[str, float]:
        """Of the process there is now."""
        return {} if self.pid is None else self._answer("hit_rates", "")

    def attended(self, recipe: Recipe, image: Image) -> Sequence[Attended]:
        return self._answer("attended", recipe.model, recipe, image)

    def close(self) -> None:
        """Ends the process; whoever waits, or asks later, is told that drawing was cancelled."""
        self._supervision.close()

    def _answer(self, about: About, model: str, *arguments: Any) -> Any:
        future: Future[Any] = Future()
        with self._supervision.ordered(Ask(about, model, arguments), partial(settle, future)):
            return future.result()


def settle(future: Future[Any], answer: object) -> None:
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
