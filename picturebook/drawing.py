"""From a scene to its picture, and to the pixels that one of its things covers."""

from __future__ import annotations

import random
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from picturebook.backgrounds import PAINTED
from picturebook.canvas import FINE, PIXELS, Canvas, Picture, Placement, Silhouette, shrink
from picturebook.finishes import FINISHES
from picturebook.objects import LEAN, drawing, floats
from picturebook.palette import LEAD, PAINTS, flat
from picturebook.scene import SIZE, Place, Scene, Style, Thing
from picturebook.styles import glaze, stray, wash

MIDDLES: dict[Place, tuple[float, float]] = {
    "centre": (64, 16),
    "left": (32, 3.5),
    "right": (96, 3.5),
    "top": (64, 12),
    "bottom": (64, 12),
}  # px from the left, give or take
ROW: dict[Place, float] = {"left": 22, "centre": 64, "right": 106}  # px from the left, of three
EDGES: dict[Style, float] = {
    "plain": 2.0,
    "stained glass": 3.0,
    "watercolour": 1.6,
    "pencil": 1.8,
    "neon": 2.4,
    "pixel": 3.0,
    "paper cut": 1.2,
}  # px


def placed(thing: Thing, company: int, rng: random.Random) -> Placement:
    """Where the thing stands or floats among so many, how large it is and which way it faces."""
    middle, give = (ROW[thing.place], 2) if company == 3 else MIDDLES[thing.place]
    half = sized(thing, company, rng)
    x = middle + rng.uniform(-give, give)
    foot = rng.uniform(98, 116)
    if thing.place in ("top", "bottom"):
        y = rng.uniform(27, 32) if thing.place == "top" else rng.uniform(114, 122) - half
    else:
        y = foot - half - (5 if company == 1 else 17) * floats(thing)
    return Placement(x, y, half, rng.random() < 0.5, LEAN.get(thing.kind, 0))


def sized(thing: Thing, company: int, rng: random.Random) -> float:
    """Half its height in px."""
    if company == 1:
        return rng.uniform(31, 45.5)
    if company == 3:
        return rng.uniform(17, 20)
    return rng.uniform(21, 25.5) if thing.place in ("top", "bottom") else rng.uniform(22.8, 28)


def placements(scene: Scene) -> list[Placement]:
    rng = random.Random(scene.variation)
    return [placed(thing, len(scene.things), rng) for thing in scene.things]


def edge_width(scene: Scene, placement: Placement) -> float:
    """Thinner around smaller things, so that they do not clog."""
    return EDGES[scene.style] * (1 if placement.half > 35 else 0.75)


def framed(picture: Picture, rng: random.Random) -> Picture:
    """The same place from another spot: nearer, to one side, or turned round."""
    size = len(picture)
    seen = round(size / rng.uniform(1.08, 1.4))
    left, top = rng.randrange(size - seen + 1), rng.randrange(size - seen + 1)
    view = picture[top : top + seen, left : left + seen]
    view = view[:, ::-1] if rng.random() < 0.5 else view
    return np.asarray(cv2.resize(np.ascontiguousarray(view), (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


def painted(scene: Scene) -> Picture:
    """The scene in fine pixels."""
    lead = LEAD if scene.style == "stained glass" else None
    canvas = Canvas(np.zeros((SIZE * FINE, SIZE * FINE, 3), np.uint8), EDGES[scene.style], lead)
    paint_background, shade = PAINTED[scene.background]
    paint_background(canvas, random.Random(scene.variation + 1))
    canvas.picture[:] = framed(canvas.picture, random.Random(scene.variation + 2))
    where = placements(scene)
    for thing, placement in zip(scene.things, where, strict=True):
        if not floats(thing) and thing.place != "top":
            half = placement.half
            canvas.place(PIXELS).ellipse(placement.x, placement.y + half * 0.96, half * 0.86, half * 0.13, flat(shade))
    if lead:
        canvas.picture[:] = glaze(canvas.picture, scene.variation)
    for thing, placement in zip(scene.things, where, strict=True):
        canvas.edge_width = edge_width(scene, placement)
        drawing(thing)(canvas.place(placement), PAINTS[thing.colour])
    return canvas.picture


def cover(scene: Scene, index: int) -> Picture:
    """How much of each pixel the thing of that index covers, 0 to 255."""
    thing, placement = scene.things[index], placements(scene)[index]
    canvas = Silhouette(edge_width(scene, placement))
    drawing(thing)(canvas.place(placement), PAINTS[thing.colour])
    covered = shrink(canvas.picture)
    return stray(covered, scene.variation) if scene.style == "watercolour" else covered


def covered(scene: Scene) -> Picture:
    """How much of each pixel the things cover, 0 to 255."""
    return np.max([cover(scene, index) for index in range(len(scene.things))], axis=0)


def draw(scene: Scene) -> Picture:
    """The picture of a scene, 128 by 128 RGB; the same scene always gives the same picture."""
    picture = shrink(painted(scene))
    if scene.style == "watercolour":
        return wash(stray(picture, scene.variation), covered(scene), scene.variation)
    if finish := FINISHES.get(scene.style):
        return finish(picture, covered(scene), scene.variation)
    return picture


def mask(scene: Scene, index: int) -> NDArray[np.bool_]:
    """Where the picture shows the thing of that index."""
    return cover(scene, index) > 127


def contact_sheet(pictures: Sequence[Picture], columns: int) -> Picture:
    """The pictures in rows, a narrow white gap around each."""
    gap = 4  # px
    rows = -(-len(pictures) // columns)
    height, width = pictures[0].shape[:2]
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (gap + (index // columns) * (height + gap), gap + (index % columns) * (width + gap))
        sheet[top : top + height, left : left + width] = picture
    return sheet
