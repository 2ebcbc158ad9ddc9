"""What is said without anything a face would fetch or follow: what a text planted may leave by no picture or link."""

from __future__ import annotations

import re

LINK = "(a link)"
FETCHED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<(?!(?:lora|lyco):[\w:., =-]*>)[a-z/!][^>]*(?:>|\Z)", re.IGNORECASE), ""),
    (re.compile(r"^ {0,3}\[[^\]]*\]:.*$", re.MULTILINE), ""),
    (re.compile(r"!?\[([^\]]*)\](?:\([^)]*(?:\)|\Z)|\[[^\]]*(?:\]|\Z))"), r"\1"),
    (re.compile(r"(?:[a-z][a-z0-9+.-]{0,20}:)?[/\\]{2}[^\s/]\S*|\bhttps?:\S+|\bwww\.\S+", re.IGNORECASE), LINK),
)
"""
HTML, but for the way prompts write their LoRAs; where Markdown says what its references mean; its pictures and links;
addresses. And what stays of each.
"""
LAST = re.compile(r"\S+\Z")
OPEN = re.compile(r"!?\[[^\]]*(?:\Z|\](?:\Z|[(\[][^)\]]*\Z))|<(?:\Z|[a-zA-Z/!][^>]*\Z)")
"""The end of a growing text that may become one of these."""


def plain(text: str) -> str:
    """Words as they are; the picture or link they stood for is gone."""
    before = None
    while before != text:
        before = text
        for pattern, rest in FETCHED:
            text = pattern.sub(rest, text)
    return text


def plain_so_far(text: str) -> str:
    """The part of a growing text that nothing after it can turn into a picture or a link."""
    for unsure in (LAST, OPEN):
        if found := unsure.search(text):
            text = text[: found.start()]
    return plain(text)
