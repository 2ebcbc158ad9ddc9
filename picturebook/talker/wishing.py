"""Turns that wish for a new picture, sometimes with settings, sometimes for several."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from picturebook.talker.lexicon import LORA_STYLES, NUMBERS, OTHER_STYLES, PRAISE, SCHEDULERS, UNWANTED, with_article
from picturebook.talker.phrasings import EXTRAS
from picturebook.talker.pictures import Picture, Talk, Worn, calling, pictures_told, said
from picturebook.talker.turns import Partner, Turn, numbered, ordered
from picturebook.talker.wishes import Wish, a_wish

DRAW = ("prompt", "count", "negative_prompt", "seed", "size", "steps", "guidance", "scheduler")
"""Arguments in the order of the tool's schema."""
ARGUMENTS = {"negative": "negative_prompt"}
"""By the ways to say them that are called otherwise."""
FIELDS = {"steps": "num_inference_steps", "guidance": "guidance_scale"}
"""Of a recipe, by the arguments that are called otherwise."""


def wished(partner: Partner, talk: Talk) -> Turn | None:
    """The prompt of the call is the wish in its own words; the tool tells what it was drawn with."""
    wish, worn = _styled(partner)
    prompt = str(wish)
    asked = _asked(partner, talk, prompt)
    if asked is None:
        return None
    say, order, options = asked
    wish = _augmented(partner.rng, wish, worn)
    first = options.get("seed", partner.seed())
    drawn = [
        Picture(len(talk.pictures) + 1 + step, partner.id(), wish, first + step, None, _fields(options), worn)
        for step in range(options.get("count", 1))
    ]
    call = calling(("draw", ordered(DRAW, {"prompt": prompt, **options})))
    after = (call, pictures_told("draw", drawn), said(f"Here {numbered(drawn)}."))
    return Turn(partner.polite(say, order), after, talk.drawn(drawn))


def _styled(partner: Partner) -> tuple[Wish, tuple[Worn, ...]]:
    """The wish, with a style now and then, and the LoRAs that are found for it."""
    rng, wish = partner.rng, a_wish(partner.rng, partner.test)
    if rng.random() >= 0.12:
        return wish, ()
    style = rng.choice(LORA_STYLES if rng.random() < 0.6 else OTHER_STYLES)
    tail = partner.voice.one_of(EXTRAS["style"], style=style if rng.random() < 0.5 else _as_article(style))
    worn = (Worn(style, partner.id()),) if tail and style in LORA_STYLES else ()
    if tail.startswith(", "):
        return replace(wish, style=tail[2:]), worn
    return replace(wish, manner=tail.strip()), worn


def _as_article(style: str) -> str:
    return with_article(style) if style.split()[-1] in ("drawing", "painting", "sketch", "woodcut") else style


def _asked(partner: Partner, talk: Talk, prompt: str) -> tuple[str, bool, dict[str, Any]] | None:
    """What is said, whether as an order, and the tool's arguments besides the prompt."""
    rng, voice = partner.rng, partner.voice
    options: dict[str, Any] = {}
    if rng.random() < 0.1:
        word, number = rng.choice(tuple(NUMBERS.items())[:3])
        say, order = voice.one_of(EXTRAS["count"], n=rng.choice((word, str(number))), prompt=prompt), True
        options["count"] = number
    else:
        say, order = voice.words("draw new" if talk.pictures and rng.random() < 0.6 else "draw", prompt=prompt)
    if not say:
        return None
    say, settings = _with_settings(partner, say)
    return say, order, options | settings


def _with_settings(partner: Partner, say: str) -> tuple[str, dict[str, Any]]:
    chosen: dict[str, Any] = {}
    for name, value, slots in _settings(partner) if partner.rng.random() < 0.25 else ():
        words = partner.voice.one_of(EXTRAS[name], **slots)
        if words and not say.endswith("?"):
            say, chosen[ARGUMENTS.get(name, name)] = say + words, value
    return say, chosen


def _settings(partner: Partner) -> list[tuple[str, Any, dict[str, str]]]:
    """One or two: how it is called, its value, and the slots of what is said."""
    rng = partner.rng
    seed, steps, guidance = rng.randrange(10 ** rng.choice((1, 2, 3, 4))), rng.randrange(5, 100), rng.randrange(1, 20)
    width, height = (
        (8 * rng.randrange(8, 97) for _ in range(2)) if rng.random() < 0.3 else rng.choices((128, 192, 256, 512), k=2)
    )
    scheduler, word = rng.choice(SCHEDULERS), rng.choice(UNWANTED)
    every = [
        ("seed", seed, {"seed": str(seed)}),
        ("steps", steps, {"steps": str(steps)}),
        ("guidance", guidance, {"guidance": str(guidance)}),
        ("scheduler", scheduler, {"scheduler": scheduler}),
        ("size", [width, height], {"width": str(width), "height": str(height)}),
        ("negative", word, {"unwanted": word}),
    ]
    return rng.sample(every, rng.choice((1, 1, 1, 2)))


def _augmented(rng: random.Random, wish: Wish, worn: tuple[Worn, ...]) -> Wish:
    """As it is drawn: with a word of praise now and then, and with what the LoRAs listen to."""
    praised = replace(wish, extra=rng.choice(PRAISE)) if rng.random() < 0.1 else wish
    if worn and (not praised.style.endswith(" style") or rng.random() < 0.5):
        return replace(praised, style=", ".join(filter(None, (praised.style, f"{worn[0].name} style"))))
    return praised


def _fields(options: Mapping[str, Any]) -> dict[str, Any]:
    named = {FIELDS.get(name, name): value for name, value in options.items() if name not in ("count", "seed", "size")}
    return named | dict(zip(("width", "height"), options.get("size", ()), strict=False))
