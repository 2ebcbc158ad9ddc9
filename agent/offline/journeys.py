"""Ways through the pictures there are: back, forth, to one of them, or to more of the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from agent.offline import counts, english
from agent.offline.intents import Shown
from agent.offline.recalling import described, recalled
from agent.offline.tokens import Token, key_at, keys

MOST = 4
"""Variations at a time."""
PICTURES = english.words(
    "one picture image version variation variant drawing try attempt result painting option pictures"
)
NUMBERED = english.words("number picture image version variation no nr # option drawing variant")
AFTER = english.words("best better most more but again please , . ! and")
"""What may follow 'the second' when no word for a picture does."""
UNDO = english.words("undo revert unmake rewind rollback scratch cancel forget")
BACK = english.words("back previous earlier before return prior former restore")
BACKWARDS = UNDO | BACK | english.words(
    "go step steps roll that this it the last change changes one twice once both times time pictures to take me a "
    "everything all of please and just we did made i you can could put bring how way was were as "
"like had let let's now "
    "then no there where want us again sorry actually instead old state"
)  # fmt: skip
"""What may be said of going back without a word of where to."""
JUDGING = english.words(
    "that it this was is looked i liked like better nicer more best prefer preferred much hmm the one how actually well"
)
CHOOSING = english.words(
    "can could you we one in work actually now "
    "use take choose pick prefer like love show continue with go to best better keep back return open "
    "was is select the most more i let's let us please select restore want again me on from nicer a bit "
    "much really liked preferred , . ! my favourite favorite that version very bring up pull "
"display load view see look at "
    "fine good perfect great wins won winner stick stay i'll we'll go'd i'd rather try that's it's "
"is as it there right "
    "way how"
)  # fmt: skip
COMBINING = english.words("combine merge mix blend unite fuse join")
TOGETHER = english.words(
    "and with number picture image version variation pictures images versions the last two both them these those "
    "together into one of changes no please"
)
AGAIN = english.words("again retry reroll redo")
VARYING = english.words(
    "variations variation versions version variants variant alternatives alternative others tries takes "
    "ideas options pictures images more seeds"
)  # fmt: skip
OF_THIS = english.words(
    "of this it that like the show me give make draw please i want some a few more one other another "
    "create generate get in and see can could you to just from let's have new different with now picture "
    "image try one time once do number for us produce another same same? thing kind similar do , . ! "
    "those these them might may seed seeds i'd would love would also each would which fresh he him her she"
)  # fmt: skip


def picture(words: Sequence[Token], at: int, pictures: Sequence[Shown], current: int) -> tuple[int, int] | None:
    """A picture named by its number or place: which (0 if there is none such), and in how many words."""
    start = at + (key_at(words, at) == "the")
    key, after, third = (key_at(words, start + step) for step in range(3))
    ends = start + 1 == len(words)
    if key.isdecimal() and ends and (not start or key_at(words, at - 1) in ("of", "like")):
        return (int(key), 1) if 1 <= int(key) <= len(pictures) else None
    sized = third in ("by", "x", "steps", "pixels")
    if key in NUMBERED and not sized and (number := counts.number(after)) is not None:
        return (number if 1 <= number <= len(pictures) else 0), start + 2 - at
    if key in ("original", "start", "beginning"):
        return pictures[0].number if pictures else 0, start + 1 - at + (after in PICTURES)
    if key in ("previous", "earlier", "prior", "former") or (key, after, third) == ("one", "before", "that"):
        return _back(pictures, current, 1), start + 1 - at + (after in PICTURES)
    number = counts.ordinal(key)
    alone = start > at and (ends or after in AFTER)
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
    if _was_better(said):
        return _back(pictures, current, 1)
    if place := recalled(" ".join(said), pictures, current):
        return place
    if set(said) & UNDO or (going(words) and not _names_one(words, pictures, current)):
        rest = [key for key in said if key not in BACKWARDS and counts.number(key) is None and key.isalnum()]
        if "all" in said or "everything" in said:
            return pictures[0].number if pictures else 0
        if not rest:
            steps = next((number for key in said if key != "one" and (number := counts.number(key))), 1)
            return _back(pictures, current, 2 if {"twice", "both"} & set(said) else steps)
        return described(rest, pictures) if going(words) else None
    return _chosen(words, pictures, current)


def going(words: Sequence[Token]) -> bool:
    """Whether a word of going back is said."""
    return bool(set(keys(words)) & BACK) or keys(words)[:2] in (("step", "back"), ("take", "that"))


def leaves(words: Sequence[Token]) -> bool:
    """Whether a word of going back or of taking back is said."""
    return going(words) or bool(set(keys(words)) & UNDO)


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


def merging(words: Sequence[Token], pictures: Sequence[Shown]) -> tuple[int, int] | None:
    """The two pictures to be made one: 'combine 2 and 3', 'merge the last two'; 0 for one that there is not."""
    said = [key for key in keys(words) if key.isalnum()]
    if not said or said[0] not in COMBINING:
        return None
    if not all(key in TOGETHER or counts.ordinal(key) or counts.number(key) for key in said[1:]):
        return None
    named = [number for before, key in pairwise(said) if (number := _number(before, key))]
    if len(named) == 2:
        there = {shown.number for shown in pictures}
        one, other = (number if number in there else 0 for number in named)
        return one, other
    latest = {"last", "both", "them", "these", "those"} & set(said)
    return (pictures[-2].number, pictures[-1].number) if latest and len(pictures) > 1 and named in ([], [2]) else None


def _number(before: str, key: str) -> int | None:
    """Of a picture; the one of 'into one' and of 'the third one' is none."""
    if key == "last" or (key == "one" and (before == "into" or counts.ordinal(before))):
        return None
    return counts.ordinal(key) or counts.number(key)


def variations(words: Sequence[Token]) -> int | None:
    """How many more of the same are asked for: 'again', 'four variations', 'another one'; None if none are."""
    said = [key for key in keys(words) if key.isalnum()]
    amounts = {key for key in said if counts.number(key) or key in counts.LOOSE}
    numbered = any(one in (*NUMBERED, "of", "like") and two.isdecimal() for one, two in pairwise(keys(words)))
    if not said or numbered or "#" in keys(words) or not set(said) <= OF_THIS | AGAIN | VARYING | amounts:
        return None
    if set(said) & AGAIN or said in (["once", "more"], ["one", "more"], ["another"], ["one", "more", "time"]):
        return 1
    asked = (
        set(said) & VARYING
        or (amounts and said[-1] in ("these", "those", "this") and not set(said) & {"make", "the", "all", "both"})
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
