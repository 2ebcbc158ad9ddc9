"""Which function draws each kind of thing, and how it stands."""

from __future__ import annotations

from collections.abc import Callable

from picturebook import objects_made as made
from picturebook import objects_nature as nature
from picturebook.canvas import Canvas
from picturebook.palette import Paint
from picturebook.scene import Kind

DRAWINGS: dict[Kind, Callable[[Canvas, Paint], None]] = {
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
}

FLOATING: frozenset[Kind] = frozenset(
    ("balloon", "butterfly", "fish", "guitar", "heart", "key", "rocket", "star", "umbrella")
)
LEAN: dict[Kind, float] = {"guitar": 24, "key": 38, "rocket": 22, "umbrella": -14}  # degrees, clockwise
