"""What a prompt says, so that two wordings of one wish are equal: its things, its places, its styles.

The grammar is that of the measured dialogues and knows nothing of the planner's. What it cannot take apart is compared
word for word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8"}
ARTICLES = {"a", "an", "the", "some", "1", "single"}
SIZES = {
    "big": ("big", "bigger", "giant", "huge", "large", "larger"),
    "small": ("little", "mini", "small", "smaller", "tiny"),
}
SAME = {"gray": "grey", "butterflies": "butterfly", "cacti": "cactus", "snowmen": "snowman"}
SAME |= {word: size for size, words in SIZES.items() for word in words} | NUMBERS
PLACES = {
    "night": "night sky|night|night-time|nighttime",
    "sea": "sea|ocean|water|underwater",
    "snow": "snow",
    "sunset": "sunset",
    "beach": "beach",
    "desert": "desert",
    "meadow": "meadow",
}
OTHER_PLACES = "cliff|dawn|diner|field of flowers|field|garden|grass|moon|rain|river"
NAMED = "|".join((*PLACES.values(), OTHER_PLACES))
PLACE = re.compile(rf"(?:^|\b(?:in|on|at|by|under|to|against|near) (?:the |an? )?)({NAMED})\b(?! (?:of|path|lake)\b)")
STYLE = re.compile(
    r"(?:\b(?:in|as|like)\b )?(?:\b(?:the|an?)\b )?(?:\bstyle of )?"
    r"\b(stained[- ]glass|water-?colou?rs?|(?:pencil|ink|oil|digital)(?= (?:style|drawing|painting|sketch)|\s*$))\b"
    r"(?: (?:style|drawing|painting|sketch|window|look|effect))*"
)
WHOLE = re.compile(r"^(?:an? )?(?:picture|image|drawing) of ")
APART = re.compile(r",| and | next to | beside | with ")
ON_A_SIDE = re.compile(r" on the (left|right)\b(?: side)?(?! of)| (?:to|on) the (left|right) of ")
JOINTS = re.compile(r"\b(?:in|on|of|at|by|under|over|with|to|from|riding|wearing|sleeping|serving)\b")


@dataclass(frozen=True)
class Meaning:
    """Things as `NUMBER ADJECTIVES NOUN SIDE`, the adjectives sorted; nothing here has an order."""

    things: tuple[str, ...]
    places: frozenset[str]
    styles: frozenset[str]

    def holds(self, other: Meaning) -> bool:
        """Whether everything the other says is said here too."""
        return set(other.things) <= set(self.things) and self.places == other.places and self.styles >= other.styles


def meaning(prompt: str) -> Meaning:
    text = WHOLE.sub("", " ".join(prompt.lower().replace("’", "'").split()))
    found = styles(text)
    text = _sides_apart(STYLE.sub(" ", text))
    places: set[str] = set()
    things: list[tuple[str, str]] = []
    for part in APART.split(text):
        words = PLACE.sub(lambda place: places.add(_place(place[1])) or " ", " ".join(part.split()))
        if thing := _thing(words):
            things.append(thing)
    return Meaning(
        tuple(sorted(" ".join(filter(None, thing)) for thing in _sided(things))), frozenset(places), frozenset(found)
    )


def styles(text: str) -> dict[str, str]:
    """Each style that is named, with the words that name it."""
    return {_style(found[1]): found[0].strip() for found in STYLE.finditer(text.lower())}


def triples(prompt: str, colours: set[str]) -> Iterator[tuple[str, str, str]]:
    """(object, colour, place) of each coloured thing; the place is empty where none is named."""
    said = meaning(prompt)
    for thing in said.things:
        words = thing.removesuffix(" left").removesuffix(" right").split()
        for colour in colours & set(words[:-1]):
            for place in said.places or {""}:
                yield words[-1], colour, place


def noun(words: str) -> str:
    """The thing itself: `the green trees` are `tree`."""
    return (_thing(words.lower()) or ("", ""))[0].rpartition(" ")[2]


def _style(words: str) -> str:
    return re.sub(r"water-?colou?rs?", "watercolour", words).replace("-", " ")


def _place(words: str) -> str:
    return next((place for place, names in PLACES.items() if words in names.split("|")), words)


def _sides_apart(text: str) -> str:
    """`A to the left of B` is A on the left and B on the right."""

    def marked(found: re.Match[str]) -> str:
        other = {"left": "right", "right": "left"}
        return f" @{found[1]}" if found[1] else f" @{found[2]}, @{other[found[2]]} "

    return ON_A_SIDE.sub(marked, text)


def _thing(words: str) -> tuple[str, str] | None:
    """What is there and its side; None where nothing is left."""
    said = [SAME.get(word, word) for word in words.split()]
    side = next((word[1:] for word in said if word.startswith("@")), "")
    bare = [word for word in said if not word.startswith("@") and word not in ARTICLES]
    if not bare:
        return None
    if JOINTS.search(" ".join(bare)):
        return " ".join(map(_singular, bare)), side
    *adjectives, last = bare
    return " ".join((*sorted(adjectives), _singular(last))), side


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) else word


def _sided(things: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of two things, one on the left leaves the right to the other."""
    match things:
        case [(one, side), (other, "")] | [(other, ""), (one, side)] if side:
            return [(one, side), (other, "right" if side == "left" else "left")]
    return things
