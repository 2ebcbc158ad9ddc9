"""Turns of mere talk: greetings, thanks, and questions about the pictures there are."""

from __future__ import annotations

from picturebook.talker.pictures import Talk, said
from picturebook.talker.turns import Partner, Turn

HELLO = "Hello! Tell me what to draw, and then change it by talking."
THANKS = "You are welcome!"
MURMUR = "What shall I change?"
HELP = "Tell me what to draw, such as 'a red house on the beach', and then what to change: 'make it blue', 'undo'."


def chatted(partner: Partner, talk: Talk) -> Turn | None:
    later = ("hello", "thanks", "help", "settings", "murmur", "compare")
    act = partner.rng.choice(later if talk.pictures else ("hello", "help", "murmur"))
    told = {"hello": HELLO, "thanks": THANKS, "help": HELP, "murmur": MURMUR if talk.pictures else HELLO}
    if act == "compare":
        return _compared(partner, talk)
    say, _ = partner.voice.words(act)
    if act == "settings":
        now, last = talk.picture(), talk.pictures[-1]
        named = any(word in say for word in (" seed", "settings", "details"))
        told[act] = f"Picture {now.number}: {now.wish}{f', seed {last.seed}' if named and now is last else ''}."
    return Turn(say, (said(told[act]),), talk)


def _compared(partner: Partner, talk: Talk) -> Turn | None:
    if len(talk.pictures) < 2:
        return None
    pair = sorted(partner.rng.sample(talk.pictures, 2), key=lambda picture: picture.number)
    names = [partner.number_of(picture.number) for picture in pair]
    one, other = (partner.rng.choice((f"the {name['ordinal']}", name["number"])) for name in names)
    if not all(name["ordinal"] for name in names):
        return None
    say, _ = partner.voice.words("compare", one=one, other=other)
    return Turn(say, (said(" ".join(f"Picture {picture.number}: {picture.wish}." for picture in pair)),), talk)
