"""Changes of what is in the picture, and where and when it is."""

from __future__ import annotations

from dataclasses import replace

from picturebook.talker.lexicon import BOOK_PLACES, PLACE_NAMES, TIME_NAMES, TIMES, UNWANTED, any_place
from picturebook.talker.pictures import Picture
from picturebook.talker.voice import Change, Voice
from picturebook.talker.wishes import Wish, a_wish, any_thing, key


def replaced(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    """The new thing looks as the old one did, unless its own looks are named."""
    at = voice.rng.randrange(len(wish.things))
    it = at == 0 and len(wish.things) == 1 and voice.rng.random() < 0.5
    old, new = wish.things[at], any_thing(voice.rng, 0.4)
    if (old.count and not new.count) or old.bare or new.noun in {thing.noun for thing in wish.things}:
        return None
    plain = not (new.colour or new.size or new.look or new.rest)
    into = replace(old, noun=new.noun, count=new.count) if plain else replace(new, side=old.side)
    name = voice.called(wish, at)
    say, order = voice.words("replace it" if it else "replace", thing=name, new=str(new), thing_a=f"the {name}")
    return Change(say, wish.with_thing(at, into), order=order)


def moved(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    """A place takes the place of a place, a time that of a time; a time joins a place."""
    rng = voice.rng
    if rng.random() < 0.25:
        time = rng.choice(TIMES)
        say, order = voice.words("place" if wish.place or rng.random() < 0.5 else "time", place=time)
        if wish.place and ("instead" in say or "rather" in say):
            return None
        return Change(say, replace(wish, time=time), order=order)
    place = any_place(rng) if rng.random() < 0.35 else rng.choice(BOOK_PLACES)
    say, order = voice.words("place", place=place)
    return Change(say, replace(wish, place=place), order=order)


def placed_by_name(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    if voice.rng.random() < 0.35:
        name, time = voice.rng.choice(tuple(TIME_NAMES.items()))
        say, order = voice.words("time name", name=name)
        if wish.place and "instead" in say:
            return None
        return Change(say, replace(wish, time=time), order=order)
    name, place = voice.rng.choice(tuple(PLACE_NAMES.items()))
    say, order = voice.words("place name", name=name, was=key(wish.place))
    return None if name == key(wish.place) else Change(say, replace(wish, place=place), order=order)


def displaced(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    if not wish.place:
        return None
    say, order = voice.words("no place", was=key(wish.place))
    return Change(say, replace(wish, place="", place_first=wish.place_first and bool(wish.time)), order=order)


def rewritten(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    new = a_wish(voice.rng, voice.test)
    say, order = voice.words("whole prompt", prompt=str(new))
    return Change(say, new, order=order)


def added(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    new = replace(any_thing(voice.rng), side=voice.rng.choice(("left", "right")) if voice.rng.random() < 0.1 else "")
    if len(wish.things) > 3 or " of " in wish.joint or new.noun in {thing.noun for thing in wish.things}:
        return None
    say, order = voice.words("add", new=str(new), thing=voice.called(wish, 0))
    joint = wish.joint if len(wish.things) > 1 else " and "
    return Change(say, replace(wish, things=(*wish.things, new), joint=joint), order=order)


def removed(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    if len(wish.things) < 2 or " of " in wish.joint:
        return None
    at = voice.rng.randrange(len(wish.things))
    left = (*wish.things[:at], *wish.things[at + 1 :])
    say, order = voice.words("remove", thing=voice.called(wish, at))
    return Change(say, replace(wish, things=left), order=order)


def unwanted(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    """What is not there and shall not come goes after what stands in the negative prompt."""
    word = voice.rng.choice(UNWANTED)
    before = str(picture.get("negative_prompt"))
    if word in before or word.rstrip("s") in str(wish):
        return None
    say, order = voice.words("remove" if voice.rng.random() < 0.2 else "negative", thing=word, unwanted=word)
    return Change(say, wish, {"negative_prompt": ", ".join(filter(None, (before, word)))}, order=order)
