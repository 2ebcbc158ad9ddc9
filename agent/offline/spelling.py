"""Mends misspelt words that were likely meant for known ones; real words and names are left alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from agent.offline import english
from agent.offline.commands import ALL, CLOSER, ENDINGS, LOOSER, LOUDER, OPENINGS, PRAISE, PRONOUNS, VERBS
from agent.offline.counts import LOOSE, NUMBERS, ORDINALS
from agent.offline.edits import spliced
from agent.offline.journeys import AGAIN, NUMBERED, OF_THIS, PICTURES, UNDO, VARYING
from agent.offline.lexicon import Lexicon
from agent.offline.options import MORE, SAMPLERS, SHAPES
from agent.offline.questions import ASKING, COMPARING, SETTINGS
from agent.offline.reading import PLACING
from agent.offline.real_words import REAL
from agent.offline.tokens import Token, tokens
from agent.offline.value_words import BETTER, FILLERS

LETTERS = "abcdefghijklmnopqrstuvwxyz"
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
VOWELS = "aeiouy"
SHORTEST, LONGEST = 4, 20
"""Letters of a word that is mended; shorter ones are too near to each other."""


@cache
def commands() -> frozenset[str]:
    """Every word that asking is made of."""
    names = (*VERBS, *OPENINGS, *ENDINGS, *SAMPLERS, *SHAPES, *english.COMPARED, *english.HAPPENING, *english.MEDIA)
    loose = (
        *NUMBERS,
        *LOOSE,
        *ORDINALS,
        *AGAIN,
        *UNDO,
        *VARYING,
        *PICTURES,
        *NUMBERED,
        *OF_THIS,
        *MORE,
        *english.SIDES,
    )
    small = (
        *english.DETERMINERS,
        *english.PREPOSITIONS,
        *english.VERBS,
        *english.SHADES,
        "background",
        "seed",
        "steps",
    )
    about = (*ALL, *PRONOUNS, *BETTER, *FILLERS, *PRAISE, *CLOSER, *LOOSER, *LOUDER, *ASKING, *SETTINGS, *COMPARING)
    more = (
        "guidance",
        "mode",
        "orientation",
        "format",
        "size",
        "resolution",
        "double",
        "higher",
        "style",
        "stronger",
        "weaker",
        "colours",
        "negative",
        "sampler",
        "everything",
        "except",
        "other",
    )
    return frozenset(
        word for name in (*names, *loose, *small, *about, *more) for word in name.split() if word.isalpha()
    )


def mended(said: str, prompt: str, world: Lexicon) -> str:
    """The sentence with such words exchanged; what the picture's prompt has comes before what the lexicon knows."""
    here = frozenset(word.key for word in tokens(prompt) if word.text.isalpha())
    changes = []
    words = tokens(said)
    for at, word in enumerate(words):
        if place := _place_alike(words[max(at - 2, 0) : at], word.key, world):
            changes.append((word.start, word.end, place))
            continue
        if word.key in here or word.key in world.vocabulary or word.key in commands() or not word.text.isascii():
            continue
        if len(word.key) > LONGEST:
            continue
        first = at == 0 and 2 <= len(word.key) < SHORTEST
        if (len(word.key) >= SHORTEST or first) and word.text.isalpha() and word.key not in REAL:
            groups = (VERBS.keys(),) if first else (here, world.vocabulary, commands())
            if at == 0 and len(word.key) == SHORTEST:
                groups = (frozenset(name for name in VERBS if sorted(name) == sorted(word.key)), *groups)
            found = next((better for group in groups if (better := _near(word.key, group))), None)
            if better := found or sounding(word.key, world.vocabulary):
                new = better.capitalize() if word.text[0].isupper() else better
                changes.append((word.start, word.end, new))
    return spliced(said, changes)


def _place_alike(before: Sequence[Token], key: str, world: Lexicon) -> str | None:
    """The place that sounds the same as a word that is none, though a real one: 'on the beech', 'under the see'."""
    there = len(before) == 2 and before[0].key in PLACING and before[1].key == "the"
    if not there or key in world.settings or world.is_thing(key):
        return None
    return _spoken_places(world.setting_names).get(_spoken(key))


@cache
def _spoken_places(names: frozenset[str]) -> dict[str, str]:
    return {_spoken(name): name for name in sorted(names)}


def _spoken(word: str) -> str:
    return re.sub(r"(.)\1", r"\1", _respelled(word).replace("ee", "ea"))


def _near(word: str, names: frozenset[str] | object) -> str | None:
    """The one name at a distance of one (Damerau 1964) that begins with the same letter, or has the same letters."""
    found = {name for name in _edits(word) if name in names and len(name) >= 3}  # type: ignore[operator]
    found |= {name for name in names if sorted(name) == sorted(word)} if len(names) == 1 else set()  # type: ignore[arg-type,attr-defined]
    same = sorted(name for name in found if name[0] == word[0] or sorted(name) == sorted(word))
    return (
        min(same, key=lambda name: (sorted(name) != sorted(word), abs(len(name) - len(word)), name)) if same else None
    )


def _edits(word: str) -> set[str]:
    """The words that hands and ears confuse with this one: a letter too many twice, too few, turned, or a near one."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    shorter = {left + right[1:] for left, right in cuts if right and left[-1:] in (right[0], *_near_keys(right[0]))}
    other = {
        left + near + right[1:]
        for left, right in cuts
        if right and len(word) > SHORTEST
        for near in _near_keys(right[0])
    }
    return swapped | shorter | other | {left + letter + right for left, right in cuts for letter in LETTERS}


def _near_keys(letter: str) -> str:
    """Beside it on a keyboard, and the other vowels for a vowel."""
    row = next((row for row in ROWS if letter in row), "")
    at = row.find(letter)
    return (row[max(at - 1, 0) : at] + row[at + 1 : at + 2] if row else "") + (VOWELS if letter in VOWELS else "")


def sounding(word: str, names: frozenset[str]) -> str | None:
    """The one long name that sounds the same, at a distance of two: 'bycicle', 'elefant', 'dinasaur'."""
    if word.endswith(INFLECTED):
        return None
    alike = [name for name in _sounds(names).get(sound(word), ()) if _apart(word, name)]
    return alike[0] if len(alike) == 1 else None


def _apart(word: str, name: str) -> bool:
    """Whether at most one letter is another, beside those that sound the same."""
    one, other = (Counter(_respelled(each)) for each in (word, name))
    wrong = max((one - other).total(), (other - one).total())
    return len(word) >= LONG and abs(len(word) - len(name)) <= 1 and wrong <= 1 and word[-1] == name[-1]


def _respelled(word: str) -> str:
    for letters, one in ALIKE:
        word = word.replace(letters, one)
    return word


@cache
def _sounds(names: frozenset[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        if len(name) >= LONG:
            found.setdefault(sound(name), []).append(name)
    return found


def sound(word: str) -> str:
    """Its consonants, those that sound the same written the same, and what it begins with."""
    word = _respelled(word)
    rest = "".join(letter for letter in word[1:] if letter not in VOWELS)
    return word[:1] + "".join(letter for at, letter in enumerate(rest) if at == 0 or letter != rest[at - 1])


INFLECTED = ("ier", "iest", "ing", "ness", "ly")
LONG = 6
"""Letters of a word that is mended by its sound."""
ALIKE = (
    ("ph", "f"),
    ("ck", "k"),
    ("c", "k"),
    ("q", "k"),
    ("x", "ks"),
    ("z", "s"),
    ("gh", "g"),
    ("wh", "w"),
    ("rh", "r"),
)
