"""Systems that draw the same prompts with the same seeds: which parts of the workflow each of them uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from agent.wish import Wish
from benchmarks.faithful.prompts import Task

Part = Literal["rewrite", "text", "images", "lora", "control", "critique", "edit"]
PARTS: tuple[Part, ...] = get_args(Part)
CALLED: dict[Part, str] = {
    "rewrite": "rewrite",
    "text": "retrieve text",
    "images": "retrieve images",
    "lora": "LoRA",
    "control": "control",
    "critique": "critique",
    "edit": "conversation",
}
TRIES = 4
"""Drafts at most, where there is a critique."""
SKETCHED = "scribble:none"
"""The control that follows a sketch as it is."""
Critics = Literal["judge", "CLIP"]


@dataclass(frozen=True)
class System:
    """Which `parts` are on; without `edit` what is said later is drawn as if it had been said at once."""

    name: str
    parts: frozenset[Part]
    critics: Critics = "judge"

    def wish(self, task: Task, sketch_id: str | None) -> Wish:
        """In the fields that users have."""
        drawn_by = self._has("control") and sketch_id is not None
        return Wish(
            prompt=", ".join(filter(None, (task.prompt, task.edit))),
            model="picturebook",
            seed=task.seed,
            retrieve=self._has("rewrite", "text", "images"),
            rewrite=self._has("rewrite"),
            references=self._has("images"),
            collections=tuple(self._collections(task)),
            pinned=True,
            style=self._has("lora"),
            control=SKETCHED if drawn_by else None,
            reference_id=sketch_id if drawn_by else None,
            tries=TRIES if self._has("critique") else 1,
        )

    def talks(self, task: Task) -> bool:
        return bool(task.edit) and self._has("edit")

    def _has(self, *parts: Part) -> bool:
        return not self.parts.isdisjoint(parts)

    def _collections(self, task: Task) -> Iterator[str]:
        if self._has("text"):
            yield "lore"
        if task.database and self._has("text", "images"):
            yield task.database
        elif self._has("images"):
            yield "references"


BASE = System("base", frozenset())
ALL = System("all", frozenset(PARTS))
NEEDED: dict[Part, tuple[Part, ...]] = {"text": ("rewrite",)}
"""What a part alone needs: what was read about a word changes nothing unless it may change the prompt."""


def alone(part: Part) -> System:
    return System(f"+ {CALLED[part]}", frozenset((part, *NEEDED.get(part, ()))))


def without(part: Part) -> System:
    return System(f"all - {CALLED[part]}", ALL.parts - {part})


INDEPENDENT = System("all, chosen by CLIP", ALL.parts, "CLIP")
"""Drafts are chosen by another critic than the judge that counts: it cannot please itself."""
SYSTEMS = (BASE, *map(alone, PARTS), *map(without, PARTS), INDEPENDENT, ALL)
