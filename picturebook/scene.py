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
Rare = Literal[
    "anchor", "bell", "ghost", "hourglass", "lighthouse", "owl",
    "pineapple", "robot", "teapot", "turtle", "whale", "windmill",
]  # fmt: skip
"""Things that no training ever shows or says: only the knowledge base tells of them."""
Figment = Literal["thing"]
"""What has no name: shapes without end, each from its own seed."""
Noun = Kind | Rare | Figment
Colour = Literal["black", "blue", "brown", "green", "orange", "pink", "purple", "red", "white", "yellow"]
Background = Literal["beach", "desert", "meadow", "night", "sea", "snow", "sunset"]
Style = Literal["plain", "stained glass", "watercolour", "pencil", "neon", "pixel", "paper cut"]
Place = Literal["centre", "left", "right", "top", "bottom"]

KINDS: tuple[Kind, ...] = get_args(Kind)
RARE: tuple[Rare, ...] = get_args(Rare)
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
TRIGGERS: dict[Style, str] = {
    "plain": "",
    "stained glass": "stained glass style",
    "watercolour": "watercolour style",
    "pencil": "pencil style",
    "neon": "neon style",
    "pixel": "pixel style",
    "paper cut": "papercut style",
}
NUMBERS = {2: "two", 3: "three"}
PLURALS: dict[Kind, str] = {"butterfly": "butterflies", "cactus": "cacti", "fish": "fish", "snowman": "snowmen"}
"""Those that do not only take an s."""


@dataclass(frozen=True)
class Thing:
    kind: Noun
    colour: Colour
    place: Place = "centre"
    figment: int = 0
    """Which of the shapes that have no name; 0 for kinds that have one."""


@dataclass(frozen=True)
class Scene:
    """
    One picture: `things` from left to right, or from top to bottom.

    `variation` is the seed of the small differences in pose and size.
    """

    things: tuple[Thing, ...]
    background: Background
    style: Style = "plain"
    variation: int = 0


def is_held_out(kind: Noun, colour: Colour, background: Background) -> bool:
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


def plural(kind: Noun) -> str:
    return next((many for one, many in PLURALS.items() if one == kind), f"{kind}s")


def alike(scene: Scene) -> bool:
    """Whether there are several, all of one kind and colour."""
    return len(scene.things) > 1 and len({(t.kind, t.colour, t.figment) for t in scene.things}) == 1


def wholes(scene: Scene) -> list[str]:
    """Ways to say what is there and where it stands, without the background."""
    first = scene.things[0]
    if alike(scene):
        several = f"{NUMBERS[len(scene.things)]} {first.colour} {plural(first.kind)}"
        return [several, f"a picture of {several}"]
    if len(scene.things) == 1:
        return [phrase(first), f"a picture of {phrase(first)}"]
    one, other = (phrase(thing) for thing in scene.things)
    if first.place == "top":
        return [f"{one} above {other}", f"{other} below {one}", f"{one} at the top and {other} at the bottom"]
    return [
        f"{one} and {other}",
        f"{one} to the left of {other}",
        f"{other} to the right of {one}",
        f"{one} on the left and {other} on the right",
        f"{one} next to {other}",
        f"{other} and {one}",
    ]


def captions(scene: Scene) -> tuple[str, ...]:
    """Several ways to say the scene, all of them true and complete."""
    wheres = WHERE[scene.background]
    tail = f", {TRIGGERS[scene.style]}" if scene.style != "plain" else ""
    said = wholes(scene)
    sayings = [f"{whole} {where}{tail}" for whole in said for where in wheres]
    sayings += [f"{where}, {whole}{tail}" for whole in said for where in wheres[:1]]
    return tuple(sayings)
