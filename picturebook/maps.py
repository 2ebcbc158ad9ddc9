"""What ControlNets read, from the scene itself: how near everything is, a sketch of it, a hole to be filled."""

from __future__ import annotations

import random

import cv2
import numpy as np
from numpy.typing import NDArray

from picturebook.backgrounds import PAINTED
from picturebook.canvas import Layers, Picture, shrink
from picturebook.drawing import cover, covered, framed, placements
from picturebook.edges import edges
from picturebook.scene import SIZE, Scene
from picturebook.styles import stray

NEAR, SPREAD = 168, 87  # how bright a thing is whose foot is halfway down, and how much brighter at the bottom
Mask = NDArray[np.bool_]
"""Shape (128, 128)."""


def depth(scene: Scene) -> Picture:
    """How near, 0 (the sky) to 255: shape (128, 128); the background's layers, then the things, lower ones nearer."""
    canvas = Layers()
    paint_background, _ = PAINTED[scene.background]
    paint_background(canvas, random.Random(scene.variation + 1))
    nearness = shrink(framed(canvas.picture, random.Random(scene.variation + 2)))
    for index, place in enumerate(placements(scene)):
        foot = min(SIZE, place.y + place.half)
        thing = NEAR + SPREAD * max(0.0, 2 * foot / SIZE - 1)
        on = cover(scene, index).astype(np.float32) / 255
        nearness = (nearness * (1 - on) + thing * on).astype(np.uint8)
    return nearness


def sketch(scene: Scene, picture: Picture, rng: random.Random) -> Mask:
    """As a hand would draw it: wobbling lines of 2 to 4 px, of the whole picture or of the things alone."""
    alone = rng.random() < 0.6
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    lines = edges(soft, 40, 90).astype(np.uint8) * 255
    if alone:
        on = covered(scene)
        near = cv2.dilate(on, np.ones((5, 5), np.uint8))
        inside = rng.random() < 0.7  # else no more than each outline
        rims = cv2.morphologyEx(on, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        lines = np.where(near > 127, lines, 0).astype(np.uint8) if inside else (rims > 127).astype(np.uint8) * 255
    wide = rng.choice((2, 3, 4))
    thick = cv2.dilate(lines, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide)))
    return stray(np.asarray(thick, np.uint8), rng.randrange(1 << 30)) > 110


def hole(scene: Scene, rng: random.Random) -> Mask:
    """Where a picture is to be filled in: a thing and around it, a box, or all but a part."""
    down, across = np.mgrid[:SIZE, :SIZE]
    sort = rng.random()
    if sort < 0.5:
        on = cover(scene, rng.randrange(len(scene.things)))
        size = 2 * rng.randint(1, 9) + 1
        return cv2.dilate(on, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 127
    left, top = rng.uniform(0, 70), rng.uniform(0, 70)
    wide, tall = rng.uniform(30, 90), rng.uniform(30, 90)
    box = (across > left) & (across < left + wide) & (down > top) & (down < top + tall)
    return box if sort < 0.85 else ~box
