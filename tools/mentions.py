"""Where a text mentions a phrase: whole words, in any case, in the singular or the plural."""

from __future__ import annotations

import re
from collections.abc import Sequence

Span = tuple[int, int]
"""The first letter of a mention, and the letter after its last."""


def mentions(text: str, phrase: str) -> list[Span]:
    """Every mention, left to right. Any space, hyphen or apostrophe may part the phrase's words."""
    words = re.findall(r"[^\W_]+", phrase)
    if not words:
        return []
    pattern = r"[\s_'’-]+".join((*map(re.escape, words[:-1]), either_number(words[-1])))
    return [match.span() for match in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", text, re.IGNORECASE)]


def either_number(word: str) -> str:
    """A pattern of the word and its regular plural or singular."""
    forms = {word, f"{word}s", f"{word}es"}
    if re.search(r"[^aeiou]y$", word, re.IGNORECASE):
        forms.add(f"{word[:-1]}ies")
    if len(word) > 3 and word[-1] in "sS" and word[-2] not in "sS":
        forms.add(word[:-1])
    return f"(?:{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})"


def first_mention(text: str, phrases: Sequence[str]) -> str | None:
    """The longest of the phrases that the text mentions."""
    return next((phrase for phrase in sorted(phrases, key=len, reverse=True) if mentions(text, phrase)), None)


def overlaps(span: Span, others: Sequence[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)
