"""What was said as the grammar takes it: spelled out, without slips, second thoughts, courtesies and stories."""

from __future__ import annotations

import re

from agent.offline.asides import without_asides
from agent.offline.courtesies import direct
from agent.offline.lexicon import Lexicon
from agent.offline.repairs import corrected, repaired
from agent.offline.rephrasings import rephrased
from agent.offline.shorthand import quiet, spelled_out
from agent.offline.spelling import mended

PASTED = re.compile(r"[(<\[]|negative prompt|^steps:", re.IGNORECASE)
"""A prompt of another program's is taken letter by letter."""
LONGEST = 400
"""Letters of what a person says; longer texts are prompts."""


def spoken(said: str, prompt: str, world: Lexicon) -> str:
    """`prompt` is that of the picture that is spoken of; its words come first where a slip is mended."""
    if len(said) > LONGEST or PASTED.search(said):
        return mended(said, prompt, world)
    return mended(quiet(spelled_out(said)), prompt, world)


def meant(text: str, prompt: str, world: Lexicon) -> str:
    """Of words as they were spoken, those that ask for something, in plain order."""
    if len(text) > LONGEST or PASTED.search(text):
        return text
    text = without_asides(repaired(text, world))
    text = corrected(text, world) if prompt else text
    return rephrased(direct(text), world, bool(prompt))
