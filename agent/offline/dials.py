"""More or less of what a picture is drawn with: steps, guidance, the weight of its style, its size."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.offline import english
from agent.offline.draft import Draft
from agent.offline.intents import Shown
from agent.offline.options import scaled
from agent.offline.tokens import Token, keys

RAISED = english.words(
    "more higher increase increased raise raised up bump boost boosted crank stronger strengthen "
    "intensify amplify extra "
    "additional double doubled twice heavier bigger larger longer greater enlarge enlarged grow "
    "add push further firmer "
    "tighter stricter closer 2x triple upscale upscaled"
)
LOWERED = english.words(
    "less fewer lower lowered decrease decreased reduce reduced down drop cut weaker weaken soften "
    "softer lighter subtler "
    "tone halve halved half smaller ease shrink gentler milder looser loosen relax freer minus lessen freedom tame calm"
)
HIGH = english.words(
    "strong strongly heavy heavily intense big large huge high long rigid strict literal thick loud obvious much many"
)
LOW = english.words("weak weakly faint subtle small tiny little low few short light loose")
"""States: with 'too' the opposite is asked for, without it the state itself."""
OVERDONE = english.words("overpowering overwhelming overdone exaggerated dominant dominating overkill excessive")
TOO = english.words("too overly excessively")
STEPS = english.words("steps step iterations iteration passes inference")
GUIDANCE = english.words("guidance cfg adherence rigid strict literal loosen looser stricter freedom freer")
SIZE = english.words("size resolution image picture canvas pixels dimensions format drawing res")
STYLE = english.words(
    "style effect look lora feel vibe filter treatment feeling touch aesthetic technique texture styling"
)
FILL = english.words(
    "the a an of it its this that on in to by with for and or please bit little lot much very "
    "really even make turn dial take "
    "bring go give get set let have is are looks look seems was be set now some so just try use "
    "still slightly somewhat way "
    "scale value number count strength level weight amount i want me , . ! - too on whole prompt "
    "far quite there here as notch touch tad smidge degree point somewhat more than "
    "few could can isn't not enough would should us we need needs want wants"
)
FACTORS = {
    "double": 2.0,
    "doubled": 2.0,
    "twice": 2.0,
    "2x": 2.0,
    "triple": 3.0,
    "half": 0.5,
    "halve": 0.5,
    "halved": 0.5,
}


def dial(draft: Draft, words: Sequence[Token]) -> bool:
    """Whether that was what the words asked for, and was done."""
    said = [key for key in keys(words) if key[0].isalnum()]
    names = worn_words(draft.shown)
    kind = _kind(said, names)
    direction = _direction(said)
    if kind == "style" and said[0] in ("drop", "cut", "minus") and "down" not in said:
        return False
    known = FILL | RAISED | LOWERED | HIGH | LOW | OVERDONE | TOO | STEPS | GUIDANCE | SIZE | STYLE | names
    if kind is None or not direction or not set(said) <= known or any(key.isdecimal() for key in said):
        return False
    factor = next((FACTORS[key] for key in said if key in FACTORS), 1.5**direction)
    shown = draft.shown
    match kind:
        case "style":
            draft.strength += 0.25 * direction
        case "steps":
            draft.patch["num_inference_steps"] = max(1, min(200, round(shown.num_inference_steps * factor)))
        case "guidance":
            draft.patch["guidance_scale"] = max(1.0, min(30.0, round(shown.guidance_scale * factor, 1)))
        case _:
            draft.patch |= scaled(shown, factor)
    return True


def worn_words(shown: Shown) -> frozenset[str]:
    """What the style of the picture may be called by: 'watercolour', 'glass', 'watercoloury'."""
    names = {word for lora in shown.loras for word in re.findall(r"[a-z]{4,}", lora.name.lower())}
    return frozenset(word + end for word in names for end in ("", "y", "-y", "ish", "-ish", "-like", "ness", "s"))


def _kind(said: Sequence[str], names: frozenset[str]) -> str | None:
    there = set(said)
    if there & STEPS:
        return "steps"
    if there & GUIDANCE:
        return "guidance"
    if names and (there & names or there & (STYLE - {"look"}) or ("look" in there and "the" in there)):
        return "style"
    named = [key for key in said if key in SIZE]
    sized = there & english.words(
        "bigger larger smaller size resolution res dimensions pixels enlarge shrink grow big large "
        "huge small tiny upscale double "
        "half higher lower"
    )
    return "size" if named and sized else None


def _direction(said: Sequence[str]) -> int:
    """1 for up, -1 for down, 0 where neither is said."""
    there = set(said)
    if there & TOO or there & OVERDONE:
        return 1 if there & LOW and not there & OVERDONE else -1 if there & (HIGH | OVERDONE) else 0
    if "enough" in there:
        return 1 if there & HIGH else 0
    for key in said:
        if key in LOWERED - {"down"} or (key == "down" and not there & (RAISED - {"up"})):
            return -1
        if key in RAISED - {"up"}:
            return 1
    return 1 if there & (HIGH - {"much", "many"}) or "up" in there else -1 if there & (LOW - {"little"}) else 0
