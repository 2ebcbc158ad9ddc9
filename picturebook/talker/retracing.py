"""Turns about pictures there were: the same again with other seeds, and back to one of them."""

from __future__ import annotations

from dataclasses import replace

from picturebook.talker.asking import NO_SUCH, asked
from picturebook.talker.lexicon import NUMBERS
from picturebook.talker.pictures import Talk, calling, pictures_told, said
from picturebook.talker.turns import Partner, Turn, numbered


def varied(partner: Partner, talk: Talk) -> Turn | None:
    """New seeds and nothing else."""
    rng, target, count = partner.rng, talk.picture(), 1
    slots: dict[str, str] = {}
    act = rng.choices(("again", "variations", "variations of", "more like", "nicer"), (5, 5, 2, 2, 2))[0]
    if act in ("variations of", "more like"):
        target = talk.picture(rng.randrange(1, len(talk.pictures) + 1))
        slots = partner.number_of(target.number)
    if act.startswith("variations"):
        word, count = rng.choice(tuple(NUMBERS.items())[:3])
        slots["n"] = rng.choice((word, str(count)))
    if slots.get("ordinal") == "":
        return None
    say, order = partner.voice.words(act, **slots)
    fresh = 1000 * (len(talk.pictures) + 1)
    drawn = [
        replace(target, number=len(talk.pictures) + 1 + step, id=partner.id(), seed=fresh + step, parent=target.number)
        for step in range(count)
    ]
    calls = [("refine", {"picture_id": target.id[:8], "patch": {"seed": one.seed}}) for one in drawn]
    told = [pictures_told("refine", [one]) for one in drawn]
    reply = f"Here {numbered(drawn)}, from picture {target.number}. Only the seed is new."
    return Turn(partner.polite(say, order), (calling(*calls), *told, said(reply)), talk.drawn(drawn))


def went_back(partner: Partner, talk: Talk) -> Turn | None:
    rng = partner.rng
    act = rng.choices(("undo", "back steps", "back to"), (5, 2, 5))[0]
    slots: dict[str, str] = {}
    if act == "back to":
        number = rng.randrange(1, len(talk.pictures) + 1)
        slots = partner.number_of(number)
    else:
        word, steps = ("", 1) if act == "undo" else rng.choice(tuple(NUMBERS.items())[:2])
        slots["n"] = rng.choice((word, str(steps)))
        number = talk.ancestor(steps)
        if act == "undo" and number is None:
            number = talk.current - 1
            if not number:
                return asked(partner.polite(*partner.voice.words(act)), NO_SUCH.format(len(talk.pictures)), talk)
    if not number or number == talk.current or slots.get("ordinal") == "":
        return None
    say, order = partner.voice.words(act, **slots)
    reply = f"We are back at picture {number}. The next change starts there."
    return Turn(partner.polite(say, order), (said(reply),), talk.back_at(number))
