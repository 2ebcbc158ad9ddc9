"""Which function draws each kind of thing, and how it stands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from picturebook import objects_made as made
from picturebook import objects_nature as nature
from picturebook import objects_rare as rare
from picturebook.canvas import Canvas
from picturebook.objects_figment import draw_figment
from picturebook.palette import Paint
from picturebook.scene import Noun, Thing

DRAWINGS: dict[Noun, Callable[[Canvas, Paint], None]] = {
    "apple": nature.apple,
    "balloon": made.balloon,
    "bird": nature.bird,
    "boat": made.boat,
    "butterfly": nature.butterfly,
    "cactus": nature.cactus,
    "car": made.car,
    "castle": made.castle,
    "cat": nature.cat,
    "crown": made.crown,
    "cup": made.cup,
    "fish": nature.fish,
    "flower": nature.flower,
    "guitar": made.guitar,
    "heart": made.heart,
    "house": made.house,
    "key": made.key,
    "mushroom": nature.mushroom,
    "rocket": made.rocket,
    "snail": nature.snail,
    "snowman": nature.snowman,
    "star": made.star,
    "tree": nature.tree,
    "umbrella": made.umbrella,
    "anchor": rare.anchor,
    "bell": rare.bell,
    "ghost": rare.ghost,
    "hourglass": rare.hourglass,
    "lighthouse": rare.lighthouse,
    "owl": rare.owl,
    "pineapple": rare.pineapple,
    "robot": rare.robot,
    "teapot": rare.teapot,
    "turtle": rare.turtle,
    "whale": rare.whale,
    "windmill": rare.windmill,
}

FLOATING: frozenset[Noun] = frozenset(
    ("balloon", "butterfly", "fish", "ghost", "guitar", "heart", "key", "rocket", "star", "umbrella", "whale")
)
LEAN: dict[Noun, float] = {"guitar": 24, "key": 38, "rocket": 22, "umbrella": -14}  # degrees, clockwise


def drawing(thing: Thing) -> Callable[[Canvas, Paint], None]:
    return partial(draw_figment, seed=thing.figment) if thing.figment else DRAWINGS[thing.kind]


def floats(thing: Thing) -> bool:
    return thing.figment % 3 == 1 or thing.kind in FLOATING
