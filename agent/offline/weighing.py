"""How heavily words of a prompt count: '(red:0.8)', made, changed and taken off again."""

from __future__ import annotations

from agent.offline.edits import spliced
from agent.offline.tokens import Token, keys, tokens

LEAST, MOST = 0.1, 2.0


def find(prompt: str, words: tuple[str, ...]) -> tuple[Token, ...]:
    """The first place where the words stand together."""
    found = tokens(prompt)
    for at in range(len(found) - len(words) + 1):
        if keys(found[at : at + len(words)]) == words:
            return found[at : at + len(words)]
    return ()


def weighted(prompt: str, words: tuple[str, ...], step: float) -> str:
    """The words weigh so much more, or less if `step` is negative; a weight of 1 is not written."""
    if not (found := find(prompt, words)):
        return prompt
    start, end, weight = _brackets(prompt, found)
    return _written(prompt, start, end, prompt[found[0].start : found[-1].end], weight + step)


def reweighted(prompt: str, words: tuple[str, ...], weight: float) -> str:
    if not (found := find(prompt, words)):
        return prompt
    start, end, _ = _brackets(prompt, found)
    return _written(prompt, start, end, prompt[found[0].start : found[-1].end], weight)


def _written(prompt: str, start: int, end: int, text: str, weight: float) -> str:
    weight = round(max(LEAST, min(MOST, weight)), 2)
    return spliced(prompt, [(start, end, text if weight == 1 else f"({text}:{weight:g})")])


def _brackets(prompt: str, found: tuple[Token, ...]) -> tuple[int, int, float]:
    start, end = found[0].start, found[-1].end
    after = [token for token in tokens(prompt) if token.start >= end][:3]
    weighed = prompt[:start].endswith("(") and len(after) == 3 and (after[0].text, after[2].text) == (":", ")")
    if weighed and (number := after[1].number) is not None:
        return start - 1, after[2].end, number
    if prompt[:start].endswith("(") and after and after[0].text == ")":
        return start - 1, after[0].end, 1.1
    return start, end, 1.0


def asked(said: str) -> tuple[tuple[str, ...], float] | None:
    """'(silver hair:1.4)' said alone."""
    found = tokens(said)
    if len(found) < 5 or (found[0].text, found[-3].text, found[-1].text) != ("(", ":", ")"):
        return None
    weight = found[-2].number
    return (keys(found[1:-3]), weight) if weight is not None else None
