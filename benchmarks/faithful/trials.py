"""What became of one prompt drawn by one system, and where that is kept, so that a kill loses little."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from picturebook.scene import Scene


@dataclass(frozen=True)
class Trial:
    """
    `seen` is what the judge reads in the picture; where none was drawn it is None, and `fault` says why.

    `shapes` are of the recipes that were drawn for it, `looks` those of its critic; `seconds` are of the processor,
    for all but drawing and looking. `followed` is how well it follows its control, `moved` how many pixels differ that
    were to stay.
    """

    seen: Scene | None = None
    fault: str = ""
    shapes: tuple[str, ...] = ()
    looks: int = 0
    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    referred: bool = False
    followed: float | None = None
    moved: int | None = None

    @property
    def renders(self) -> int:
        return len(self.shapes)


TRIALS = TypeAdapter(Trial)


@dataclass(frozen=True)
class TrialBook:
    """A file to which a line is added as soon as a trial is done; the torn line of a kill is not read."""

    path: Path
    _known: dict[str, Trial] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._known.update(self._lines())

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def __getitem__(self, key: str) -> Trial:
        return self._known[key]

    def add(self, key: str, trial: Trial) -> None:
        line = json.dumps({"key": key, "trial": TRIALS.dump_python(trial, mode="json")}, ensure_ascii=False)
        with self._lock:
            self._known[key] = trial
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"\n{line}")  # begun anew also after a line that a kill tore

    def _lines(self) -> Iterator[tuple[str, Trial]]:
        for line in self.path.read_text("utf-8").splitlines() if self.path.is_file() else ():
            try:
                said = json.loads(line)
                yield said["key"], TRIALS.validate_python(said["trial"])
            except (ValueError, KeyError, TypeError, ValidationError):
                continue
