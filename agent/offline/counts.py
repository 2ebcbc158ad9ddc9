"""Numbers as people write them, and the article before a word."""

from __future__ import annotations

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
LOOSE = {"couple": 2, "pair": 2, "few": 3, "some": 4, "several": 4, "dozen": 12, "both": 2, "single": 1}
ORDINALS = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)  # fmt: skip


def number(key: str) -> int | None:
    """A counting word or whole number; None for other words."""
    if key.isdecimal() and len(key) <= 4:
        return int(key)
    return NUMBERS.index(key) if key in NUMBERS[1:] else None


def ordinal(key: str) -> int | None:
    """'second', '2nd' -> 2; 'last' -> -1."""
    if key == "last" or key == "latest":
        return -1
    if key in ORDINALS[1:]:
        return ORDINALS.index(key)
    return int(key[:-2]) if key[:-2].isdecimal() and key[-2:] in ("st", "nd", "rd", "th") else None


def article(following: str) -> str:
    """'a' or 'an' before these words, by sound as far as letters tell."""
    small = following.lower().lstrip("([{\"'")
    if small.startswith(("uni", "use", "eu", "one", "ukulele")) and not small.startswith("unin"):
        return "a"
    return "an" if small[:1] in tuple("aeiou") or small.startswith(("hour", "heir", "honest")) else "a"
