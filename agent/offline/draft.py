"""A change while it is being understood: the prompt and the other fields as they are after each clause."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.offline.intents import Change, Shown
from agent.offline.lexicon import Lexicon
from agent.offline.options import Option
from agent.offline.repainting import repainted
from agent.offline.targets import View


@dataclass
class Draft:
    shown: Shown
    world: Lexicon
    prompt: str
    negative: str
    focus: frozenset[str] = frozenset()
    kept: list[str] = field(default_factory=list)
    patch: dict[str, Any] = field(default_factory=dict)
    style: str | None = None
    unstyle: bool = False
    strength: float = 0.0
    count: int = 1
    fresh: bool = False
    again: bool = False
    """Whether only another try was asked for."""
    _seen: View | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, shown: Shown, world: Lexicon, focus: frozenset[str] = frozenset()) -> Draft:
        return cls(shown, world, shown.prompt, shown.negative_prompt, focus)

    @property
    def view(self) -> View:
        kept, seen = frozenset(self.kept), self._seen
        if seen is None or (seen.prompt, seen.focus, seen.kept) != (self.prompt, self.focus, kept):
            self._seen = seen = View(self.prompt, self.world, self.focus, kept)
        return seen

    def set(self, option: Option) -> None:
        self.patch |= option.patch
        self.fresh = self.fresh or option.fresh

    def avoid(self, what: str) -> None:
        """Adds to the negative prompt what is not there yet."""
        there = [part.strip().lower() for part in self.negative.split(",")]
        if what.lower() not in there:
            self.negative = f"{self.negative.rstrip(' ,')}, {what}".lstrip(" ,")

    def keep(self, names: tuple[str, ...]) -> None:
        self.kept += [name for name in names if name not in self.kept]

    @property
    def difference(self) -> dict[str, Any]:
        """The texts that are not what they were, and the settings that were named."""
        texts = {"prompt": self.prompt, "negative_prompt": self.negative}
        said = {name: text for name, text in texts.items() if text != getattr(self.shown, name)}
        if not self.prompt.strip(" ,.()[]"):  # nothing would be left to draw
            said.pop("prompt", None)
        return said | self.patch

    @property
    def changes(self) -> bool:
        return bool(self.difference or self.style or self.unstyle or self.strength or self.fresh)

    def _alone(self) -> tuple[str, ...]:
        more = self.style or self.unstyle or self.strength or self.fresh or self.count > 1
        if more or self.difference.keys() != {"prompt"}:
            return ()
        return repainted(self.shown.prompt, self.prompt, self.world)

    def change(self) -> Change:
        return Change(
            target=self.shown.number,
            patch=self.difference,
            keep=tuple(self.kept),
            only=self._alone(),
            style=self.style,
            unstyle=self.unstyle,
            count=self.count,
            strength=self.strength,
            fresh=self.fresh,
        )
