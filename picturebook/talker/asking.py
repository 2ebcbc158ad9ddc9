"""Turns in which the assistant can only ask back, and the answer to one of its questions."""

from __future__ import annotations

from dataclasses import replace

from picturebook.talker.lexicon import NUMBERS, any_colour, any_noun, any_place
from picturebook.talker.pictures import Talk, calling, result, said
from picturebook.talker.refining import Refinement, refined
from picturebook.talker.turns import Partner, Turn
from picturebook.talker.wishes import Thing, any_thing, fits

NOTHING_YET = "There is no picture yet. What shall I draw?"
NO_SUCH = "There is no such picture, there are {} so far. Which one do you mean?"
WHAT_INSTEAD = "What shall take the place of the {}?"


def asked(say: str, question: str, talk: Talk) -> Turn:
    asking = (calling(("ask", {"question": question})), result("ask", {"question": question}), said(question))
    return Turn(say, asking, talk)


def nothing_yet(partner: Partner, talk: Talk) -> Turn | None:
    rng = partner.rng
    slots = {
        "colour": any_colour(rng),
        "noun": any_noun(rng),
        "n": rng.choice(tuple(NUMBERS)),
        "place": any_place(rng),
    }
    return asked(partner.polite(*partner.voice.words("nothing yet", **slots)), NOTHING_YET, talk)


def no_such_picture(partner: Partner, talk: Talk) -> Turn | None:
    number = len(talk.pictures) + partner.rng.choice((1, 2, 3))
    named = partner.number_of(number)
    slots = {"missing": named["ordinal"], "number": named["number"], "colour": any_colour(partner.rng)}
    if not named["ordinal"]:
        return None
    say = partner.polite(*partner.voice.words("no such picture", **slots))
    return asked(say, NO_SUCH.format(len(talk.pictures)), talk)


def replaced_by_what(partner: Partner, talk: Talk) -> Turn | None:
    wish = talk.picture().wish
    thing: Thing = partner.rng.choice(wish.things)
    if thing.count or thing.bare or [one.noun for one in wish.things].count(thing.noun) > 1:
        return None
    say = partner.polite(*partner.voice.words("replace what", thing=thing.noun))
    return asked(say, WHAT_INSTEAD.format(thing.noun), talk)


def answered_with(partner: Partner, talk: Talk, question: str) -> Turn | None:
    """What is to take a thing's place, when that was asked."""
    rng, target = partner.rng, talk.picture()
    wish, noun = target.wish, question.removesuffix("?").rpartition(" the ")[2]
    at = next(index for index, thing in enumerate(wish.things) if thing.noun == noun)
    old, new = wish.things[at], any_thing(rng, 0.5)
    if new.count or new.noun in {thing.noun for thing in wish.things}:
        return None
    into = replace(old, noun=new.noun) if not (new.colour or new.size or new.look) else replace(new, side=old.side)
    after = wish.with_thing(at, into)
    if not fits(after, partner.test):
        return None
    say = f"{rng.choice(('', '', 'with ', 'by ', 'take ', 'maybe '))}{new}{rng.choice(('', '', ' please', '.'))}"
    return refined(partner, talk, say, Refinement(target, after, {"prompt": str(after)}))
