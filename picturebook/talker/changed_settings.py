"""Changes of how the picture is made: seed, steps, guidance, scheduler and size."""

from __future__ import annotations

from typing import Any

from picturebook.talker.lexicon import SCHEDULERS
from picturebook.talker.pictures import Picture
from picturebook.talker.voice import Change, Voice
from picturebook.talker.wishes import Wish

STEPS = (5, 10, 15, 20, 30, 40, 50, 60, 80, 100, 150)
GUIDANCE = (1, 2, 3, 4, 5, 6, 7.5, 9, 12, 15, 20)
SIDES = (64, 96, 128, 192, 256, 384, 512, 768, 1024)
SHAPES = {"landscape": (192, 128), "portrait": (128, 192), "square": (128, 128)}


def seeded(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    seed = voice.rng.randrange(10 ** voice.rng.choice((1, 2, 3, 4, 5)))
    say, order = voice.words("seed", seed=str(seed))
    return None if seed == picture.seed else Change(say, wish, {"seed": seed}, order=order)


def stepped(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    return _measured(voice, picture, wish, "num_inference_steps", "steps", STEPS, voice.rng.randrange(1, 121))


def guided(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    value = voice.rng.choice((*range(1, 21), 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5))
    return _measured(voice, picture, wish, "guidance_scale", "guidance", GUIDANCE, value)


def _measured(
    voice: Voice, picture: Picture, wish: Wish, name: str, called: str, ladder: tuple[float, ...], value: float
) -> Change | None:
    before = picture.get(name)
    less = "fewer" if called == "steps" else "less"
    act = voice.rng.choice((called, f"more {called}", f"{less} {called}"))
    if act != called:
        found = next_on(ladder, before, up=act.startswith("more"))
        if found is None:
            return None
        value = found
    say, order = voice.words(act, **{called: str(value)})
    return None if value == before else Change(say, wish, {name: value}, order=order)


def next_on(ladder: tuple[float, ...], value: float, up: bool) -> Any:
    beyond = [rung for rung in ladder if (rung > value if up else rung < value)]
    return (min if up else max)(beyond) if beyond else None


def scheduled(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    name = voice.rng.choice(SCHEDULERS)
    say, order = voice.words("scheduler", scheduler=name)
    return None if name == picture.get("scheduler") else Change(say, wish, {"scheduler": name}, order=order)


def sized(voice: Voice, picture: Picture, wish: Wish) -> Change | None:
    now = (picture.get("width"), picture.get("height"))
    act = voice.rng.choice(("size", *SHAPES, "larger", "smaller"))
    if act in SHAPES:
        size = SHAPES[act]
    elif act == "size":
        size = (voice.rng.choice(SIDES[:7]), voice.rng.choice(SIDES[:7]))
    else:
        size = tuple(next_on(SIDES, side, up=act == "larger") for side in now)
    if None in size or all(new == old for new, old in zip(size, now, strict=True)) or _same_shape(act, now):
        return None
    say, order = voice.words(act, width=str(size[0]), height=str(size[1]))
    names = zip(("width", "height"), size, now, strict=True)
    return Change(say, wish, {name: new for name, new, old in names if new != old}, order=order)


def _same_shape(act: str, now: tuple[int, int]) -> bool:
    wide, tall = now
    return {"landscape": wide > tall, "portrait": tall > wide, "square": wide == tall}.get(act, False)
