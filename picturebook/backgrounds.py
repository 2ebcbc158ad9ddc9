"""The seven places of the picture book, painted before anything stands in them."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from picturebook.canvas import FINE, Canvas, Picture
from picturebook.palette import RGB, Paint, flat, solid
from picturebook.scene import SIZE, Background


def sky(*stops: tuple[float, RGB]) -> Picture:
    """A fine picture that runs smoothly from colour to colour; each stop is a height in pixels and its colour."""
    rows = (np.arange(SIZE * FINE) + 0.5) / FINE
    heights = [height for height, _ in stops]
    bands = [np.interp(rows, heights, [colour[i] for _, colour in stops]) for i in range(3)]
    column = np.stack(bands, 1).round().astype(np.uint8)
    return np.repeat(column[:, None], SIZE * FINE, axis=1)


def hill(canvas: Canvas, left: float, middle: float, right: float, paint: Paint) -> None:
    """Ground up to a soft curve through three heights, down to the bottom of the picture."""
    across = np.linspace(-6, SIZE + 6, 33)
    a, b, c = left, 4 * middle - 3 * left - right, 2 * left + 2 * right - 4 * middle
    t = (across + 6) / (SIZE + 12)
    top = list(zip(across.tolist(), (a + b * t + c * t * t).tolist(), strict=True))
    canvas.polygon([*top, (SIZE + 6, SIZE + 6), (-6, SIZE + 6)], paint)


def cloud(canvas: Canvas, x: float, y: float, colour: RGB) -> None:
    for dx, dy, r in ((-9, 1, 5.5), (0, -2, 8), (9, 1, 6)):
        canvas.ellipse(x + dx, y + dy, r + 3, r, flat(colour))


def beach(canvas: Canvas, rng: random.Random) -> None:
    sea = 46 + rng.uniform(-3, 3)
    canvas.fill(sky((0, (150, 212, 248)), (50, (214, 240, 252))))
    cloud(canvas, 22 + rng.uniform(-5, 5), 16, (246, 251, 255))
    cloud(canvas, 110 + rng.uniform(-5, 5), 26, (246, 251, 255))
    hill(canvas, sea, sea, sea, solid((52, 172, 208)))
    hill(canvas, sea + 33, sea + 26, sea + 36, flat((226, 246, 250)))
    hill(canvas, sea + 36, sea + 29, sea + 39, solid((242, 224, 184)))


def desert(canvas: Canvas, rng: random.Random) -> None:
    rise = rng.uniform(-3, 3)
    canvas.fill(sky((0, (252, 220, 150)), (76, (255, 244, 214))))
    canvas.ellipse(104 + rng.uniform(-5, 5), 24 + rise, 15, 15, solid((255, 247, 200)))
    mesa = [(-6, 80), (-6, 46 + rise), (20, 46 + rise), (25, 60), (33, 63), (38, 84)]
    canvas.polygon(mesa, solid((208, 142, 112)))
    hill(canvas, 78 + rise, 80 + rise, 60 + rise, solid((230, 190, 136)))
    hill(canvas, 78 + rise, 90 + rise, 100 + rise, solid((216, 170, 114)))


def meadow(canvas: Canvas, rng: random.Random) -> None:
    rise = rng.uniform(-3, 3)
    canvas.fill(sky((0, (166, 218, 250)), (70, (224, 243, 252))))
    cloud(canvas, 104 + rng.uniform(-6, 6), 18, (250, 253, 255))
    hill(canvas, 52 + rise, 66 + rise, 76, solid((192, 226, 124)))
    hill(canvas, 88 + rise, 78 + rise, 74 + rise, solid((172, 216, 96)))
    for x, y, colour in (
        (10, 100, (255, 255, 250)),
        (22, 119, (255, 206, 220)),
        (114, 96, (255, 255, 250)),
        (106, 120, (255, 206, 220)),
    ):
        middle = x + rng.uniform(-2, 2)
        for dx, dy in ((-2.2, 0), (2.2, 0), (0, -2.2), (0, 2.2)):
            canvas.ellipse(middle + dx, y + dy, 2.2, 2.2, flat(colour))


def night(canvas: Canvas, rng: random.Random) -> None:
    rise = rng.uniform(-3, 3)
    canvas.fill(sky((0, (56, 54, 128)), (96, (104, 98, 178))))
    x, y = 104 + rng.uniform(-5, 5), 24 + rng.uniform(-3, 3)
    canvas.ellipse(x, y, 12, 12, solid((255, 243, 196)))
    for sx, sy in ((12, 14), (30, 32), (66, 9), (118, 58), (10, 62)):
        canvas.ellipse(sx + rng.uniform(-2, 2), sy, 1.6, 1.6, flat((250, 244, 214)))
    hill(canvas, 86 + rise, 92 + rise, 80 + rise, solid((84, 84, 150)))
    hill(canvas, 94 + rise, 96 + rise, 104 + rise, solid((70, 74, 132)))


def sea(canvas: Canvas, rng: random.Random) -> None:
    rise = rng.uniform(-3, 3)
    canvas.fill(sky((0, (158, 232, 226)), (110, (44, 158, 176))))
    for x, sway, top in ((9, 5, 58), (119, -5, 70)):
        path = [(x, 120), (x + sway, 100), (x - sway, 82), (x + sway * 0.6, top + rise)]
        canvas.stroke(path, 7, flat((24, 118, 116)))
    for x, y, r in ((20, 24, 5), (28, 40, 3.4), (104, 18, 4.4), (112, 40, 6), (98, 50, 3)):
        canvas.ellipse(x + rng.uniform(-2, 2), y + rise, r, r, flat((212, 246, 242)))
    hill(canvas, 104 + rise, 98 + rise, 102 + rise, solid((214, 204, 160)))


def snow(canvas: Canvas, rng: random.Random) -> None:
    rise = rng.uniform(-3, 3)
    canvas.fill(sky((0, (158, 174, 220)), (80, (202, 210, 238))))
    for x, y in ((14, 16), (34, 40), (62, 10), (94, 30), (114, 12), (112, 56), (10, 58)):
        canvas.ellipse(x + rng.uniform(-3, 3), y + rise, 2.4, 2.4, flat((246, 248, 255)))
    hill(canvas, 62 + rise, 84 + rise, 78 + rise, solid((218, 224, 244)))
    hill(canvas, 94 + rise, 88 + rise, 76 + rise, solid((204, 213, 238)))


def sunset(canvas: Canvas, rng: random.Random) -> None:
    rise = rng.uniform(-3, 3)
    canvas.fill((186, 98, 136))
    for height, colour in ((20, (222, 116, 128)), (42, (242, 148, 124)), (62, (252, 186, 140))):
        hill(canvas, height + rise, height + rise - 4, height + rise, solid(colour))
    side = rng.choice((20, 108)) + rng.uniform(-4, 4)
    canvas.ellipse(side, 82 + rise, 17, 17, solid((255, 240, 170)))
    hill(canvas, 86 + rise, 84 + rise, 86 + rise, solid((150, 84, 112)))


PAINTED: dict[Background, tuple[Callable[[Canvas, random.Random], None], RGB]] = {  # with the colour of a shadow
    "beach": (beach, (216, 194, 152)),
    "desert": (desert, (186, 138, 88)),
    "meadow": (meadow, (136, 184, 70)),
    "night": (night, (52, 54, 104)),
    "sea": (sea, (184, 172, 132)),
    "snow": (snow, (174, 186, 220)),
    "sunset": (sunset, (120, 62, 92)),
}
