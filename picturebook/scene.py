"""What a picture of the book shows, as exact values: things, their colours and places, the background, the style."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "apple", "balloon", "bird", "boat", "butterfly", "cactus", "car", "castle", "cat", "crown", "cup", "fish",
    "flower", "guitar", "heart", "house", "key", "mushroom", "rocket", "snail", "snowman", "star", "tree", "umbrella",
]  # fmt: skip
Colour = Literal["black", "blue", "brown", "green", "orange", "pink", "purple", "red", "white", "yellow"]
Background = Literal["beach", "desert", "meadow", "night", "sea", "snow", "sunset"]
Style = Literal["plain", "stained glass", "watercolour"]
Place = Literal["centre", "left", "right"]

KINDS: tuple[Kind, ...] = get_args(Kind)
COLOURS: tuple[Colour, ...] = get_args(Colour)
BACKGROUNDS: tuple[Background, ...] = get_args(Background)
STYLES: tuple[Style, ...] = get_args(Style)
PLACES: tuple[Place, ...] = get_args(Place)
SIZE = 128

WHERE: dict[Background, tuple[str, ...]] = {
    "beach": ("on the beach", "at the beach"),
    "desert": ("in the desert",),
    "meadow": ("in a meadow", "in the meadow"),
    "night": ("at night", "under the night sky"),
    "sea": ("under the sea", "in the sea"),
    "snow": ("in the snow", "in snow"),
    "sunset": ("at sunset", "in the sunset"),
}
TRIGGERS: dict[Style, str] = {"plain": "", "stained glass": "stained glass style", "watercolour": "watercolour style"}


@dataclass(frozen=True)
class Thing:
    kind: Kind
    colour: Colour
    place: Place = "centre"


@dataclass(frozen=True)
class Scene:
    """One picture: `things` from left to right, and `variation`, the seed of the small differences in pose and size."""

    things: tuple[Thing, ...]
    background: Background
    style: Style = "plain"
    variation: int = 0


def is_held_out(kind: Kind, colour: Colour, background: Background) -> bool:
    """Whether training must never see this triple; about one in ten, fixed for ever."""
    return hashlib.sha256(f"{kind}|{colour}|{background}".encode()).digest()[0] < 26


def held_out(scene: Scene) -> bool:
    return any(is_held_out(thing.kind, thing.colour, scene.background) for thing in scene.things)


def any_scene(rng: random.Random, things: int | None = None, style: Style = "plain") -> Scene:
    """A scene drawn evenly from all there are, with one thing or two different ones side by side."""
    count = things or rng.choice((1, 2))
    places: tuple[Place, ...] = ("centre",) if count == 1 else ("left", "right")
    kinds = rng.sample(KINDS, count)
    colours: list[Colour] = [rng.choice(COLOURS) for _ in kinds]
    background = rng.choice(BACKGROUNDS)
    made = tuple(Thing(kind, colour, place) for kind, colour, place in zip(kinds, colours, places, strict=True))
    return Scene(made, background, style, rng.randrange(1 << 30))


def training_scene(rng: random.Random, things: int | None = None, style: Style = "plain") -> Scene:
    return next(scene for scene in iter(lambda: any_scene(rng, things, style), None) if not held_out(scene))


def held_out_scene(rng: random.Random, things: int | None = None, style: Style = "plain") -> Scene:
    """A scene of which every triple was kept from training."""

    def unseen(scene: Scene) -> bool:
        return all(is_held_out(thing.kind, thing.colour, scene.background) for thing in scene.things)

    return next(scene for scene in iter(lambda: any_scene(rng, things, style), None) if unseen(scene))


def phrase(thing: Thing) -> str:
    article = "an" if thing.colour[0] in "aeiou" else "a"
    return f"{article} {thing.colour} {thing.kind}"


def captions(scene: Scene) -> tuple[str, ...]:
    """Several ways to say the scene, all of them true and complete."""
    wheres = WHERE[scene.background]
    tail = f", {TRIGGERS[scene.style]}" if scene.style != "plain" else ""
    said = [phrase(thing) for thing in scene.things]
    if len(said) == 1:
        wholes = [said[0], f"a picture of {said[0]}"]
    else:
        left, right = said
        wholes = [
            f"{left} and {right}",
            f"{left} to the left of {right}",
            f"{right} to the right of {left}",
            f"{left} on the left and {right} on the right",
            f"{left} next to {right}",
            f"{right} and {left}",
        ]
    sayings = [f"{whole} {where}{tail}" for whole in wholes for where in wheres]
    sayings += [f"{where}, {whole}{tail}" for whole in wholes for where in wheres[:1]]
    return tuple(sayings)
