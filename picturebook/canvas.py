"""A small supersampled canvas on which a thing is drawn in its own coordinates, -1 to 1 with y down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from picturebook.palette import RGB, Paint
from picturebook.scene import SIZE

SOFTNESS = 0.65  # px, the standard deviation of the lens
FINE = 4  # fine pixels per pixel of the picture, each way
SHIFT = 3  # cv2 takes coordinates in 1 / 2**SHIFT of a fine pixel

Picture = NDArray[np.uint8]
Curve = NDArray[np.float64]
Points = Sequence[tuple[float, float]] | Curve


@dataclass(frozen=True)
class Placement:
    """Where a thing's box lies: its middle and half its height in pixels, its lean in degrees, clockwise."""

    x: float
    y: float
    half: float
    mirror: bool = False
    lean: float = 0.0


PIXELS = Placement(0, 0, 1)


def smooth(points: Points, closed: bool) -> Curve:
    """A Catmull-Rom curve through the points."""
    at = np.asarray(points, float)
    if len(at) < 3:
        return at
    around = np.vstack([at[-1:], at, at[:2]]) if closed else np.vstack([at[:1], at, at[-1:]])
    a, b, c, d = (around[i : len(around) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, 9)[None, :-1, None]
    curve = b + t * (c - a) / 2 + t**2 * (2 * a - 5 * b + 4 * c - d) / 2 + t**3 * (3 * b - a - 3 * c + d) / 2
    made = curve.reshape(-1, 2)
    return made if closed else np.vstack([made, at[-1:]])


def round_points(x: float, y: float, rx: float, ry: float, start: float = 0, stop: float = 360) -> Curve:
    """Points along an ellipse between two angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, stop, 49))
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], 1)


class Canvas:
    def __init__(self, picture: Picture, edge_width: float = 2.0, lead: RGB | None = None) -> None:
        """`picture` is drawn on in place; `edge_width` is in pixels; `lead` replaces the colour of every outline."""
        self.picture = picture
        self.edge_width = edge_width
        self.lead = lead
        self.placement = PIXELS

    def place(self, placement: Placement) -> Canvas:
        self.placement = placement
        return self

    def fill(self, with_: Picture | RGB) -> None:
        """All of it, with one colour or a fine picture."""
        self.picture[:] = with_

    def polygon(self, points: Points, paint: Paint) -> None:
        at = [self._fine(points)]
        cv2.fillPoly(self.picture, at, self._ink(paint.fill), cv2.LINE_8, SHIFT)
        if paint.edge is not None:
            width = round(self.edge_width * FINE)
            cv2.polylines(self.picture, at, True, self._ink(self.lead or paint.edge), width, cv2.LINE_8, SHIFT)

    def curve(self, points: Points, paint: Paint) -> None:
        self.polygon(smooth(points, closed=True), paint)

    def ellipse(self, x: float, y: float, rx: float, ry: float, paint: Paint) -> None:
        self.polygon(round_points(x, y, rx, ry)[:-1], paint)

    def box(self, left: float, top: float, right: float, bottom: float, radius: float, paint: Paint) -> None:
        """A rectangle with rounded corners."""
        corners = ((right, bottom, 0), (left, bottom, 90), (left, top, 180), (right, top, 270))
        points: list[tuple[float, float]] = []
        for x, y, turn in corners:
            inwards = (
                x - math.copysign(radius, x - (left + right) / 2),
                y - math.copysign(radius, y - (top + bottom) / 2),
            )
            points += [tuple(p) for p in round_points(*inwards, radius, radius, turn, turn + 90)[::6]]
        self.polygon(points, paint)

    def stroke(self, points: Points, width: float, paint: Paint, closed: bool = False) -> None:
        """A thick round-ended smooth line; its outline lies within its width."""
        at = [self._fine(smooth(points, closed))]
        whole = max(1, round(width * self.placement.half * FINE))
        if paint.edge is not None:
            edge = self._ink(self.lead or paint.edge)
            cv2.polylines(self.picture, at, closed, edge, whole + round(self.edge_width * FINE), cv2.LINE_8, SHIFT)
            whole = max(1, whole - round(self.edge_width * FINE))
        cv2.polylines(self.picture, at, closed, self._ink(paint.fill), whole, cv2.LINE_8, SHIFT)

    def _ink(self, colour: RGB) -> Sequence[int]:
        return colour

    def _fine(self, points: Points) -> NDArray[np.int32]:
        where = self.placement
        x, y = np.asarray(points, float).T
        cos, sin = (math.cos(math.radians(where.lean)), math.sin(math.radians(where.lean)))
        x, y = x * cos - y * sin, x * sin + y * cos
        across = where.x + (-x if where.mirror else x) * where.half
        down = where.y + y * where.half
        return np.round(np.stack([across, down], 1) * (FINE << SHIFT)).astype(np.int32)


class Silhouette(Canvas):
    """A canvas of one channel that every stroke turns white: what a thing covers, whatever its colours."""

    def __init__(self, edge_width: float = 2.0) -> None:
        super().__init__(np.zeros((SIZE * FINE, SIZE * FINE), np.uint8), edge_width)

    def _ink(self, colour: RGB) -> Sequence[int]:
        return (255,)


class Layers(Canvas):
    """A canvas of one channel on which every stroke is a step nearer than the one before it, from 0, far away."""

    STEP, NEAREST = 24, 144

    def __init__(self) -> None:
        super().__init__(np.zeros((SIZE * FINE, SIZE * FINE), np.uint8))
        self.depth = 0

    def fill(self, with_: Picture | RGB) -> None:
        self.picture[:] = 0

    def _ink(self, colour: RGB) -> Sequence[int]:
        self.depth = min(self.depth + self.STEP, self.NEAREST)
        return (self.depth,)


def shrink(picture: Picture) -> Picture:
    """From fine pixels to the picture's own, through a lens a little soft."""
    soft = cv2.GaussianBlur(picture, (0, 0), SOFTNESS * FINE)
    return np.asarray(cv2.resize(soft, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)
