"""Drawings of things that have no name: for every seed one shape, of the same strokes as the book's other drawings."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from picturebook.canvas import Canvas, round_points
from picturebook.objects_nature import eye
from picturebook.palette import AMBER, CREAM, DARK, GLASS, LEAF, ROSE, TEAL, WOOD, Paint, flat

TRIMS = (AMBER, CREAM, DARK, GLASS, LEAF, ROSE, TEAL, WOOD)
Outline = list[tuple[float, float]]


def profile(rng: random.Random) -> Outline:
    """Alike on both sides of the middle, as vases, towers and beetles are; sometimes lying down."""
    heights = [-0.95 + 1.9 * i / (knots - 1) for knots in [rng.randint(4, 7)] for i in range(knots)]
    widths = [rng.uniform(0.2, 0.92) for _ in heights]
    if rng.random() < 0.4:
        widths[0] = rng.uniform(0.0, 0.2)
    outline = [*zip(widths, heights, strict=True)]
    outline += [(-x, y) for x, y in reversed(outline)]
    return [(y, x * 0.7) for x, y in outline] if rng.random() < 0.35 else outline


def lobes(rng: random.Random) -> Outline:
    """Round about a middle, as gears, clouds and suns are."""
    count, depth, turn = rng.randint(3, 9), rng.uniform(0.1, 0.5), rng.uniform(0, math.tau)
    across, down = rng.uniform(0.75, 1), rng.uniform(0.7, 1)
    points = []
    for step in range(count * 2):
        reach = 0.95 * (1 if step % 2 else 1 - depth)
        angle = turn + math.pi * step / count
        points.append((across * reach * math.cos(angle), down * reach * math.sin(angle)))
    return points


def lump(rng: random.Random) -> Outline:
    """No side like the other, as animals are from the side."""
    knots = rng.randint(6, 9)
    reach = [rng.uniform(0.45, 0.97) for _ in range(knots)]
    turns = [math.tau * (i + rng.uniform(-0.25, 0.25)) / knots for i in range(knots)]
    return [(r * math.cos(a), 0.85 * r * math.sin(a)) for r, a in zip(reach, turns, strict=True)]


def stack(canvas: Canvas, paint: Paint, rng: random.Random) -> None:
    """Boxes and balls on one another, as robots and snowmen are."""
    count = rng.randint(2, 3)
    edges = sorted([-0.97, *(rng.uniform(-0.5, 0.5) for _ in range(count - 1)), 0.97])
    for top, bottom in reversed([*pairwise(edges)]):
        half, middle, tall = rng.uniform(0.3, 0.85), (top + bottom) / 2, (bottom - top) / 2
        skin = paint if rng.random() < 0.7 else paint.deep
        if rng.random() < 0.5:
            canvas.ellipse(0, middle, half, tall * 1.06, skin)
        else:
            canvas.box(-half, top, half, bottom, min(half, tall) * rng.uniform(0.1, 0.9), skin)


def behind(canvas: Canvas, paint: Paint, rng: random.Random) -> None:
    """What sticks out: limbs, horns, a handle, a tail."""
    trim = rng.choice((paint.deep, paint, rng.choice(TRIMS)))
    low, high, width = rng.uniform(-0.2, 0.6), rng.uniform(-0.9, 0.9), rng.uniform(0.1, 0.24)
    match rng.randrange(5):
        case 0:
            for side in (-1, 1):
                canvas.stroke([(side * 0.3, low), (side * 0.7, (low + high) / 2), (side * 0.96, high)], width, trim)
        case 1:
            tip, root = rng.uniform(0.2, 0.8), rng.uniform(0.05, 0.3)
            for side in (-1, 1):
                canvas.polygon([(side * root, -0.5), (side * tip, -1.05), (side * (root + 0.4), -0.4)], trim)
        case 2:
            side = rng.choice((-1, 1))
            canvas.stroke(round_points(side * 0.6, high * 0.5, 0.36, 0.4)[:-1:4], width * 0.8, trim, closed=True)
        case 3:
            for x in (-0.5, 0.5) if rng.random() < 0.5 else (-0.6, -0.2, 0.2, 0.6):
                canvas.stroke([(x * 0.8, 0.3), (x, 1.0)], width, trim)
        case _:
            canvas.stroke([(0, -0.6), (rng.uniform(-0.2, 0.2), -1.1)], width * 0.6, trim)
            canvas.ellipse(0, -1.02, width * 0.7, width * 0.7, rng.choice(TRIMS))


def before(canvas: Canvas, paint: Paint, rng: random.Random) -> None:
    """What lies on it: eyes, dots, bands, a window, a shine."""
    trim = flat(rng.choice(TRIMS).fill) if rng.random() < 0.6 else rng.choice((paint.deep, paint.shine, paint.line))
    x, y, size = rng.uniform(-0.25, 0.25), rng.uniform(-0.45, 0.45), rng.uniform(0.1, 0.24)
    match rng.randrange(6):
        case 0:
            for side in (-1, 1):
                eye(canvas, x + side * rng.choice((0.2, 0.28)), y, 0.14)
        case 1:
            eye(canvas, x, y, 0.17)
        case 2:
            dots(canvas, trim, size, rng)
        case 3:
            bands(canvas, trim, y, rng)
        case 4:
            canvas.box(x - size, y - size, x + size, y + size * 1.4, size * rng.uniform(0.1, 0.9), rng.choice(TRIMS))
        case _:
            canvas.ellipse(x, y, size * 1.4, size * rng.uniform(0.8, 1.8), trim)


def dots(canvas: Canvas, trim: Paint, size: float, rng: random.Random) -> None:
    for turn in range(rng.randint(3, 5)):
        canvas.ellipse(0.36 * math.cos(turn * 1.7), 0.4 * math.sin(turn * 1.7), size * 0.6, size * 0.6, trim)


def bands(canvas: Canvas, trim: Paint, y: float, rng: random.Random) -> None:
    for band in range(rng.randint(1, 3)):
        canvas.stroke([(-0.3, y - 0.25 + 0.28 * band), (0.3, y - 0.25 + 0.28 * band)], 0.1, trim)


def draw_figment(canvas: Canvas, paint: Paint, seed: int) -> None:
    rng = random.Random(f"figment {seed}")
    for _ in range(rng.choice((0, 1, 1, 2))):
        behind(canvas, paint, rng)
    shape = rng.choice((profile, profile, lobes, lump, stack))
    if shape is stack:
        stack(canvas, paint, rng)
    else:
        outline = (profile if shape is profile else lobes if shape is lobes else lump)(rng)
        (canvas.polygon if rng.random() < 0.35 else canvas.curve)(outline, paint)
    for _ in range(rng.choice((1, 2, 2, 3))):
        before(canvas, paint, rng)
