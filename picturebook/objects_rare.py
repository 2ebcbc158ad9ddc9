"""Drawings of the things that no training shows: what the knowledge base alone can teach."""

from __future__ import annotations

import math

from picturebook.canvas import Canvas, round_points
from picturebook.objects_nature import eye
from picturebook.palette import AMBER, CREAM, DARK, GLASS, LEAF, ROSE, TEAL, WOOD, Paint, flat


def anchor(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke(round_points(0, -0.74, 0.2, 0.2)[:-1:4], 0.15, paint, closed=True)
    canvas.stroke([*round_points(0, 0.1, 0.8, 0.76, 10, 170)[::6]], 0.26, paint)
    for side in (-1, 1):
        canvas.polygon([(side * 0.98, 0.42), (side * 0.94, -0.2), (side * 0.52, 0.18)], paint)
    canvas.box(-0.14, -0.56, 0.14, 0.98, 0.1, paint)
    canvas.box(-0.58, -0.4, 0.58, -0.18, 0.1, paint)


def bell(canvas: Canvas, paint: Paint) -> None:
    canvas.ellipse(0, 0.78, 0.2, 0.2, AMBER)
    canvas.stroke(round_points(0, -0.84, 0.15, 0.13)[:-1:4], 0.1, paint, closed=True)
    right = [(0.34, -0.68), (0.54, -0.3), (0.6, 0.2), (0.72, 0.5)]
    canvas.curve([(0, -0.78), *right, (0.92, 0.7), (-0.92, 0.7), *[(-x, y) for x, y in reversed(right)]], paint)
    canvas.box(-0.94, 0.56, 0.94, 0.76, 0.1, paint.deep)
    canvas.stroke([(-0.36, 0.3), (-0.32, -0.16), (-0.2, -0.46)], 0.13, paint.shine)


def ghost(canvas: Canvas, paint: Paint) -> None:
    hem = [(0.76 - 0.19 * i, 0.98 if i % 2 else 0.66) for i in range(9)]
    dome = round_points(0, -0.2, 0.76, 0.78, 180, 360)
    canvas.polygon([*dome, *hem], paint)
    for side in (-1, 1):
        canvas.stroke([(side * 0.68, 0.0), (side * 0.95, -0.18)], 0.22, paint)
        canvas.ellipse(side * 0.26, -0.3, 0.12, 0.19, flat(DARK.fill))
    canvas.ellipse(0, 0.12, 0.15, 0.2, flat(DARK.fill))


def hourglass(canvas: Canvas, paint: Paint) -> None:
    for side in (-1, 1):
        canvas.stroke([(side * 0.62, -0.8), (side * 0.62, 0.8)], 0.14, paint)
    canvas.curve([(-0.5, -0.8), (0.5, -0.8), (0.44, -0.4), (0.07, 0), (-0.07, 0), (-0.44, -0.4)], GLASS)
    canvas.curve([(-0.5, 0.8), (0.5, 0.8), (0.44, 0.4), (0.07, 0), (-0.07, 0), (-0.44, 0.4)], GLASS)
    canvas.polygon([(-0.34, -0.44), (0.34, -0.44), (0, -0.04)], flat(AMBER.fill))
    canvas.curve([(-0.42, 0.76), (0.42, 0.76), (0, 0.3)], flat(AMBER.fill))
    canvas.box(-0.82, -1, 0.82, -0.74, 0.08, paint)
    canvas.box(-0.82, 0.74, 0.82, 1, 0.08, paint)


def lighthouse(canvas: Canvas, paint: Paint) -> None:
    canvas.polygon([(-0.3, -0.42), (0.3, -0.42), (0.5, 0.98), (-0.5, 0.98)], CREAM)
    for top, bottom in ((-0.2, 0.1), (0.42, 0.72)):
        left, right = (0.3 + 0.2 * (y + 0.42) / 1.4 for y in (top, bottom))
        canvas.polygon([(-left, top), (left, top), (right, bottom), (-right, bottom)], paint)
    canvas.box(-0.24, -0.76, 0.24, -0.42, 0.04, AMBER)
    canvas.box(-0.44, -0.48, 0.44, -0.34, 0.05, paint.deep)
    canvas.polygon([(0, -1.05), (0.36, -0.72), (-0.36, -0.72)], paint)
    canvas.box(-0.13, 0.74, 0.13, 0.98, 0.1, WOOD)


def owl(canvas: Canvas, paint: Paint) -> None:
    for side in (-1, 1):
        canvas.polygon([(side * 0.16, -0.74), (side * 0.58, -1.02), (side * 0.6, -0.4)], paint)
        canvas.curve([(side * 0.5, -0.2), (side * 0.86, 0.2), (side * 0.7, 0.76), (side * 0.44, 0.5)], paint.deep)
        canvas.ellipse(side * 0.22, 0.94, 0.17, 0.08, AMBER)
    canvas.ellipse(0, 0.06, 0.62, 0.88, paint)
    canvas.ellipse(0, 0.44, 0.38, 0.42, CREAM)
    for side in (-1, 1):
        canvas.ellipse(side * 0.27, -0.34, 0.28, 0.28, CREAM)
        canvas.ellipse(side * 0.25, -0.34, 0.14, 0.14, flat(DARK.fill))
    canvas.polygon([(-0.1, -0.2), (0.1, -0.2), (0, 0.04)], AMBER)


def pineapple(canvas: Canvas, paint: Paint) -> None:
    for x, y in ((-0.52, -0.66), (0.52, -0.66), (-0.28, -0.92), (0.28, -0.92), (0, -1.05)):
        canvas.curve([(-0.14, -0.3), (x - 0.06, y + 0.1), (x, y), (x + 0.06, y + 0.1), (0.14, -0.3)], LEAF)
    canvas.ellipse(0, 0.34, 0.58, 0.66, paint)
    for i in (-1, 0, 1):
        canvas.stroke([(-0.42, 0.34 + 0.32 * i - 0.16), (0.42, 0.34 + 0.32 * i + 0.16)], 0.06, paint.line)
        canvas.stroke([(0.42, 0.34 + 0.32 * i - 0.16), (-0.42, 0.34 + 0.32 * i + 0.16)], 0.06, paint.line)


def robot(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke([(0, -0.7), (0, -0.96)], 0.08, DARK)
    canvas.ellipse(0, -0.98, 0.1, 0.1, ROSE)
    for side in (-1, 1):
        canvas.stroke([(side * 0.5, 0.04), (side * 0.8, 0.14), (side * 0.82, 0.5)], 0.18, paint.deep)
        canvas.box(side * 0.3 - 0.16, 0.6, side * 0.3 + 0.16, 1, 0.06, paint.deep)
    canvas.box(-0.56, -0.08, 0.56, 0.72, 0.1, paint)
    canvas.box(-0.46, -0.78, 0.46, -0.14, 0.12, paint)
    for side in (-1, 1):
        canvas.ellipse(side * 0.2, -0.52, 0.12, 0.12, GLASS)
    canvas.box(-0.26, -0.32, 0.26, -0.22, 0.03, flat(DARK.fill))
    canvas.box(-0.3, 0.12, 0.3, 0.46, 0.06, TEAL)


def teapot(canvas: Canvas, paint: Paint) -> None:
    canvas.stroke(round_points(0.56, 0.16, 0.36, 0.4, -90, 90)[::8], 0.16, paint)
    canvas.curve([(-0.5, 0.5), (-0.74, 0.1), (-1, -0.3), (-0.8, -0.36), (-0.56, -0.06), (-0.4, 0.1)], paint)
    canvas.ellipse(0, 0.26, 0.64, 0.62, paint)
    canvas.box(-0.34, 0.8, 0.34, 0.96, 0.06, paint.deep)
    canvas.curve([(-0.44, -0.3), (-0.3, -0.48), (0.3, -0.48), (0.44, -0.3), (0, -0.24)], paint.deep)
    canvas.ellipse(0, -0.58, 0.13, 0.13, paint)
    canvas.ellipse(-0.26, 0.06, 0.12, 0.2, paint.shine)


def turtle(canvas: Canvas, paint: Paint) -> None:
    for x in (-0.5, 0.36):
        canvas.stroke([(x, 0.5), (x - 0.05, 0.86)], 0.3, LEAF)
    canvas.curve([(-0.7, 0.44), (-0.98, 0.6), (-0.7, 0.62)], LEAF)
    canvas.stroke([(0.54, 0.4), (0.78, 0.16)], 0.28, LEAF)
    canvas.ellipse(0.82, 0.02, 0.2, 0.22, LEAF)
    eye(canvas, 0.88, -0.04, 0.09)
    canvas.polygon([*round_points(-0.1, 0.5, 0.74, 0.96, 180, 360), (0.64, 0.62), (-0.84, 0.62)], paint)
    for x, y in ((-0.1, -0.14), (-0.48, 0.22), (0.28, 0.22)):
        hexagon = [
            (x + 0.19 * math.cos(math.radians(60 * i)), y + 0.19 * math.sin(math.radians(60 * i))) for i in range(6)
        ]
        canvas.polygon(hexagon, paint.deep)


def whale(canvas: Canvas, paint: Paint) -> None:
    for side in (-1, 1):
        canvas.stroke([(0.36, -0.4), (0.36 + side * 0.06, -0.72), (0.36 + side * 0.28, -0.86)], 0.1, flat(GLASS.fill))
    canvas.curve([(-0.62, 0.16), (-0.98, -0.06), (-0.94, -0.5), (-0.7, -0.26), (-0.44, -0.46), (-0.5, -0.02)], paint)
    canvas.curve(
        [(0.1, -0.4), (0.66, -0.36), (0.97, 0.1), (0.84, 0.6), (0.2, 0.84), (-0.4, 0.64), (-0.74, 0.14), (-0.5, 0.0)],
        paint,
    )
    canvas.curve([(0.95, 0.26), (0.84, 0.6), (0.2, 0.82), (-0.2, 0.72), (0.4, 0.52)], CREAM)
    eye(canvas, 0.6, 0.06, 0.12)
    canvas.curve([(0.1, 0.4), (0.24, 0.86), (-0.14, 0.72)], paint.deep)


def windmill(canvas: Canvas, paint: Paint) -> None:
    canvas.polygon([(-0.32, -0.3), (0.32, -0.3), (0.5, 0.98), (-0.5, 0.98)], paint)
    canvas.curve([(-0.4, -0.26), (-0.26, -0.58), (0, -0.68), (0.26, -0.58), (0.4, -0.26)], paint.deep)
    canvas.box(-0.15, 0.5, 0.15, 0.98, 0.12, WOOD)
    for turn in range(4):
        angle = math.radians(90 * turn + 24)
        out, aside = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        corners = ((0.2, 0.0), (0.92, 0.0), (0.92, 0.26), (0.2, 0.26))
        sail = [(a * out[0] + b * aside[0], -0.3 + a * out[1] + b * aside[1]) for a, b in corners]
        canvas.polygon(sail, CREAM)
        canvas.stroke([(0, -0.3), (0.94 * out[0], -0.3 + 0.94 * out[1])], 0.08, WOOD.line)
    canvas.ellipse(0, -0.3, 0.12, 0.12, AMBER)
