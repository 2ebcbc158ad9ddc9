"""A new picture: whether one is wished for, and which words of the sentence are its prompt, which its settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.offline import english
from agent.offline.clauses import SIGNS, bare, verb
from agent.offline.counts import LOOSE, number
from agent.offline.draft import Draft
from agent.offline.intents import NewWish, Shown
from agent.offline.journeys import MOST
from agent.offline.options import SHAPES, option
from agent.offline.phrases import Setting, Style, Tag, Thing
from agent.offline.reading import Reader
from agent.offline.tokens import Token, keys, tokens

SEVERAL = english.words(
    "pictures images versions variations drawings variants paintings options ideas takes tries alternatives sketches "
    "examples designs shots renders"
)
ABSENT = re.compile(
    r"(?:[,;]\s*(?:and |but |with |please )*(?:no|without(?: any)?|not any|minus|avoid|exclude|leave out)|\s(?:with no|"
    r"without any|but no|but without(?: any)?))\s+"
    r"(?P<what>[\w'-]+(?: (?!and\b|or\b|with\b|at\b|in\b)[\w'-]+){0,2}(?:(?:,? (?:and|or|nor) "
    r"(?:no )?|, )(?=(?:no )?[\w'-]+(?:[,.]|$))(?!seed|steps)[\w'-]+)*?)"
    r"(?=\s*(?:[,;.!]|$| and | or ))",
    re.IGNORECASE,
)
"""What shall not be in a new picture."""
CALLED = {"num_inference_steps": "steps", "guidance_scale": "guidance"}


def drawable(words: Sequence[Token], draft: Draft) -> bool:
    return any(
        isinstance(one, Thing | Setting | Style | Tag) for one in Reader(tuple(words), draft.world).phrases()
    ) and not (all(gibberish(word) for word in words if word.is_word))


def gibberish(word: Token) -> bool:
    """Letters that nobody could say: no vowel, or five consonants in a row."""
    run, longest = 0, 0
    for letter in word.key:
        run = 0 if letter in "aeiouyáéíóúäöüàèìòù" or not letter.isalpha() else run + 1
        longest = max(longest, run)
    return word.key.isascii() and word.key.isalpha() and (longest >= 5 or (longest == len(word.key) > 3))


def wish(text: str, draft: Draft) -> NewWish | None:
    """The wish that the text is, its words as they were written."""
    text, options = _apart_from_negative(text, draft.shown)
    text, absent = _apart_from_absent(text)
    words = bare(tokens(text))
    if (
        words
        and (asked := verb(words))[0] in ("draw", "make", "add", "use")
        and asked[1] < len(words)
        and words[0].key != "with"
    ):
        words = bare(words[asked[1] :])
    count, size = _several(words)
    words = bare(words[size:])
    if not words:
        return None
    cuts, said = _options(words, draft.shown)
    options = {**said, **absent, **options}
    prompt = _cut(text, words, cuts)
    if not prompt or not drawable(tokens(prompt), draft):
        return None
    return NewWish(prompt, count, options)


def _apart_from_negative(text: str, shown: Shown) -> tuple[str, dict[str, Any]]:
    """Before 'Negative prompt:', what follows it, and the line of settings that other programs write below."""
    options: dict[str, Any] = {}
    lines = text.splitlines()
    if settings := next((line for line in lines if line.lower().startswith("steps:")), None):
        options |= _options(tokens(settings), shown)[1]
        text = "\n".join(line for line in lines if line is not settings)
    place = text.lower().find("negative prompt:")
    if place >= 0:
        options["negative_prompt"] = " ".join(text[place + len("negative prompt:") :].split())
        text = text[:place]
    return text.strip(), options


def _apart_from_absent(text: str) -> tuple[str, dict[str, Any]]:
    """'a lake, no people' is a lake, and people for the negative prompt."""
    if any(sign in text for sign in "(<["):
        return text, {}
    gone = [
        name
        for found in ABSENT.finditer(text)
        for name in re.split(r",\s*|\s+(?:and|or|nor)\s+(?:no\s+)?", found["what"])
    ]
    return ABSENT.sub("", text).strip(), {"negative_prompt": ", ".join(gone)} if gone else {}


def _several(words: Sequence[Token]) -> tuple[int, int]:
    """'four pictures of' and how many words that is."""
    said = keys(words[:4])
    start = said[:1] == ("me",)
    amount = number(said[start]) or LOOSE.get(said[start]) if len(said) > start else None
    other = start + 1 + (said[start + 1 : start + 2] in (("different",), ("more",)))
    if (
        amount
        and said[other : other + 1]
        and said[other] in SEVERAL
        and said[other + 1 : other + 2] in (("of",), ("with",), (":",), ("showing",))
    ):
        return min(amount, MOST), other + 2
    return 1, 0


def _options(words: Sequence[Token], shown: Shown) -> tuple[list[tuple[int, int]], Mapping[str, Any]]:
    """Where settings stand among the words, and what they are as arguments of `draw`."""
    cuts: list[tuple[int, int]] = []
    patch: dict[str, Any] = {}
    at = 0
    while at < len(words):
        joint = (
            not at
            or words[at - 1].text in SIGNS
            or words[at].key in ("with", "using", "at", "and", "seed", "use", "in")
        )
        start = at + (words[at].key in ("with", "using", "and", "use", "in"))
        found = option(_up_to_sign(words, at), start - at, shown) if joint else None
        if found and found.size and (found.patch or found.fresh) and not _only_shape(words, start, found.size):
            before = words[at - 1].start if at and words[at - 1].text in SIGNS else words[at].start
            cuts.append((before, words[start + found.size - 1].end))
            patch |= found.patch
            at = start + found.size
        else:
            at += 1
    named = {CALLED.get(name, name): value for name, value in patch.items() if name not in ("width", "height")}
    return cuts, named | ({"size": (patch["width"], patch["height"])} if "width" in patch else {})


def _up_to_sign(words: Sequence[Token], at: int) -> Sequence[Token]:
    """From that word on."""
    ends = (place for place in range(at + 1, len(words)) if words[place].text in ",;\n.")
    return words[at : next(ends, len(words))]


def _only_shape(words: Sequence[Token], at: int, size: int) -> bool:
    """'portrait' alone is a style of a prompt, 'portrait format' is not."""
    return size == 1 and words[at].key in SHAPES and words[at].key != "square"


def _cut(text: str, words: Sequence[Token], cuts: Sequence[tuple[int, int]]) -> str:
    start, end = words[0].start, words[-1].end
    for first, last in reversed(cuts):
        text, end = text[:first] + text[last:], end - (last - first)
    return text[start:end].strip(" ,;.!?\n").lstrip(": ") if end > start else ""
