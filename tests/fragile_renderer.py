"""What is made in a process of its own: a renderer that does to it what the prompt says, and the engine."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from knowledge.problems import GiveUp
from knowledge.recipe import Recipe
from tests.word_renderer import WordRenderer
from tools.call import Call
from tools.engine.waiting_line import Busy
from tools.renderer import Cancelled, Rendered, Renderer

ENDS: Mapping[str, Callable[[], object]] = {
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


@dataclass(frozen=True)
class FragileRenderer(WordRenderer):
    """Its colour is the seed. What it did once, it remembers in `memory`, a folder, beyond the end of its process."""

    memory: Path = Path()
    stopped: threading.Event = field(default_factory=threading.Event)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        match recipe.prompt.split():
            case ["always", end]:
                ENDS[end]()
            case ["once", end] if self._first(recipe):
                ENDS[end]()
            case ["held", "once"] if self._first(recipe):
                self._hold(call)
            case ["held"]:
                self._hold(call)
            case ["after", "it"] if not self.stopped.wait(30):
                raise GiveUp("Nobody was stopped.")
            case ["busy"]:
                raise Busy(64, 7.5)
            case ["broken"]:
                raise LookupError("no such shelf")
        return Rendered(Image.new("RGB", (recipe.width, recipe.height), (recipe.seed, 0, 0)), {}, {})

    def _first(self, recipe: Recipe) -> bool:
        known = self.memory / recipe.hash
        first = not known.exists()
        known.touch()
        return first

    def _hold(self, call: Call) -> None:
        assert call.on_progress is not None
        call.on_progress(1, 2)
        call.cancelled.wait(30)
        self.stopped.set()
        raise Cancelled("The drawing was cancelled.")


def fragile(memory: Path) -> Renderer:
    return FragileRenderer(memory=memory)


def refusing(why: str) -> Renderer:
    raise GiveUp(why)


def ending() -> Renderer:
    os._exit(4)


def hanging() -> Renderer:
    threading.Event().wait()
    raise AssertionError


def engine(models: Path, gallery: Path) -> Renderer:
    # here, so that the others start in a moment
    from knowledge.gallery import Gallery
    from knowledge.lora_files import LoraShelf
    from tools.engine.engine_renderer import EngineRenderer
    from tools.engine.model_files import KnownModel

    known = KnownModel(str(models / "pipeline"), "picturebook", {"canny": str(models / "controlnet-canny")}, 128)
    shelf = LoraShelf((models / "loras",))
    return EngineRenderer(Gallery(gallery).image, shelf.path, {"picturebook": known}, "cpu")
