"""Ways through the pictures there are: back, forth, to one of them, or to more of the same."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import counts, english
from agent.offline.intents import Shown
from agent.offline.tokens import Token, key_of, keys
from tools.nouns import one

MOST = 4
"""Variations at a time."""
PICTURES = english.words(
    "one picture image version variation variant drawing try attempt result painting option pictures"
)
NUMBERED = english.words("number picture image version variation no nr # option drawing variant")
AFTER = english.words("best better most more but again please , . ! and")
"""What may follow 'the second' when no word for a picture does."""
UNDO = english.words("undo revert unmake rewind rollback scratch cancel forget")
BACK = english.words("back previous earlier before return")
BACKWARDS = UNDO | BACK | english.words(
    "go step steps roll that this it the last change changes one twice once both times time pictures to take me a "
    "everything all of please and just we did made i you can could"
)  # fmt: skip
"""What may be said of going back without a word of where to."""
JUDGING = english.words(
    "that it this was is looked i liked like better nicer more best prefer preferred much hmm the one how actually well"
)
CHOOSING = english.words(
    "can could you we one in work actually now "
    "use take choose pick prefer like love show continue with go to best better keep back return open "
    "was is select the most more i let's let us please select restore want again me on from nicer a bit "
    "much really liked preferred , . ! my favourite favorite that version"
)  # fmt: skip
AGAIN = english.words("again retry reroll redo")
VARYING = english.words(
    "variations variation versions version variants variant alternatives alternative others tries takes "
    "ideas options pictures images more"
)  # fmt: skip
OF_THIS = english.words(
    "of this it that like the show me give make draw please i want some a few more one other another "
    "create generate get in and see can could you to just from let's have new different with now picture "
    "image try one time once do number for us produce another same same? thing kind similar do , . !"
)  # fmt: skip


def picture(words: Sequence[Token], at: int, pictures: Sequence[Shown], current: int) -> tuple[int, int] | None:
    """A picture named by its number or place: which (0 if there is none such), and in how many words."""
    said = keys(words)
    start = at + (said[at : at + 1] == ("the",))
    key = said[start] if start < len(said) else ""
    after = said[start + 1] if start + 1 < len(said) else ""
    sized = start + 2 < len(said) and said[start + 2] in ("by", "x", "steps", "pixels")
    if key in NUMBERED and not sized and (number := counts.number(after)) is not None:
        return (number if 1 <= number <= len(pictures) else 0), start + 2 - at
    if key in ("original", "start", "beginning"):
        return pictures[0].number if pictures else 0, start + 1 - at + (after in PICTURES)
    if key in ("previous", "earlier") or said[start : start + 3] == ("one", "before", "that"):
        return _back(pictures, current, 1), start + 1 - at + (after in PICTURES)
    number = counts.ordinal(key)
    alone = start > at and (start + 1 == len(said) or after in AFTER)
    if number is None or not (after in PICTURES or alone):
        return None
    number = len(pictures) if number == -1 else number
    return (number if 1 <= number <= len(pictures) else 0), start + 1 - at + (after in PICTURES)


def _back(pictures: Sequence[Shown], current: int, steps: int) -> int:
    """From child to parent; what has no parent was drawn after the picture before it."""
    for _ in range(steps):
        parent = next((one.parent for one in pictures if one.number == current), None)
        current = parent or current - 1
    return max(current, 0)


def destination(words: Sequence[Token], pictures: Sequence[Shown], current: int) -> int | None:
    """The picture to go to; 0 if there is none such, None if nobody wants to go anywhere."""
    said = keys(words)
    going = bool(set(said) & BACK) or said[:2] in (("step", "back"), ("take", "that"))
    if _was_better(said):
        return _back(pictures, current, 1)
    if set(said) & UNDO or (going and not _names_one(words, pictures, current)):
        rest = [key for key in said if key not in BACKWARDS and counts.number(key) is None and key.isalnum()]
        if "all" in said or "everything" in said:
            return pictures[0].number if pictures else 0
        if not rest:
            steps = next((number for key in said if key != "one" and (number := counts.number(key))), 1)
            return _back(pictures, current, 2 if {"twice", "both"} & set(said) else steps)
        return _described(rest, pictures) if going else None
    return _chosen(words, pictures, current)


def _was_better(said: Sequence[str]) -> bool:
    """'I liked it better before.'"""
    judged = {key for key in said if key.isalnum()}
    return "before" in judged and bool(judged & {"better", "nicer", "liked", "preferred"}) and judged <= JUDGING | BACK


def _names_one(words: Sequence[Token], pictures: Sequence[Shown], current: int) -> bool:
    return any(picture(words, at, pictures, current) for at in range(len(words)) if words[at].key != "previous")


def _chosen(words: Sequence[Token], pictures: Sequence[Shown], current: int) -> int | None:
    """'use number 3', 'I like the second best', 'the first one'."""
    for at in range(len(words)):
        if found := picture(words, at, pictures, current):
            rest = (*keys(words[:at]), *keys(words[at + found[1] :]))
            more = "more" in rest and rest.index("more") < at
            return found[0] if set(rest) <= CHOOSING | set("!.,") and not more else None
    said = keys(words)
    if said[:1] == ("#",) and len(said) > 1 and said[1].isdecimal():
        return int(said[1]) if int(said[1]) <= len(pictures) else 0
    return None


def _described(rest: Sequence[str], pictures: Sequence[Shown]) -> int | None:
    """The latest picture whose prompt or style has all these words."""
    wanted = {
        one(key) for key in rest if key not in ("with", "in", "on", "at", "when", "was", "style", "version", "picture")
    }
    for shown in reversed(pictures):
        styles = " ".join(lora.name for lora in shown.loras)
        there = {one(word) for word in key_of(f"{shown.prompt} {styles}").split()}
        if wanted and wanted <= there:
            return shown.number
    return None


def variations(words: Sequence[Token]) -> int | None:
    """How many more of the same are asked for: 'again', 'four variations', 'another one'; None if none are."""
    said = [key for key in keys(words) if key.isalnum()]
    amounts = {key for key in said if counts.number(key) or key in counts.LOOSE}
    if not said or not set(said) <= OF_THIS | AGAIN | VARYING | amounts:
        return None
    if set(said) & AGAIN or said in (["once", "more"], ["one", "more"], ["another"], ["one", "more", "time"]):
        return 1
    asked = (
        set(said) & VARYING
        or said[-1] == "another"
        or said[-2:]
        in (
            ["another", "one"],
            ["different", "one"],
            ["new", "one"],
            ["another", "try"],
        )
    )
    if not asked or set(said) == {"version"}:
        return None
    if amount := next(
        (number for key in said if key != "one" and (number := counts.number(key) or counts.LOOSE.get(key))), 0
    ):
        return min(amount, MOST)
    single = {"another", "one", "a", "variation", "version", "variant"} & set(said) and not {
        "variations",
        "versions",
    } & set(said)
    return 1 if single else MOST
