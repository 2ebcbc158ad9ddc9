"""Turns that change a picture there is: what is asked for, the call that does it, and what the tool tells."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from picturebook.talker.changes import CHANGES
from picturebook.talker.lexicon import any_noun, invented
from picturebook.talker.phrasings import AGAIN_BUT, JOINTS, KEEPING_FIRST, KEEPING_LAST, LIKE_PICTURE, OF_PICTURE
from picturebook.talker.pictures import Message, Picture, Talk, Worn, calling, pictures_told, result, said
from picturebook.talker.turns import Partner, Turn, ordered
from picturebook.talker.voice import Change
from picturebook.talker.wishes import Wish, fits

PATCH = (
    *("prompt", "negative_prompt", "width", "height", "num_inference_steps", "guidance_scale", "scheduler", "seed"),
    "loras",
)
"""Fields in the order of the tool's schema."""
CALLED = {
    "num_inference_steps": "steps", "guidance_scale": "guidance", "negative_prompt": "without",
    **{name: name for name in ("width", "height", "scheduler", "seed")},
}  # fmt: skip
"""In the assistant's words."""


@dataclass(frozen=True)
class Refinement:
    """`before` is what happens before the call, `loras` what is worn then, unless it stays."""

    target: Picture
    wish: Wish
    fields: Mapping[str, Any]
    keep: Sequence[str] = ()
    only: Sequence[str] = ()
    before: tuple[Message, ...] = ()
    loras: tuple[Worn, ...] | None = None

    @property
    def patch(self) -> dict[str, Any]:
        return ordered(PATCH, self.fields)

    @property
    def arguments(self) -> dict[str, Any]:
        where = {name: list(things) for name, things in (("keep", self.keep), ("only", self.only)) if things}
        return {"picture_id": self.target.id[:8], "patch": self.patch, **where}

    def drawn(self, number: int, id: str) -> Picture:
        target, patch = self.target, self.patch
        others = {name: value for name, value in patch.items() if name not in ("prompt", "seed", "loras")}
        worn = target.loras if self.loras is None else self.loras
        seed = patch.get("seed", target.seed)
        return Picture(number, id, self.wish, seed, target.number, {**target.fields, **others}, worn)


def refined(partner: Partner, talk: Talk, say: str, asked: Refinement) -> Turn:
    """One in a while fails, for whatever reason the tool gives."""
    call = calling(("refine", asked.arguments))
    if partner.rng.random() < 0.03 and fits(asked.wish, partner.test):
        problem = _problem(partner.rng)
        failed = (call, result("refine", {"problem": problem}), said(f"That did not work: {problem.lower()}"))
        return Turn(say, (*asked.before, *failed), talk)
    drawn = asked.drawn(len(talk.pictures) + 1, partner.id())
    also = ", ".join(f"{CALLED[name]} {value}" for name, value in asked.patch.items() if name in CALLED)
    reply = f"Picture {drawn.number}, from picture {asked.target.number}{also and ': '}{also}. Everything else stayed."
    return Turn(say, (*asked.before, call, pictures_told("refine", [drawn]), said(reply)), talk.drawn([drawn]))


def _problem(rng: random.Random) -> str:
    return rng.choice(
        (
            "This changes nothing: say which field of the recipe becomes what.",
            f"There is no {invented(rng)} in the picture: keep something else.",
            f"Nothing is left that may change: keep less than the {any_noun(rng)}.",
            f"The {invented(rng)} cannot {invented(rng)}: use another {any_noun(rng)}.",
            "The drawing was stopped.",
        )
    )


def changed(partner: Partner, talk: Talk) -> Turn | None:
    """One change or two, of the picture that `it` is or of one that is named, perhaps with something kept."""
    rng, target = partner.rng, talk.picture()
    named = rng.random() < 0.18 and len(talk.pictures) > 1
    if named:
        target = talk.picture(rng.randrange(1, len(talk.pictures) + 1))
    change = _one_or_two(partner, target)
    if change is None or len(set(change.only)) < len(change.only):
        return None
    say, keep = _with_something_kept(partner, target, change)
    if named:
        say = _of(partner, target, say, change.order)
    elif not (change.order or keep):
        say = _again_but(partner, say)
    fields = {**change.fields, **({"prompt": str(change.wish)} if change.wish != target.wish else {})}
    if not say or not fields:
        return None
    order = change.order and not (keep or named)
    return refined(
        partner, talk, partner.polite(say, order), Refinement(target, change.wish, fields, keep, change.only)
    )


def _one_or_two(partner: Partner, target: Picture) -> Change | None:
    first = _change(partner, target, target.wish)
    if first is None or not first.order or partner.rng.random() >= 0.16:
        return first
    second = _change(partner, target, first.wish)
    if second is None or not second.order or set(second.fields) & set(first.fields):
        return None
    say = first.say + partner.rng.choice(JOINTS) + second.say
    if second.wish in (target.wish, first.wish) and not second.fields:
        return None
    only = (*first.only, *second.only) if first.only and second.only else ()
    return Change(say, second.wish, {**first.fields, **second.fields}, only)


def _change(partner: Partner, target: Picture, wish: Wish) -> Change | None:
    (maker,) = partner.rng.choices(tuple(CHANGES), tuple(CHANGES.values()))
    return maker(partner.voice, target, wish)


def _with_something_kept(partner: Partner, target: Picture, change: Change) -> tuple[str, list[str]]:
    others = [thing.called for thing in target.wish.things if thing in change.wish.things]
    several = change.wish != target.wish and others and len(target.wish.things) > 1
    if several and partner.rng.random() < 0.25:
        return _keeping(partner, change.say, partner.rng.choice(others))
    return change.say, []


def _keeping(partner: Partner, say: str, thing: str) -> tuple[str, list[str]]:
    """People call what they keep by its noun or in full; the call says it in full."""
    kept = thing if partner.rng.random() < 0.4 else thing.rpartition(" ")[2]
    if partner.rng.random() < 0.7:
        tail = partner.voice.one_of(KEEPING_LAST, kept=kept)
        return (f"{say}{partner.rng.choice((' ', ', '))}{tail}" if tail else ""), [thing]
    lead = partner.voice.one_of(KEEPING_FIRST, kept=kept)
    return (f"{lead} {say}" if lead else ""), [thing]


def _of(partner: Partner, target: Picture, say: str, order: bool) -> str:
    slots = partner.number_of(target.number)
    lead = partner.voice.one_of(OF_PICTURE if order else LIKE_PICTURE, **slots) if slots["ordinal"] else ""
    return f"{lead} {say}" if lead and say else ""


def _again_but(partner: Partner, say: str) -> str:
    if partner.rng.random() >= 0.12:
        return say
    lead = partner.voice.one_of(AGAIN_BUT)
    return f"{lead} {say}" if lead else ""
