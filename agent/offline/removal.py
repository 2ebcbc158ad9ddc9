"""Taking a phrase out of a prompt together with the small words and commas that only served it."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import english
from agent.offline.phrases import Phrase, Style, Thing

OWNED = english.words("with wearing holding of has have carrying dressed made")
"""What follows after one of these belongs to the thing before it, and goes with it."""


def removed(prompt: str, phrase: Phrase, phrases: Sequence[Phrase]) -> str:
    at = next(place for place, one in enumerate(phrases) if one.start == phrase.start)
    phrase = phrases[at]
    start, end = phrase.start, phrase.end
    nexts = list(phrases[at + 1 :])
    while isinstance(phrase, Thing) and nexts and nexts[0].lead and nexts[0].lead[0].key in OWNED:
        if not _together(prompt, end, nexts[0].lead[0].start):
            break
        end = nexts.pop(0).end
    start, end = _bracketed(prompt, start, end)
    tied = phrase.lead[0].start if phrase.lead and phrase.lead[0].start < start else None
    if tied is not None and (at or prompt[:tied].strip()):
        return prompt[:tied].rstrip(" ,") + prompt[end:]
    follower = nexts[0] if nexts and _together(prompt, end, (nexts[0].lead or nexts[0].words)[0].start) else None
    if follower is not None:
        return _before_follower(prompt, start, end, follower, phrases[at - 1] if at else None)
    return _segment(prompt, tied if tied is not None else start, end)


def _together(prompt: str, end: int, start: int) -> bool:
    """No sign stands between these places."""
    return not prompt[end:start].strip()


def _before_follower(prompt: str, start: int, end: int, follower: Phrase, before: Phrase | None) -> str:
    comma = prompt[:start].rstrip()
    if follower.lead and isinstance(before, Thing) and comma.endswith(","):  # 'A, B and C' without B is 'A and C'
        return comma[:-1] + prompt[end:]
    keeps_lead = not isinstance(follower, Thing | Style)
    place = (follower.lead or follower.words)[0] if keeps_lead else follower.words[0]
    return prompt[:start] + prompt[place.start :]


def _segment(prompt: str, start: int, end: int) -> str:
    """All between two commas, and one of them."""
    before, after = prompt[:start].rstrip(), prompt[end:].lstrip()
    if before.endswith(","):
        return before[:-1].rstrip() + prompt[end:]
    if after.startswith(",") and not before:
        return prompt[:start] + after[1:].lstrip()
    return prompt[:start].rstrip() + prompt[end:]


def _bracketed(prompt: str, start: int, end: int) -> tuple[int, int]:
    """With the brackets and the weight that are around just these words."""
    before, after = prompt[:start].rstrip(), prompt[end:].lstrip()
    while before.endswith(("(", "[")):
        close = ")" if before[-1] == "(" else "]"
        weight = after[1:].split(close)[0] if after.startswith(":") else ""
        inner = after[1 + len(weight) :] if after.startswith(":") and _is_weight(weight) else after
        if not inner.startswith(close):
            break
        start, end = len(before) - 1, len(prompt) - len(inner) + 1
        before, after = prompt[:start].rstrip(), prompt[end:].lstrip()
    return start, end


def _is_weight(text: str) -> bool:
    return text.strip().lstrip("-").replace(".", "", 1).isdecimal()
