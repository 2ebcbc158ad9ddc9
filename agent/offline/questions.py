"""What is talk rather than a wish: greetings, thanks and questions; and what is asked back."""

from __future__ import annotations

import re

from agent.offline import english
from agent.offline.asides import COMPLAINT, GREETING, clauses_of, only_chat, sentences, tells
from agent.offline.clauses import bare, verb
from agent.offline.commands import HELLO, PRAISE, phrases
from agent.offline.counts import number, ordinal
from agent.offline.courtesies import IDLE, direct
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
TOO_MANY = "That is more than I can do at once: tell me the first few changes, and then the others."
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
SUGGESTING = re.compile(
    r"(?:how|what) about|what if|why (?:not|don't|do not)|(?:how|what) (?:would|will|does|if|"
    r"might) (?:it|he|she|they|this|that)\b|"
    r"how (?:would|will) .* look|what would .* look like"
)
TELL_ME = re.compile(
    r"(?:please )?(?:(?:can|could|would|will) (?:you )?(?:please )?)?(?:(?:i(?:'d| would) (?:like|"
    r"love)|i want|i need) to (?:know|hear|understand)|"
    r"tell me|explain|remind me|describe (?:it|this|the picture|what)|list|i wonder|(?:show|give|"
    r"read) me the (?:seed|prompt|settings|steps|recipe)|"
    r"show the (?:seed|prompt|settings|recipe)|do you (?:know|remember|think|like|have|understand|"
    r"see|ever|always|use|mean)|is there (?:a|any) (?:limit|way|list))\b"
)
ASKED = re.compile(
    r"(?:so |and |but |ok |wait |hey |hmm )*(?:(?:what|which|who|whose|whom|where|when|why|how)(?:'s|'re|'d)?\b|"
    r"(?:are|do|did|have|were) you\b|is (?:there )?any(?:body|one)\b|who's\b|"
    r"(?:do|does|did|are|was|were|is|has|have|am|isn't|aren't|wasn't|doesn't|don't|didn't|haven't|hasn't)\b.*\?$)"
)
ORDERS = frozenset({"add", "draw", "make", "remove", "replace", "swap", "use", "keep"})
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
    if talk := _talk(text, said):
        return talk
    if set(said) & COMPARING and pictures:
        return Tell("compare", _numbers(words))
    return Tell(_asked(said)) if any(map(_asks, sentences(text))) and not any(map(_orders, clauses_of(text))) else None


def _talk(text: str, said: tuple[str, ...]) -> Intent | None:
    """Greetings, thanks, and where nothing is said yet of what to draw."""
    if " ".join(said) in HELLO or GREETING.fullmatch(text.strip(" .!?,")):
        return Tell("hello")
    if " ".join(said) in RESTART or IDLE.match(text):
        return Ask(NEXT)
    if said[0] in ("help", "instructions") or said[:3] in WHO_ARE_YOU:
        return Tell("help")
    chats = only_chat(text)
    if chats and COMPLAINT.search(text):
        return Ask(UNCLEAR)
    return Tell("thanks") if chats or _praises(said) else None


WHO_ARE_YOU = (("what", "can", "you"), ("who", "are", "you"), ("what", "are", "you"))


def _asks(sentence: str) -> bool:
    said = sentence.strip().lower()
    return bool(
        TELL_ME.match(said) or (ASKED.match(said) and not SUGGESTING.match(re.sub(r"^(?:so|and|but|ok) ", "", said)))
    )


def _orders(part: str) -> bool:
    """Whether it asks for a picture or a change, beside what is asked about."""
    return not _asks(part) and not tells(part) and verb(bare(tokens(direct(part))))[0] in ORDERS


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
