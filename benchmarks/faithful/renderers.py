"""Around the real renderer and critic: nothing is done twice, even after a kill; and what is asked for is counted."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from PIL.Image import Image

from agent.late_renderer import LateRenderer
from knowledge.data_folder import write_whole
from knowledge.image_files import encode_plain, open_image
from knowledge.recipe import Recipe
from tools.call import Call
from tools.critique import Critic, Verdict
from tools.renderer import Rendered


@dataclass(frozen=True)
class KeptRenderer(LateRenderer):
    """Whoever asks for the same recipe gets the same drawing; `weights` is the hash of what that recipe is drawn by."""

    folder: Path
    weights: Callable[[Recipe], str]
    _going: dict[str, Future[Rendered]] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        key = hashlib.sha256(f"{recipe.hash} {self.weights(recipe)}".encode()).hexdigest()
        with self._lock:
            other = self._going.get(key)
            mine = self._going.setdefault(key, Future())
        if other is not None:
            return other.result()
        try:
            drawn = self._kept(self.folder / f"{key}.png", recipe, call)
        except BaseException as problem:
            mine.set_exception(problem)
            raise
        else:
            mine.set_result(drawn)
            return drawn
        finally:
            with self._lock:
                del self._going[key]

    def _kept(self, path: Path, recipe: Recipe, call: Call) -> Rendered:
        if path.is_file():
            return Rendered(open_image(path), {}, {})
        drawn = super().render(recipe, call)
        write_whole(path, encode_plain(drawn.image))
        return drawn


@dataclass(frozen=True)
class CountingRenderer(LateRenderer):
    asked: list[Recipe] = field(default_factory=list)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        self.asked.append(recipe)
        return super().render(recipe, call)


@dataclass(frozen=True)
class CountingCritic:
    critic: Critic
    asked: list[str] = field(default_factory=list)

    @property
    def looks(self) -> int:
        return self.critic.looks

    def look(self, image: Image, wish: str, prompt: str) -> Sequence[Verdict]:
        self.asked.append(wish)
        return self.critic.look(image, wish, prompt)


@dataclass(frozen=True)
class KeptCritic:
    """Looks at nothing twice: systems choose among the same drafts."""

    critic: Critic
    _known: dict[str, Sequence[Verdict]] = field(default_factory=dict, init=False, repr=False)

    @property
    def looks(self) -> int:
        return self.critic.looks

    def look(self, image: Image, wish: str, prompt: str) -> Sequence[Verdict]:
        key = hashlib.sha256(f"{wish}|{prompt}|".encode() + image.tobytes()).hexdigest()
        if key not in self._known:
            self._known[key] = self.critic.look(image, wish, prompt)
        return self._known[key]


def shape(recipe: Recipe) -> str:
    """What it takes to draw it: recipes of one shape cost the same."""
    used: Iterable[str] = (
        *("LoRA" for _ in recipe.loras),
        *(use.kind for use in recipe.controls),
        *("reference" for _ in recipe.references),
        *(("start",) if recipe.init_image_id else ()),
    )
    return "+".join(sorted(used)) or "plain"
