"""What a chat model says aloud: reasoning models write their thoughts into the answer, between tags."""

from __future__ import annotations

import re

THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
UNOPENED = re.compile(r"\A(?:(?!<think>).)*?</think>", re.DOTALL)
"""Where the chat template has written the opening tag, the answer has only the closing one."""
TAG = "<think>"


def aloud(text: str) -> str:
    """The text without thoughts."""
    return THOUGHT.sub("", UNOPENED.sub("", text)).strip()


def aloud_so_far(text: str) -> str:
    """The part of a growing text that is sure to be said aloud: it never shrinks while only the end grows."""
    said = THOUGHT.sub("", text)
    held = next((n for n in range(len(TAG) - 1, 0, -1) if said.endswith(TAG[:n])), 0)
    return said[: len(said) - held].lstrip()
