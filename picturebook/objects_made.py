"""Drawings of the things that people make, and of the two signs, heart and star."""

from __future__ import annotations

import math

from picturebook.canvas import Canvas, round_points
from picturebook.palette import AMBER, CREAM, DARK, FLAME, GLASS, ROSE, WOOD, Paint, flat


def balloon(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke([(0, 0.6), (0.1, 0.76), (-0.06, 0.94), (0.04, 1.12)], 0.07, CREAM.line)
    canvas.polygon([(0, 0.46), (0.16, 0.66), (-0.16, 0.66)], paint.deep)
    skin = [
        (0, -1),
        (0.56, -0.84),
        (0.84, -0.36),
        (0.66, 0.14),
        (0.2, 0.5),
        (-0.2, 0.5),
        (-0.66, 0.14),
        (-0.84, -0.36),
        (-0.56, -0.84),
    ]
    canvas.curve(skin, paint)
    canvas.ellipse(-0.36, -0.52, 0.14, 0.24, paint.shine)


def boat(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke([(0, -0.94), (0, 0.5)], 0.1, WOOD)
    canvas.polygon([(0.1, -0.92), (0.9, 0.24), (0.1, 0.24)], paint)
    canvas.polygon([(-0.12, -0.62), (-0.12, 0.24), (-0.72, 0.24)], CREAM)
    canvas.curve(
        [(-0.97, 0.4), (0, 0.44), (0.97, 0.4), (0.84, 0.76), (0.52, 0.98), (-0.52, 0.98), (-0.84, 0.76)], paint
    )
    canvas.stroke([(-0.72, 0.62), (0.72, 0.62)], 0.09, paint.shine)


def car(canvas: Canvas, paint: Paint) -> None:
    canvas.curve(
        [(-0.66, 0.14), (-0.5, -0.3), (-0.3, -0.44), (0.2, -0.44), (0.42, -0.28), (0.7, 0.14), (0, 0.3)], paint
    )
    canvas.polygon([(-0.48, 0.1), (-0.36, -0.26), (-0.1, -0.26), (-0.1, 0.1)], GLASS)
    canvas.polygon([(0.06, 0.1), (0.06, -0.26), (0.24, -0.26), (0.48, 0.1)], GLASS)
    canvas.box(-0.97, 0.1, 0.97, 0.76, 0.24, paint)
    canvas.ellipse(0.82, 0.34, 0.1, 0.12, AMBER)
    canvas.stroke([(-0.74, 0.32), (0.52, 0.32)], 0.07, paint.shine)
    for x in (-0.52, 0.52):
        canvas.ellipse(x, 0.7, 0.28, 0.28, DARK)
        canvas.ellipse(x, 0.7, 0.12, 0.12, flat(CREAM.fill))


def battlements(left: float, right: float, top: float, bottom: float) -> list[tuple[float, float]]:
    """The outline of a wall with three merlons."""
    step = (right - left) / 5
    edge = [(left + step * (i + j), top + 0.15 * (i % 2)) for i in range(5) for j in (0, 1)]
    return [*edge, (right, bottom), (left, bottom)]


def castle(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke([(0, -0.96), (0, -0.5)], 0.07, WOOD.line)
    canvas.polygon([(0.02, -0.99), (0.4, -0.86), (0.02, -0.74)], ROSE)
    canvas.polygon(battlements(-0.32, 0.32, -0.6, 0.4), paint.deep)
    canvas.polygon([(-0.6, 0.06), (0.6, 0.06), (0.6, 1), (-0.6, 1)], paint)
    canvas.polygon(battlements(-0.95, -0.42, -0.4, 1), paint)
    canvas.polygon(battlements(0.42, 0.95, -0.4, 1), paint)
    arch = round_points(0, 0.6, 0.22, 0.24, 180, 360)
    canvas.polygon([(-0.22, 1), *arch, (0.22, 1)], WOOD)
    for x, y in ((-0.68, 0.14), (0.68, 0.14), (0, -0.2)):
        canvas.box(x - 0.09, y - 0.13, x + 0.09, y + 0.13, 0.08, flat(CREAM.fill))


def crown(canvas: Canvas, paint: Paint) -> None:
    tips = [(-0.9, -0.5), (-0.46, -0.72), (0, -0.82), (0.46, -0.72), (0.9, -0.5)]
    dips = [(-0.62, 0.12), (-0.24, 0.02), (0.24, 0.02), (0.62, 0.12)]
    zigzag = [point for pair in zip(tips, [*dips, (0.72, 0.6)], strict=True) for point in pair]
    canvas.polygon([*zigzag, (0.72, 0.8), (-0.72, 0.8)], paint)
    for x, y in tips:
        canvas.ellipse(x, y, 0.12, 0.12, paint)
    canvas.box(-0.8, 0.5, 0.8, 0.98, 0.14, paint.deep)
    for x, jewel in ((-0.46, GLASS), (0, ROSE), (0.46, GLASS)):
        canvas.ellipse(x, 0.74, 0.12, 0.12, jewel)


def cup(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke(round_points(0.52, 0.1, 0.36, 0.38, -80, 80)[::8], 0.2, paint)
    canvas.curve(
        [(-0.82, -0.6), (0.62, -0.6), (0.62, 0.3), (0.5, 0.86), (0.2, 0.98), (-0.4, 0.98), (-0.7, 0.86), (-0.82, 0.3)],
        paint,
    )
    canvas.ellipse(-0.1, -0.62, 0.75, 0.26, paint)
    canvas.ellipse(-0.1, -0.6, 0.58, 0.16, flat((112, 66, 44)))
    canvas.stroke([(-0.58, -0.1), (-0.56, 0.3), (-0.46, 0.64)], 0.13, paint.shine)


def guitar(canvas: Canvas, paint: Paint) -> None:
    canvas.box(-0.1, -0.86, 0.1, 0.2, 0.03, WOOD)
    canvas.box(-0.18, -1.1, 0.18, -0.74, 0.08, paint.deep)
    right = [(0.4, -0.1), (0.46, 0.14), (0.38, 0.34), (0.64, 0.62), (0.52, 0.98)]
    canvas.curve([(0, -0.16), *right, (0, 1.1), *[(-x, y) for x, y in reversed(right)]], paint)
    canvas.box(-0.09, -0.3, 0.09, 0.2, 0.03, flat(WOOD.fill))
    canvas.ellipse(0, 0.32, 0.2, 0.2, DARK)
    canvas.box(-0.26, 0.74, 0.26, 0.86, 0.04, WOOD)


def heart(canvas: Canvas, paint: Paint) -> None:
    turns = [2 * math.pi * i / 60 for i in range(60)]
    across = [0.95 * math.sin(a) ** 3 for a in turns]
    down = [5 * math.cos(2 * a) + 2 * math.cos(3 * a) + math.cos(4 * a) - 13 * math.cos(a) for a in turns]
    canvas.polygon([(x, y / 15.6 + 0.016) for x, y in zip(across, down, strict=True)], paint)
    canvas.stroke([(-0.66, -0.26), (-0.58, -0.5), (-0.38, -0.6)], 0.15, paint.shine)


def house(canvas: Canvas, paint: Paint) -> None:
    canvas.box(0.38, -0.9, 0.64, -0.2, 0.03, paint.deep)
    canvas.polygon([(-0.76, -0.2), (0.76, -0.2), (0.76, 1), (-0.76, 1)], paint)
    canvas.polygon([(0, -0.98), (0.97, -0.08), (-0.97, -0.08)], paint.deep)
    canvas.box(-0.56, 0.3, -0.08, 1, 0.04, WOOD)
    canvas.ellipse(-0.18, 0.66, 0.05, 0.05, flat(CREAM.fill))
    canvas.box(0.14, 0.18, 0.58, 0.6, 0.04, CREAM)
    canvas.stroke([(0.36, 0.22), (0.36, 0.56)], 0.06, CREAM.line)
    canvas.ellipse(0, -0.42, 0.16, 0.16, CREAM)


def key(canvas: Canvas, paint: Paint) -> None:
    canvas.box(0.04, 0.44, 0.54, 0.64, 0.05, paint)
    canvas.box(0.04, 0.8, 0.46, 1, 0.05, paint)
    canvas.box(-0.14, -0.1, 0.14, 1.14, 0.1, paint)
    canvas.stroke(round_points(0, -0.62, 0.4, 0.38)[:-1:4], 0.3, paint, closed=True)
    canvas.stroke(round_points(0, -0.62, 0.4, 0.38, 190, 260)[::8], 0.08, paint.shine)
    canvas.box(-0.24, -0.16, 0.24, 0, 0.06, paint)


def rocket(canvas: Canvas, paint: Paint) -> None:
    canvas.curve([(-0.26, 0.5), (0.26, 0.5), (0.2, 0.84), (0, 1.12), (-0.2, 0.84)], FLAME)
    canvas.ellipse(0, 0.68, 0.11, 0.2, FLAME.shine)
    for side in (-1, 1):
        canvas.curve([(side * 0.3, 0.0), (side * 0.74, 0.36), (side * 0.74, 0.8), (side * 0.3, 0.56)], paint.deep)
    hull = [(0, -1.12), (0.34, -0.72), (0.46, -0.14), (0.34, 0.56)]
    canvas.curve([*hull, (0, 0.62), *[(-x, y) for x, y in reversed(hull[1:])]], paint)
    canvas.ellipse(0, -0.26, 0.22, 0.22, GLASS)
    canvas.stroke([(-0.26, 0.3), (0, 0.34), (0.26, 0.3)], 0.09, paint.shine)


def star(canvas: Canvas, paint: Paint) -> None:
    reach = [(1.04 if i % 2 == 0 else 0.5, math.radians(36 * i - 90)) for i in range(10)]
    canvas.polygon([(r * math.cos(a), 0.06 + r * math.sin(a)) for r, a in reach], paint)
    canvas.stroke([(-0.42, -0.2), (-0.16, -0.28), (-0.06, -0.5)], 0.1, paint.shine)


def umbrella(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke([(0, -0.96), (0, 0.7), (0.08, 0.9), (0.25, 0.96), (0.4, 0.84), (0.42, 0.7)], 0.13, WOOD)
    dome = list(round_points(0, 0.1, 0.98, 0.94, 180, 360))
    scallops = [p for x in (0.735, 0.245, -0.245, -0.735) for p in round_points(x, 0.1, 0.245, 0.13, 0, -180)[4:-4]]
    canvas.polygon([*dome, *scallops], paint)
    for side in (-1, 1):
        canvas.stroke([(0, -0.82), (side * 0.38, -0.48), (side * 0.49, 0.06)], 0.06, paint.line)
    canvas.stroke([(-0.74, -0.22), (-0.6, -0.46), (-0.42, -0.6)], 0.1, paint.shine)
