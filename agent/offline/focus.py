"""What was spoken of last: the things in which a picture differs from the one it was made from."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline.intents import Shown
from agent.offline.lexicon import Lexicon
from agent.offline.phrases import Thing
from agent.offline.reading import read


def focus(shown: Shown, pictures: Sequence[Shown], world: Lexicon) -> frozenset[str]:
    """Names of the things; none where nothing or no single thing changed."""
    before = next((one for one in pictures if one.number == shown.parent), None)
    while before is not None and before.prompt == shown.prompt:
        shown, before = before, next((one for one in pictures if one.number == (before.parent or 0)), None)
    if before is None:
        return frozenset()
    old = {thing.key for thing in _things(before.prompt, world)}
    return frozenset(thing.head for thing in _things(shown.prompt, world) if thing.key not in old)


def _things(prompt: str, world: Lexicon) -> list[Thing]:
    return [phrase for phrase in read(prompt, world) if isinstance(phrase, Thing)]
