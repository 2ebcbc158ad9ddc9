"""Pictures told by their looks: 'the blue one', 'the version without the hat'."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.offline import english
from agent.offline.intents import Shown
from agent.offline.tokens import key_of
from tools.nouns import one

TELLING = english.words(
    "with in on at when was style version picture where it still had has there were is that which the one ones image "
    "drawing without we i before added changed made all only just and of a an he she they looked so wore a and be been "
    "painting had't colour coloured looking"
)
"""What tells of a picture without being in its prompt."""
LOOK = (
    r"the (?P<look>(?!first|second|third|last|latest|left|right|other|previous|old)(?:[\w'-]+ "
    r"){1,3}?)(?:one|version|picture|image|drawing|style|painting)"
)
WITH = r"the (?:one|version|picture|image|drawing) (?P<look>(?:with|without|in|on|at|where|when|that) [\w' -]+?)"
SHOW = (
    r"(?:(?:show|bring|give|get|let)(?: (?:me|us|up|back))*|(?:i|we)(?:'d)? (?:want|like|"
    r"prefer)(?: to see)?|go (?:back )?to|return to|take|use|see)"
)
RECALLING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for look in (LOOK, WITH)
    for pattern in (
        rf"{SHOW} {look},?(?: (?:again|back|once more|from before|please|up))+",
        rf"(?:i|we) (?:preferred|liked|loved|miss|want back)(?: it)? {look}(?: (?:better|best|more|"
        rf"most|again|though))*",
        rf"{look} (?:was|looked|is) (?:\w+ )?(?:better|nicer|best|good|great|lovelier|prettier|fine|my favourite)",
        rf"(?:go |back |return |revert |jump |switch )+to {look}(?: again)?",
        rf"(?:bring|get|give|take)(?: me| us)? back {look}",
    )
)


def recalled(said: str, pictures: Sequence[Shown], current: int) -> int | None:
    """Another picture than this one, told by its looks: 'show me the blue one again', 'I preferred the glass one'."""
    found = next((match for pattern in RECALLING if (match := pattern.fullmatch(said.strip(" .!?,")))), None)
    if found is None:
        return None
    return described(found["look"].split(), [shown for shown in pictures if shown.number != current])


def described(rest: Sequence[str], pictures: Sequence[Shown]) -> int | None:
    """The latest picture whose prompt or style has all these words."""
    absent = rest[rest.index("without") + 1 :] if "without" in rest else []
    wanted = {one(key) for key in rest if key not in TELLING and key not in absent and key.isalnum()}
    missing = {one(key) for key in absent if key not in TELLING}
    for shown in reversed(pictures):
        styles = " ".join(lora.name for lora in shown.loras)
        there = {one(word) for word in key_of(f"{shown.prompt} {styles}").split()}
        if (wanted or missing) and wanted <= there and not missing & there:
            return shown.number
    return None
