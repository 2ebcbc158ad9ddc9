"""What a prompt was and what it became, in one line: [-what went-] and {+what came+}, as wdiff writes it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator


def marked(before: str, after: str) -> str:
    return written(list(_parts(pieces(before), pieces(after))))


def pieces(prompt: str) -> list[str]:
    """Words, each with the signs that touch it; commas stand alone, so that a word before one is still the same."""
    return re.findall(r",|[^\s,]+", prompt)


def written(parts: list[str]) -> str:
    return re.sub(r" ,", ",", " ".join(parts))


def _parts(old: list[str], new: list[str]) -> Iterator[str]:
    for kind, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = written(old[start:end]), written(new[first:last])
        if kind == "equal":
            yield come
            continue
        if gone:
            yield f"[-{gone}-]"
        if come:
            yield f"{{+{come}+}}"
