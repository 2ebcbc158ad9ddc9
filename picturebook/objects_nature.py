"""Drawings of the animals and plants, and of what else grows or falls outdoors."""

from __future__ import annotations

import math

from picturebook.canvas import Canvas, round_points
from picturebook.palette import AMBER, CREAM, DARK, LEAF, ROSE, SNAIL_SKIN, TEAL, WOOD, Paint, flat


def eye(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.ellipse(x, y, size, size, flat((255, 255, 255)))
    canvas.ellipse(x + size * 0.15, y, size * 0.62, size * 0.62, flat(DARK.fill))


def apple(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke([(0, -0.45), (0.02, -0.7), (0.12, -0.94)], 0.13, WOOD)
    canvas.curve([(0.1, -0.66), (0.34, -0.96), (0.74, -0.96), (0.5, -0.66)], LEAF)
    right = [(0.36, -0.62), (0.8, -0.46), (0.95, 0.05), (0.72, 0.68), (0.3, 0.98)]
    left = [(-x, y) for x, y in reversed(right)]
    canvas.curve([(0, -0.48), *right, (0, 0.9), *left], paint)
    canvas.ellipse(-0.52, -0.08, 0.14, 0.26, paint.shine)


def bird(canvas: Canvas, paint: Paint) -> None:
    for x in (-0.08, 0.24):
        canvas.stroke([(x, 0.6), (x, 0.96)], 0.09, AMBER.line)
    canvas.polygon([(0.72, -0.5), (0.99, -0.3), (0.72, -0.12)], AMBER)
    canvas.curve(
        [
            (0.4, -0.84),
            (0.78, -0.6),
            (0.82, -0.15),
            (0.68, 0.38),
            (0.2, 0.78),
            (-0.34, 0.66),
            (-0.62, 0.4),
            (-0.97, 0.34),
            (-0.95, -0.16),
            (-0.5, 0),
            (-0.12, -0.08),
            (0.04, -0.5),
        ],
        paint,
    )
    canvas.curve([(0.22, 0.06), (0.3, 0.36), (-0.02, 0.54), (-0.5, 0.36), (-0.2, 0.12)], paint.deep)
    eye(canvas, 0.5, -0.42, 0.14)


def butterfly(canvas: Canvas, paint: Paint) -> None:
    for side in (-1, 1):
        low = [(0.06, 0.02), (0.5, 0), (0.84, 0.36), (0.7, 0.86), (0.3, 0.76)]
        high = [(0.06, -0.1), (0.3, -0.7), (0.74, -0.94), (0.97, -0.6), (0.86, -0.08), (0.4, 0.12)]
        canvas.stroke([(0, -0.4), (side * 0.1, -0.72), (side * 0.24, -0.88)], 0.06, DARK.line)
        canvas.curve([(side * x, y) for x, y in low], paint.deep)
        canvas.curve([(side * x, y) for x, y in high], paint)
        canvas.ellipse(side * 0.66, -0.5, 0.15, 0.19, paint.shine)
        canvas.ellipse(side * 0.52, 0.44, 0.12, 0.14, paint.shine)
    canvas.ellipse(0, 0.06, 0.12, 0.56, DARK)


def cactus(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke([(-0.2, 0.42), (-0.52, 0.4), (-0.68, 0.22), (-0.7, -0.24)], 0.34, paint)
    canvas.stroke([(0.2, 0.2), (0.52, 0.18), (0.68, 0), (0.7, -0.48)], 0.34, paint)
    canvas.box(-0.34, -0.94, 0.34, 1, 0.33, paint)
    for x, top in ((-0.13, -0.56), (0.13, -0.56)):
        canvas.stroke([(x, top), (x, 0.82)], 0.07, paint.shine)
    for side in (-1, 0, 1):
        canvas.ellipse(side * 0.13, -0.9 - 0.04 * (side == 0), 0.11, 0.11, ROSE)


def cat(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke([(0.4, 0.86), (0.78, 0.8), (0.86, 0.5), (0.76, 0.24)], 0.22, paint)
    canvas.curve(
        [(0, -0.2), (0.36, 0.1), (0.58, 0.6), (0.52, 0.98), (0, 1), (-0.52, 0.98), (-0.58, 0.6), (-0.36, 0.1)], paint
    )
    canvas.ellipse(0, 0.66, 0.24, 0.28, paint.shine)
    for side in (-1, 1):
        canvas.polygon([(side * 0.68, -0.5), (side * 0.62, -0.99), (side * 0.16, -0.7)], paint)
        canvas.polygon([(side * 0.56, -0.64), (side * 0.55, -0.84), (side * 0.34, -0.7)], flat(ROSE.fill))
    canvas.ellipse(0, -0.34, 0.72, 0.5, paint)
    for side in (-1, 1):
        canvas.stroke([(side * 0.42, -0.14), (side * 0.88, -0.2)], 0.05, paint.line)
        canvas.stroke([(side * 0.4, -0.04), (side * 0.84, 0.02)], 0.05, paint.line)
        canvas.ellipse(side * 0.3, -0.38, 0.15, 0.17, flat(CREAM.fill))
        canvas.ellipse(side * 0.28, -0.38, 0.08, 0.14, flat(DARK.fill))
    canvas.polygon([(-0.1, -0.2), (0.1, -0.2), (0, -0.07)], flat(ROSE.fill))


def fish(canvas: Canvas, paint: Paint) -> None:
    canvas.curve([(-0.42, 0), (-0.94, -0.56), (-0.97, -0.4), (-0.82, 0), (-0.97, 0.4), (-0.94, 0.56)], paint.deep)
    canvas.curve([(-0.3, -0.4), (-0.2, -0.8), (0.2, -0.76), (0.4, -0.4)], paint.deep)
    canvas.curve([(-0.2, 0.4), (-0.14, 0.76), (0.16, 0.72), (0.2, 0.4)], paint.deep)
    canvas.curve(
        [(0.97, 0), (0.7, -0.42), (0.2, -0.6), (-0.3, -0.4), (-0.62, 0), (-0.3, 0.4), (0.2, 0.6), (0.7, 0.42)], paint
    )
    canvas.curve([(0.1, 0.02), (-0.24, -0.12), (-0.34, 0.1), (-0.18, 0.28)], paint.deep)
    canvas.stroke([(0.34, -0.34), (0.24, 0), (0.34, 0.34)], 0.07, paint.line)
    eye(canvas, 0.6, -0.14, 0.15)


def flower(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke([(0, 0.1), (0.03, 0.96)], 0.15, LEAF)
    canvas.curve([(0.04, 0.86), (0.2, 0.52), (0.64, 0.44), (0.5, 0.76)], LEAF)
    canvas.curve([(0, 0.94), (-0.2, 0.64), (-0.6, 0.58), (-0.46, 0.88)], LEAF)
    for turn in range(6):
        angle = math.radians(60 * turn + 30)
        canvas.ellipse(0.46 * math.cos(angle), -0.3 + 0.42 * math.sin(angle), 0.31, 0.3, paint)
    canvas.ellipse(0, -0.3, 0.24, 0.23, AMBER)


def mushroom(canvas: Canvas, paint: Paint) -> None:
    canvas.curve([(-0.3, -0.1), (0.3, -0.1), (0.3, 0.5), (0.44, 0.94), (0, 1), (-0.44, 0.94), (-0.3, 0.5)], CREAM)
    cap = [(0.45, -0.88), (0.86, -0.46), (0.97, 0.16), (0.5, 0.28)]
    canvas.curve([(0, -0.98), *cap, (0, 0.31), *[(-x, y) for x, y in reversed(cap)]], paint)
    dots = ((-0.5, -0.3, 0.2), (0.1, -0.58, 0.21), (0.58, -0.2, 0.17), (0.06, 0.0, 0.14))
    spot = paint.shine if min(paint.fill) > 240 else flat(CREAM.fill)  # cream would be lost on white
    for x, y, size in dots:
        canvas.ellipse(x, y, size, size * 0.9, spot)


def snail(canvas: Canvas, paint: Paint) -> None:
    for x in (0.62, 0.86):
        canvas.stroke([(0.68, 0.5), (x, -0.02)], 0.09, SNAIL_SKIN.line)
        canvas.ellipse(x, -0.06, 0.1, 0.1, DARK)
    canvas.curve(
        [(-0.98, 0.94), (-0.6, 0.6), (0.3, 0.66), (0.5, 0.3), (0.8, 0.22), (0.96, 0.46), (0.82, 0.86), (0.4, 0.99)],
        SNAIL_SKIN,
    )
    canvas.ellipse(-0.16, -0.02, 0.74, 0.74, paint)
    coil = [
        (-0.16 + r * math.cos(a), -0.02 + r * math.sin(a)) for a, r in ((0.9 * i, 0.52 - 0.042 * i) for i in range(12))
    ]
    canvas.stroke(coil, 0.1, paint.line)


def snowman(canvas: Canvas, paint: Paint) -> None:
    for side in (-1, 1):
        canvas.stroke([(side * 0.4, 0.1), (side * 0.88, -0.16)], 0.09, WOOD.line)
    canvas.ellipse(0, 0.46, 0.68, 0.54, paint)
    canvas.ellipse(0, -0.3, 0.45, 0.42, paint)
    canvas.stroke([(-0.36, 0), (0, 0.09), (0.36, 0)], 0.17, TEAL)
    canvas.stroke([(0.24, 0.06), (0.3, 0.34)], 0.17, TEAL)
    canvas.box(-0.28, -0.99, 0.28, -0.6, 0.06, DARK)
    canvas.box(-0.48, -0.7, 0.48, -0.56, 0.06, DARK)
    for side in (-1, 1):
        eye(canvas, side * 0.17, -0.38, 0.09)
    canvas.polygon([(0, -0.3), (0.4, -0.18), (0, -0.15)], AMBER)


def tree(canvas: Canvas, paint: Paint) -> None:
    canvas.curve([(-0.17, 0.1), (0.17, 0.1), (0.18, 0.7), (0.34, 0.98), (0, 0.95), (-0.34, 0.98), (-0.18, 0.7)], WOOD)
    puffs = ((-0.56, -0.02, 0.38), (0.56, -0.02, 0.38), (0, 0.1, 0.38), (-0.42, -0.5, 0.42), (0.42, -0.5, 0.42))
    for x, y, size in puffs:
        canvas.ellipse(x, y, size, size, paint)
    canvas.ellipse(0, -0.56, 0.4, 0.4, paint)
    canvas.ellipse(0, -0.24, 0.62, 0.46, flat(paint.fill))
    canvas.stroke(round_points(-0.36, -0.44, 0.26, 0.26, 180, 270)[::8], 0.08, paint.shine)
