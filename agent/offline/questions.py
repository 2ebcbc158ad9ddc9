"""What is talk rather than a wish: greetings, thanks and questions; and what is asked back."""

from __future__ import annotations

from agent.offline import english
from agent.offline.commands import HELLO, PRAISE, phrases
from agent.offline.counts import number, ordinal
from agent.offline.intents import Ask, Intent, Tell, Topic
from agent.offline.tokens import Token, keys, tokens

NOTHING_YET = (
    "There is no picture yet: tell me what to draw, such as 'a red house and a green tree on the beach' "
    "or 'a portrait of an old sailor, oil painting'."
)
UNCLEAR = (
    "I did not understand what to change: say it like 'make the house blue' or 'add a moon', "
    "or tell me something new to draw."
)
NEXT = "Gladly: what shall I draw, such as 'a red house at sunset' or 'a fox in the snow, watercolour'?"
RESTART = phrases(
    "start over|start again|new picture|reset|begin again|forget it|new|something else|another picture|a new picture|"
    "draw something else|surprise me|draw something|draw anything|anything|something|draw me something|"
    "let's start over|from scratch|start from scratch|new image|clear everything"
)
ASKING = english.words("what why which how who when where did does was were is are has have")
SETTINGS = english.words(
    "seed sampler scheduler steps size guidance cfg model prompt settings recipe lora negative big large"
)
SUGGESTING = (("how", "about"), ("how", "would"), ("what", "would"), ("what", "about"), ("what", "if"), ("why", "not"))
COMPARING = english.words("compare difference differences differ")


def no_such(count: int) -> str:
    there = "is only one picture" if count == 1 else f"are {count} pictures"
    return f"There {there} so far: say 'number 1' to go to the first, or 'another one' for one more."


def topic(text: str, pictures: bool) -> Intent | None:
    """What to tell, if nothing is to be drawn."""
    words = tuple(word for word in tokens(text) if word.is_word)
    said = keys(words)
    if not said:
        return Ask(NOTHING_YET)
    if " ".join(said) in RESTART:
        return Ask(NEXT)
    if " ".join(said) in HELLO:
        return Tell("hello")
    if said[0] in ("help", "instructions") or said[:3] in (
        ("what", "can", "you"),
        ("who", "are", "you"),
        ("what", "are", "you"),
    ):
        return Tell("help")
    if _praises(said):
        return Tell("thanks")
    if set(said) & COMPARING and pictures:
        return Tell("compare", _numbers(words))
    asks = (said[0] in ASKING and said[:2] not in SUGGESTING) or said[:2] == ("tell", "me")
    asks = asks or (text.rstrip().endswith("?") and said[:2] in (("do", "you"), ("did", "you"), ("are", "you")))
    return (
        Tell(_asked(said))
        if asks and not (said[0] in ("is", "has", "have") and not text.rstrip().endswith("?"))
        else None
    )


def _praises(said: tuple[str, ...]) -> bool:
    """Whether nothing but thanks and praise is said."""
    rest = list(said)
    fill = {"that's", "you're", "it's", "that", "is", "it", "so", "much", "very", "a", "lot", "really",
    "this", "you", "looks", "i", "like",
            "love", "for", "the", "all", "now", "just", "what", "wanted", "picture", "one", "too", "there",
            "work", "job", "oh"}  # fmt: skip
    hits = 0
    while rest:
        size = next((size for size in (3, 2, 1) if " ".join(rest[:size]) in PRAISE), 0)
        if not size and rest[0] not in fill:
            return False
        hits += bool(size)
        rest = rest[size or 1 :]
    return hits > 0


def _asked(said: tuple[str, ...]) -> Topic:
    if said[0] == "why":
        return "why"
    if {"changed", "change", "different", "did"} & set(said) and not set(said) & SETTINGS:
        return "changed"
    return "settings" if set(said) & SETTINGS else "help" if set(said) & {"can", "do", "does"} else "why"


def _numbers(words: tuple[Token, ...]) -> tuple[int, ...]:
    found = (ordinal(word.key) or number(word.key) for word in words)
    return tuple(each for each in found if each and each > 0)[:2]
