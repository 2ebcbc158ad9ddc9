"""The words the talker is taught with: things and looks of the book, others besides, and words there never were."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Literal

from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, WHERE

WORDS = Path(__file__).parent / "words"
OTHER_COLOURS = (
    *("beige", "crimson", "gold", "golden", "gray", "grey", "lilac", "scarlet", "silver", "teal", "turquoise"),
    "violet",
)
SHADES = ("dark", "light", "pale", "bright")
SIZES = ("big", "small", "tiny", "huge", "little", "large", "giant")
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
TIMES = (*WHERE["night"], *WHERE["sunset"], "at dawn", "in the morning", "at noon")
BOOK_PLACES = tuple(said for place in BACKGROUNDS if place not in ("night", "sunset") for said in WHERE[place])
LORA_STYLES = ("watercolour", "stained glass")
OTHER_STYLES = (
    *("pencil drawing", "oil painting", "ink drawing", "pixel art", "charcoal sketch", "comic", "anime"),
    *("crayon drawing", "mosaic", "woodcut", "pastel", "collage", "digital painting", "line art"),
)
SCHEDULERS = ("ddim", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_sde", "euler", "euler_a", "heun", "lcm", "unipc")
UNWANTED = (
    *("people", "text", "blur", "noise", "shadows", "watermark", "clouds", "birds", "frames", "borders", "letters"),
    *("hands", "faces", "smoke", "trees", "rain"),
)
DOING = (
    *("wearing", "holding", "riding", "carrying", "sleeping on", "sitting on", "standing on", "flying over", "eating"),
    *("made of", "full of", "looking at", "playing", "under", "behind", "chasing", "pulling", "inside"),
)
EXTRAS = ("soft light", "close-up", "from above", "from the side", "bright colours", "golden light", "misty", "simple")
PLACE_NAMES = {
    "beach": "on the beach", "desert": "in the desert", "meadow": "in the meadow", "sea": "under the sea",
    "snow": "in the snow", "garden": "in the garden", "forest": "in a forest", "city": "in the city",
    "river": "by the river", "lake": "by a lake", "moon": "on the moon", "jungle": "in the jungle",
}  # fmt: skip
TIME_NAMES = {"night": "at night", "sunset": "at sunset", "dawn": "at dawn", "noon": "at noon"}
PRAISE = ("beautiful", "detailed", "highly detailed")
ODD_PLURALS = {
    "cactus": "cacti", "child": "children", "fish": "fish", "sheep": "sheep", "deer": "deer", "man": "men",
    "woman": "women", "mouse": "mice", "snowman": "snowmen", "wolf": "wolves", "leaf": "leaves", "knife": "knives",
}  # fmt: skip
ONSETS = ("b", "br", "c", "cl", "d", "dr", "f", "g", "gl", "h", "j", "k", "l", "m", "n", "p", "pl", "qu", "r", "s")
RHYMES = ("a", "ab", "ack", "al", "an", "e", "ell", "en", "er", "i", "ick", "in", "o", "ock", "on", "u", "um", "y")


@cache
def other(kind: Literal["adjectives", "nouns", "places"]) -> tuple[str, ...]:
    """Words besides those of the book."""
    return tuple((WORDS / f"{kind}.txt").read_text("utf-8").splitlines())


def any_noun(rng: random.Random) -> str:
    """Mostly the book's, often another, sometimes one nobody has heard."""
    chance = rng.random()
    if chance < 0.5:
        return rng.choice(KINDS)
    return rng.choice(other("nouns")) if chance < 0.88 else invented(rng)


def any_place(rng: random.Random) -> str:
    return rng.choice((*BOOK_PLACES, *other("places")))


def any_colour(rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.82:
        return rng.choice(COLOURS)
    if chance < 0.94:
        return rng.choice(OTHER_COLOURS)
    return f"{rng.choice(SHADES)} {rng.choice(COLOURS)}"


def invented(rng: random.Random) -> str:
    """A word of two or three syllables that means nothing: it can only be copied."""
    return "".join(rng.choice(ONSETS) + rng.choice(RHYMES) for _ in range(rng.choice((2, 2, 3))))


def plural(noun: str) -> str:
    """Of several words, that of the last."""
    head, _, last = noun.rpartition(" ")
    lead = f"{head} " if head else ""
    if last in ODD_PLURALS:
        return lead + ODD_PLURALS[last]
    if last.endswith(("s", "x", "z", "ch", "sh")):
        return f"{lead}{last}es"
    return f"{lead}{last[:-1]}ies" if last.endswith("y") and last[-2:-1] not in "aeiou" else f"{lead}{last}s"


def with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
