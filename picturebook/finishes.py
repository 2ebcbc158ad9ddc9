"""What pencil, neon light, pixels and cut paper make of a finished picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from picturebook.canvas import Picture
from picturebook.scene import SIZE, Style
from picturebook.styles import Field, Numbers, clouds, saturate, stray

BLOCK = 4  # px, of the pixel style
HATCH = 7.0  # px from one pencil stroke to the next
CARD = 2  # px of white card around each thing that was cut out


def blurred(picture: Numbers, softness: float) -> Field:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), softness), np.float32)


def outlines(picture: Picture) -> Field:
    """How strong the edge is at each pixel, 0 to 1."""
    soft = blurred(picture.astype(np.float32), 0.8)
    slopes = [np.abs(cv2.Sobel(soft, cv2.CV_32F, *way)).max(axis=2) for way in ((1, 0), (0, 1))]
    return np.clip(np.hypot(*slopes) / 160, 0, 1)


def as_bytes(picture: Numbers) -> Picture:
    return np.clip(picture, 0, 255).astype(np.uint8)


def pencil(picture: Picture, things: Picture, seed: int) -> Picture:
    """Coloured pencils on white paper: slanting strokes, fainter behind the things, and dark contours."""
    rng = np.random.default_rng(seed)
    wobbly = stray(picture, seed)
    down, across = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    slant = across + down * rng.uniform(0.7, 1.3) + 2.5 * clouds(rng, 7)
    strokes = 0.5 + 0.5 * np.cos(slant * 2 * np.pi / HATCH)
    on = stray(things, seed).astype(np.float32) / 255
    cover = (0.22 + 0.16 * strokes + on * (0.36 + 0.16 * strokes))[..., None]
    tinted = 252 + (saturate(wobbly.astype(np.float32), 1.15) - 252) * cover
    line = np.clip(outlines(wobbly) * (0.45 + 0.55 * on), 0, 1)[..., None]
    return as_bytes(tinted * (1 - 0.72 * line) + 0.72 * line * 62)


def neon(picture: Picture, things: Picture, seed: int) -> Picture:
    """Glowing tubes along every edge, each in its thing's own colour, in a dim room."""
    colours = picture.astype(np.float32)
    on = (things.astype(np.float32) / 255)[..., None]
    near = blurred(on, 1.6)[..., None]
    own = blurred(colours * on, 1.6) / np.maximum(near, 0.02)
    edge = np.clip(near * 4, 0, 1)
    tube = outlines(picture)[..., None] * saturate(own * edge + colours * (1 - edge) + 14, 1.5)
    glow = blurred(tube, 1.1) + 0.6 * blurred(tube, 4)
    light = colours * (0.26 + 0.28 * on) + np.array((4, 0, 14), np.float32) + glow * (0.3 + 0.35 * on)
    return as_bytes(np.where(light < 150, light, 150 + 105 * np.tanh((light - 150) / 105)))


def pixel(picture: Picture, things: Picture, seed: int) -> Picture:
    """Large square pixels of few colours, as on an early games console."""
    small = cv2.resize(picture, (SIZE // BLOCK,) * 2, interpolation=cv2.INTER_AREA).astype(np.float32)
    few = np.round(saturate(small, 1.15) / 36.4) * 36.4
    return as_bytes(few).repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)


def paper_cut(picture: Picture, things: Picture, seed: int) -> Picture:
    """Flat sheets of coloured paper; the things lie on top, on white card, and throw a shadow."""
    sheets = np.asarray(cv2.bilateralFilter(picture, 7, 34, 5), np.float32)
    grain = 5 * clouds(np.random.default_rng(seed), 26)[..., None]
    card = np.asarray(cv2.dilate(things, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * CARD + 1,) * 2)), np.float32)
    shadow = np.roll(blurred(card, 2.2), (5, 4), axis=(0, 1))[..., None] / 255
    cut, on = card[..., None] / 255, (things.astype(np.float32) / 255)[..., None]
    behind = (sheets * 0.82 + 42) * (1 - 0.55 * shadow)
    return as_bytes((behind * (1 - cut) + (250 * (1 - on) + sheets * on) * cut) + grain)


Finish = Callable[[Picture, Picture, int], Picture]
"""A finished picture, what its things cover (0 to 255), and a seed."""
FINISHES: Mapping[Style, Finish] = {"pencil": pencil, "neon": neon, "pixel": pixel, "paper cut": paper_cut}
