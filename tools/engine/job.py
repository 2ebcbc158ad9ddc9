"""One request on its way: what is asked for, and the news of it, from the engine's thread to the caller's."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from PIL import Image

from knowledge.problems import TryAgain
from knowledge.recipe import Recipe
from tools.renderer import Asked, Cancelled, OnProgress, Rendered

PATIENCE = 0.1
"""Seconds."""


@dataclass(frozen=True)
class Stepped:
    """So many of so many denoising steps are done."""

    done: int
    of: int


@dataclass(frozen=True, eq=False)
class Job:
    """`images` are the recipe's own by id, at the recipe's size; `started` is `time.monotonic()`'s."""

    recipe: Recipe
    images: dict[str, Image.Image] = field(default_factory=dict)
    asked: Asked = field(default_factory=Asked)
    cancelled: threading.Event = field(default_factory=threading.Event)
    versions: dict[str, str] = field(default_factory=dict)
    """Of what draws it, known when it begins."""
    started: float = field(default_factory=time.monotonic)
    _abandoned: threading.Event = field(default_factory=threading.Event, init=False)
    _news: SimpleQueue[Stepped | Rendered | BaseException] = field(default_factory=SimpleQueue, init=False)

    def tell(self, news: Stepped | Rendered | BaseException) -> None:
        self._news.put(news)

    def check(self) -> None:
        """Raise `Cancelled` if nobody waits for it any more, `TryAgain` if it is too late."""
        if self.cancelled.is_set() or self._abandoned.is_set():
            raise Cancelled("The drawing was cancelled.")
        if self.asked.within is not None and time.monotonic() > self.started + self.asked.within:
            raise TryAgain(f"There was no time to draw it within {self.asked.within:g} s: allow more or ask later.")

    def rendered(self, image: Image.Image, began: float) -> Rendered:
        """Now done, with how long it waited and the model loaded, and how long it was drawn."""
        seconds = {"load": began - self.started, "draw": time.monotonic() - began}
        return Rendered(image, seconds, self.versions)

    def outcome(self, on_progress: OnProgress | None) -> Rendered:
        """Wait for the picture; `on_progress` runs here, in the caller's thread."""
        try:
            while True:
                match self._next():
                    case Rendered() as rendered:
                        return rendered
                    case Stepped(done, of):
                        if on_progress is not None:
                            on_progress(done, of)
                        self.check()
                    case problem:
                        raise problem
        finally:
            self._abandoned.set()

    def _next(self) -> Stepped | Rendered | BaseException:
        """The engine may be busy with another's model for long: whoever stops or is late meanwhile need not wait."""
        while True:
            try:
                return self._news.get(timeout=PATIENCE)
            except Empty:
                self.check()
