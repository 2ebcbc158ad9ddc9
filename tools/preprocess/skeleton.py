"""People as the coloured stick figures that OpenPose ControlNets were trained with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import cv2
import numpy as np
from PIL import Image
from pydantic import AliasChoices, ConfigDict, Field, field_validator

from knowledge.recipe import Value

COLOURS = (
    *((255, green, 0) for green in (0, 85, 170, 255)),
    *((red, 255, 0) for red in (170, 85, 0)),
    *((0, 255, blue) for blue in (85, 170, 255)),
    *((0, green, 255) for green in (170, 85, 0)),
    *((red, 0, 255) for red in (85, 170, 255)),
    *((255, 0, blue) for blue in (170, 85)),
)
"""Of the 18 joints in their order: once around the colour wheel."""
LIMBS = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10)),
    *((1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17)),
)
"""Pairs of joints; limb n has the colour of joint n."""
LIMB_BRIGHTNESS = 0.6
THICKNESS = 4 / 512
"""A joint's radius and half a limb's width, of the picture's shorter side."""
BODY_25 = (*range(8), *range(9, 19))
"""Where OpenPose's newer order has the 18: without the middle of the hips, and without feet."""

Joint = tuple[float, float, float]
"""x and y in pixels, and a confidence; 0 where the joint is not seen."""


class Person(Value):
    """The 18 joints of COCO as OpenPose orders them: nose, neck, right arm, left arm, right leg, left leg, eyes, ears.

    From OpenPose's own files too, whose flat `pose_keypoints_2d` has 18 or 25 joints; their hands and faces are left.
    """

    model_config = ConfigDict(extra="ignore")

    joints: Annotated[
        tuple[Joint, ...],
        Field(min_length=18, max_length=18, validation_alias=AliasChoices("joints", "pose_keypoints_2d")),
    ]

    @field_validator("joints", mode="before")
    @classmethod
    def _unflattened(cls, given: object) -> object:
        if not isinstance(given, Sequence) or not all(isinstance(number, int | float) for number in given):
            return given
        joints = [tuple(given[start : start + 3]) for start in range(0, len(given), 3)]
        return [joints[place] for place in BODY_25] if len(joints) == 25 else joints


def draw_skeleton(people: Sequence[Person], width: int, height: int) -> Image.Image:
    canvas = np.zeros((height, width, 3), np.uint8)
    radius = max(1, round(THICKNESS * min(width, height)))
    for person in people:
        _draw(canvas, person, radius)
    return Image.fromarray(canvas)


def _draw(canvas: np.ndarray, person: Person, radius: int) -> None:
    places = [np.array((x, y)) if seen > 0 else None for x, y, seen in person.joints]
    for (start, end), colour in zip(LIMBS, COLOURS, strict=False):
        one, other = places[start], places[end]
        if one is not None and other is not None:
            middle, along = (one + other) / 2, one - other
            size = (int(np.hypot(*along) / 2), radius)
            angle = int(np.degrees(np.arctan2(along[1], along[0])))
            outline = np.array(cv2.ellipse2Poly((int(middle[0]), int(middle[1])), size, angle, 0, 360, 1))
            cv2.fillConvexPoly(canvas, outline, [int(part * LIMB_BRIGHTNESS) for part in colour])
    for place, colour in zip(places, COLOURS, strict=True):
        if place is not None:
            cv2.circle(canvas, (int(place[0]), int(place[1])), radius, colour, thickness=-1)
