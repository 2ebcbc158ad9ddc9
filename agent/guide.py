"""Whose shapes a drawing follows: the user's own picture, or a reference that shows what is drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from agent.wish import Wish
from knowledge.base import Hit
from knowledge.picture import Citation
from knowledge.recipe import LineControl
from knowledge.records import Reference
from tools.mentions import mentions

SUBJECT_END = re.compile(r",|\.|\b(?:against|at|beside|by|for|from|in|of|on|over|to|under|with)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Guide:
    """No `image_id` where nothing guides; `why` says so in a line for people."""

    why: str
    image_id: str | None = None
    citations: tuple[Citation, ...] = ()


def guide(wish: Wish, hits: Sequence[Hit], prompt: str) -> Guide:
    if wish.control is None:
        return Guide("none: the drawing starts from your picture" if wish.reference_id else "none: not asked for")
    if wish.reference_id:
        return Guide(f"{_shapes(wish.control)} of your picture", wish.reference_id)
    for hit in hits:
        if isinstance(hit.record, Reference) and mentions(prompt, subject_of(hit.record.caption)):
            gave = _shapes(wish.control)
            return Guide(f"{gave} of the reference {hit.record.caption!r}", hit.record.image_id, (hit.cited(gave),))
    return Guide("none: no reference that shows this was retrieved")


def _shapes(control: str) -> str:
    kind = control.partition(":")[0]
    return f"{kind} {'edges' if kind in get_args(LineControl) else 'map'}"


def subject_of(caption: str) -> str:
    """What a picture shows: the last word before its caption's first preposition; none where it begins with one."""
    said = SUBJECT_END.split(caption, maxsplit=1)[0].split()
    return said[-1] if said else ""
