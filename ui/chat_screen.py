"""A turn drawn in the terminal: words as they come, a bar while it draws, files when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import Progress, TaskID
from rich.text import Text

from ui import telling
from ui.telling import plain
from ui.watching import columns

if TYPE_CHECKING:
    from agent.events import Event

Deliver = Callable[[str], str]
"""Puts the picture with this id where its owner finds it, and says where that is."""


@dataclass
class Screen:
    """`out` is what remains; what moves is drawn on stderr, and only in a terminal."""

    deliver: Deliver
    out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    moving: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    _live: Live | None = None
    _words: str = ""
    _bars: Progress = field(default_factory=lambda: Progress(*columns()))
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def show(self, event: Event) -> None:
        match event.kind:
            case "said" if event.whole:
                self.say(event.text)
            case "said":
                self._words += event.text
                self._move()
            case "called":
                self._start(event.id, event.name, event.arguments)
            case "progressed" if event.id in self._tasks:
                self._bars.update(self._tasks[event.id], completed=event.done, total=event.total)
            case "returned":
                self._returned(event.id, event.result)
            case "ended":
                self.aside(telling.cost(event.cost))
            case "failed":
                self.say(event.problem)

    def say(self, text: str) -> None:
        """Above it nothing may move any more: what moves is wiped away."""
        self.settle()
        for line in text.splitlines():
            self.out.print(plain(line), markup=False)

    def aside(self, text: str) -> None:
        """What few will read, beside what was drawn and said."""
        self.settle()
        self.moving.print(plain(text), style="dim", markup=False, highlight=False, soft_wrap=True)

    def settle(self) -> None:
        """Nothing moves until the next event."""
        if self._live:
            self._live.stop()
        self._live, self._words = None, ""

    def clear(self) -> None:
        """After a turn, however it ended."""
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()
        self.settle()

    def _start(self, id: str, name: str, arguments: Mapping[str, Any]) -> None:
        self.settle()
        what = plain(str(arguments.get("prompt") or (arguments.get("patch") or {}).get("prompt") or name))[:60]
        if not self.moving.is_terminal:
            self.moving.print(f"{name}: {what}" if what != name else name, markup=False)
        self._tasks[id] = self._bars.add_task(what, total=None)
        self._move()

    def _returned(self, id: str, result: Mapping[str, Any]) -> None:
        if id in self._tasks:
            self._bars.remove_task(self._tasks.pop(id))
        self.settle()
        for picture in result.get("pictures", ()):
            changed = ", ".join(map(str, picture["changed"]))
            kept = ", ".join(map(str, picture["kept"]))
            said = [f"changed {changed}"] if changed and picture["parent"] else []
            said += [f"kept {kept}"] if kept else []
            about = f"  ({'; '.join(said)})" if said else ""
            self.say(f"picture {picture['number']}   {self.deliver(picture['picture_id'])}{about}")

    def _move(self) -> None:
        if not self.moving.is_terminal:
            return
        if self._live is None:
            self._live = Live(console=self.moving, transient=True)
            self._live.start()
        self._live.update(Group(self._bars, Text(plain(self._words))) if self._tasks else Text(plain(self._words)))
