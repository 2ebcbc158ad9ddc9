"""Signs that a turn was misread, whose change would put into the prompt what no picture shows."""

from __future__ import annotations

from collections import Counter

from agent.offline import english
from agent.offline.draft import Draft
from agent.offline.targets import View
from agent.offline.tokens import keys, tokens

SPOKEN = english.words(
    "i i'd i'll i'm i've we we'd we're you you'd you're was were be would could should shall might must need needs not "
    "now don't doesn't didn't isn't can't won't why what how because please instead again enough rather wanted undo "
    "guidance cfg sampler scheduler"
)
"""Said of pictures and to one another; hardly ever seen."""
QUOTES = frozenset('"“”„«»')
"""Around what is to be written in the picture, as it is said."""


def misread(draft: Draft, text: str) -> bool:
    """Whether words of talk would come into a prompt, or 'the tree' where there is a tree already."""
    return not QUOTES & set(text) and (_talks(draft) or _doubles(draft))


def _talks(draft: Draft) -> bool:
    shown = draft.shown
    pairs = ((shown.prompt, draft.prompt), (shown.negative_prompt, draft.negative))
    return any(SPOKEN & (_words(after) - _words(before)).keys() for before, after in pairs)


def _words(prompt: str) -> Counter[str]:
    return Counter(keys(tokens(prompt)))


def _doubles(draft: Draft) -> bool:
    before = _heads(View(draft.shown.prompt, draft.world))
    after = _heads(draft.view)
    known = {thing.head for thing in draft.view.things if keys(thing.determiners[:1]) == ("the",)}
    return any(after[head] > before[head] > 0 for head in known)


def _heads(view: View) -> Counter[str]:
    return Counter(thing.head for thing in view.things)
