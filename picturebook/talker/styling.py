"""Turns about the style: another one, none, or more and less of the one there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from picturebook.talker.changed_settings import next_on
from picturebook.talker.lexicon import LORA_STYLES, OTHER_STYLES, with_article
from picturebook.talker.pictures import Talk, Worn, calling, picked
from picturebook.talker.refining import Refinement, refined
from picturebook.talker.turns import Partner, Turn

WEIGHTS = (0.4, 0.7, 1.0, 1.3, 1.6, 1.9)


def restyled(partner: Partner, talk: Talk) -> Turn | None:
    """A style in place of the one there was: asked for by its words, drawn with the LoRA that is found for it."""
    rng, target = partner.rng, talk.picture()
    style = rng.choice(LORA_STYLES if rng.random() < 0.65 else OTHER_STYLES)
    if style in str(target.wish):
        return None
    say, order = partner.voice.words("style", style=style, a_style=with_article(style))
    found = (Worn(style, partner.id(), rng.choice((1.0, 1.0, 0.8))),) if style in LORA_STYLES else ()
    wish = replace(target.wish, style=f"{style} style" if found else style, manner="")
    before = (calling(("pick_loras", {"wish": f"{style} style", "model": "picturebook"})), picked(found))
    fields: dict[str, Any] = {"prompt": str(wish)} | ({"loras": _uses(found)} if found or target.loras else {})
    return refined(
        partner, talk, partner.polite(say, order), Refinement(target, wish, fields, before=before, loras=found)
    )


def _uses(loras: tuple[Worn, ...]) -> list[dict[str, Any]]:
    return [{"name": one.name, "sha256": one.sha256, "weight": one.weight} for one in loras]


def unstyled(partner: Partner, talk: Talk) -> Turn | None:
    target = talk.picture()
    said_style = next((style for style in (*LORA_STYLES, *OTHER_STYLES) if style in str(target.wish)), "")
    if not said_style:
        return None
    say, order = partner.voice.words("unstyle", worn=said_style)
    wish = replace(target.wish, style="", manner="")
    fields: dict[str, Any] = {"prompt": str(wish)} | ({"loras": []} if target.loras else {})
    return refined(partner, talk, partner.polite(say, order), Refinement(target, wish, fields, loras=()))


def weighed(partner: Partner, talk: Talk) -> Turn | None:
    rng, target = partner.rng, talk.picture()
    up = rng.random() < 0.5
    if not target.loras or (weight := next_on(WEIGHTS, target.loras[0].weight, up)) is None:
        return None
    name = target.loras[0].name
    say, order = partner.voice.words("stronger" if up else "weaker", worn=name)
    found = (replace(target.loras[0], weight=weight),)
    asked = {"wish": f"{name} style", "model": "picturebook", "names": [f"{name}:{weight}"]}
    before = (calling(("pick_loras", asked)), picked(found))
    fields = {"loras": _uses(found)}
    return refined(
        partner, talk, partner.polite(say, order), Refinement(target, target.wish, fields, before=before, loras=found)
    )
