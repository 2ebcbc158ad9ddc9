"""Dialogues of the book's world, made by code: what people say, the calls that are then right, and a short reply."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial

from picturebook.talker.asking import WHAT_INSTEAD, answered_with, no_such_picture, nothing_yet, replaced_by_what
from picturebook.talker.chatting import chatted
from picturebook.talker.pictures import Message, Talk
from picturebook.talker.refining import changed
from picturebook.talker.retracing import varied, went_back
from picturebook.talker.styling import restyled, unstyled, weighed
from picturebook.talker.turns import Act, Partner, Turn
from picturebook.talker.wishes import fits
from picturebook.talker.wishing import wished

FIRST: Mapping[Act, float] = {wished: 86, nothing_yet: 8, chatted: 6}
LATER: Mapping[Act, float] = {
    changed: 58,
    wished: 8,
    varied: 10,
    went_back: 10,
    restyled: 7,
    unstyled: 3,
    weighed: 3,
    chatted: 5,
    replaced_by_what: 1.5,
    no_such_picture: 1.5,
}
"""What is said before there is a picture and afterwards, with how often."""
OFTEN_WRONG: Mapping[Act, float] = {changed: 92, unstyled: 3, replaced_by_what: 2, wished: 3}
"""What takes a small decoder longest to learn."""


def dialogue(rng: random.Random, test: bool = False, turns: int = 0) -> list[Turn]:
    partner, talk, made = Partner(rng, test), Talk(), []
    for _ in range(turns or rng.choices(range(1, 9), (1, 5, 6, 6, 6, 5, 3, 3))[0]):
        made.append(_any_turn(partner, talk, made[-1] if made else None))
        talk = made[-1].talk
    return made


def one_change(rng: random.Random, test: bool = False) -> list[Turn]:
    """A wish, and what is most often changed then."""
    partner = Partner(rng, test)
    before = _turn_of(partner, {wished: 1}, Talk())
    return [before, _turn_of(partner, OFTEN_WRONG, before.talk)]


def messages(turns: list[Turn]) -> list[Message]:
    return [one for turn in turns for one in ({"role": "user", "content": turn.say}, *turn.messages)]


def to_the_last_call(turns: list[Turn]) -> list[Message]:
    """From the first result to the last call: as little as one change can be learned from."""
    told = messages(turns)
    first = next(at for at, message in enumerate(told) if message["role"] == "tool")
    last = max(at for at, message in enumerate(told) if "tool_calls" in message)
    return told[first : last + 1]


def _any_turn(partner: Partner, talk: Talk, last: Turn | None) -> Turn:
    asked = last.messages[-1]["content"] if last else ""
    if asked.startswith(WHAT_INSTEAD[:12]):
        return _turn_of(partner, {partial(answered_with, question=asked): 1}, talk)
    return _turn_of(partner, FIRST if not talk.pictures else LATER, talk)


def _turn_of(partner: Partner, acts: Mapping[Act, float], talk: Talk) -> Turn:
    """One that makes sense here and says no triple of the other side."""
    while True:
        (act,) = partner.rng.choices(tuple(acts), tuple(acts.values()))
        turn = act(partner, talk)
        if turn and (turn.talk is talk or fits(turn.talk.pictures[-1].wish, partner.test)):
            return turn
