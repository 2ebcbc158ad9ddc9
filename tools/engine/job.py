"""One request on its way: what is asked for, and the news of it, from the engine's thread to the caller's."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from PIL import Image

from knowledge.problems import TryAgain
from knowledge.recipe import Recipe
from tools.call import Call
from tools.renderer import Cancelled, Rendered

PATIENCE = 0.1
"""Seconds."""


@dataclass(frozen=True)
class Stepped:
    """So many of so many denoising steps are done; the preview is made where somebody looks at it."""

    done: int
    of: int
    preview: Image.Image | None = None

    def show(self, call: Call) -> None:
        if call.on_progress is not None:
            call.on_progress(self.done, self.of)
        if call.on_preview is not None and self.preview is not None:
            call.on_preview(self.preview)


@dataclass(frozen=True, eq=False)
class Job:
    """
    `images` are the recipe's own by id, at the recipe's size, and `whole` the same at theirs, where they are needed.

    `started` is `time.monotonic()`'s.
    """

    recipe: Recipe
    images: dict[str, Image.Image] = field(default_factory=dict)
    call: Call = field(default_factory=Call)
    whole: dict[str, Image.Image] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    """Of what draws it, known when it begins."""
    started: float = field(default_factory=time.monotonic)
    _abandoned: threading.Event = field(default_factory=threading.Event, init=False)
    _news: SimpleQueue[Stepped | Rendered | BaseException] = field(default_factory=SimpleQueue, init=False)

    def tell(self, news: Stepped | Rendered | BaseException) -> None:
        self._news.put(news)

    def check(self) -> None:
        """Raise `Cancelled` if nobody waits for it any more, `TryAgain` if it is too late."""
        if self.call.cancelled.is_set() or self._abandoned.is_set():
            raise Cancelled("The drawing was cancelled.")
        within = self.call.asked.within
        if within is not None and time.monotonic() > self.started + within:
            raise TryAgain(f"There was no time to draw it within {within:g} s: allow more or ask later.")

    def rendered(self, image: Image.Image, began: float) -> Rendered:
        """Now done, with how long it waited and the model loaded, and how long it was drawn."""
        seconds = {"load": began - self.started, "draw": time.monotonic() - began}
        return Rendered(image, seconds, self.versions)

    def outcome(self) -> Rendered:
        """Wait for the picture; the call's `on_progress` and `on_preview` run here, in the caller's thread."""
        try:
            while True:
                match self._next():
                    case Rendered() as rendered:
                        return rendered
                    case Stepped() as stepped:
                        stepped.show(self.call)
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
