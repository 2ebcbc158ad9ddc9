"""Changes of how single things look: their colour, size, number and side."""

from __future__ import annotations

from dataclasses import replace

from picturebook.talker.lexicon import NUMBERS, SIZES, any_colour, other, plural
from picturebook.talker.pictures import Picture
from picturebook.talker.voice import Change, Voice
from picturebook.talker.wishes import Wish

COMPARATIVES = {"bigger": "big", "larger": "large", "smaller": "small", "older": "old", "rounder": "round"}


def recoloured(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    at = voice.rng.randrange(len(wish.things))
    it = at == 0 and voice.rng.random() < 0.45
    old = wish.things[at]
    new = replace(old, colour=any_colour(voice.rng))
    if new == old:
        return None
    noun = "" if old.count else old.noun
    act = "colour it" if it else "colour"
    say, order = voice.words(act, thing=voice.called(wish, at), noun=noun, colour=new.colour)
    return Change(say, wish.with_thing(at, new), only=(old.called,), order=order)


def recoloured_by_colour(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    """The thing is meant by the colour that only it has."""
    at = voice.rng.randrange(len(wish.things))
    old, new = wish.things[at], any_colour(voice.rng)
    if not old.colour or str(wish).split().count(old.colour.split()[-1]) > 1 or new == old.colour:
        return None
    say, order = voice.words("by colour", old=old.colour, colour=new)
    return Change(say, wish.with_thing(at, replace(old, colour=new)), only=(old.called,), order=order)


def all_recoloured(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    colour = any_colour(voice.rng)
    things = tuple(replace(thing, colour=colour) for thing in wish.things)
    if len(things) < 2 or any(new == old for new, old in zip(things, wish.things, strict=True)):
        return None
    say, order = voice.words("all", colour=colour)
    return Change(say, replace(wish, things=things), only=tuple(thing.called for thing in wish.things), order=order)


def counted(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    at = voice.rng.randrange(len(wish.things))
    old = wish.things[at]
    word, number = voice.rng.choice(tuple(NUMBERS.items())[:5])
    count = word if voice.rng.random() < 0.7 else str(number)
    if old.bare or old.side or old.count in (word, str(number)):
        return None
    nouns = plural(old.noun)
    noun = "" if old.count else old.noun
    say, order = voice.words("count", n=count, noun=noun, nouns=nouns, thing=voice.called(wish, at))
    return Change(say, wish.with_thing(at, replace(old, count=count)), order=order)


def one_more(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    at = voice.rng.randrange(len(wish.things))
    old = wish.things[at]
    if old.count or old.bare or old.side or old.rest:
        return None
    say, order = voice.words("one more", noun=old.noun)
    return Change(say, wish.with_thing(at, replace(old, count="two")), order=order)


def only_one(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    at = voice.rng.randrange(len(wish.things))
    old = wish.things[at]
    if not old.count:
        return None
    say, order = voice.words("only one", noun=old.noun, n=old.count)
    return Change(say, wish.with_thing(at, replace(old, count="")), order=order)


def aside(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    at = voice.rng.randrange(len(wish.things))
    old, side = wish.things[at], voice.rng.choice(("left", "right"))
    if len(wish.things) < 2 or " of " in wish.joint or any(thing.side for thing in wish.things):
        return None
    say, order = voice.words("side", thing=voice.called(wish, at), side=side)
    return Change(say, wish.with_thing(at, replace(old, side=side)), order=order)


def looking(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    rng = voice.rng
    at = rng.randrange(len(wish.things))
    old = wish.things[at]
    word = rng.choice((*COMPARATIVES, *SIZES, *other("adjectives")))
    look = COMPARATIVES.get(word, word)
    new = replace(old, size=look) if look in SIZES else replace(old, look=look)
    it = at == 0 and rng.random() < 0.35
    if new == old or (it and word in ("smaller", "larger")):
        return None
    noun = "" if old.count else old.noun
    say, order = voice.words("look it" if it else "look", thing=voice.called(wish, at), noun=noun, look=word)
    return Change(say, wish.with_thing(at, new), only=(old.called,), order=order)
