"""How well a finished picture follows the control maps it was drawn by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from knowledge.picture import Adherence
from knowledge.recipe import ControlUse, LineControl, Recipe
from tools.preprocess import PREPROCESSORS, made_by
from tools.preprocess.detectors import Detectors
from tools.preprocess.lines import lines

TOLERANCE = 2
"""Pixels by which a line may be beside its place."""


def adherence(
    picture: Image.Image, recipe: Recipe, images: Callable[[str], Image.Image], detectors: Detectors
) -> Iterator[Adherence]:
    """For each control that can be measured, in the recipe's order: those of lines, and depth if its model is here."""
    measured = (*get_args(LineControl), "depth")
    for use in (use for use in recipe.controls if use.kind in measured):
        preprocessor = PREPROCESSORS[made_by(use.kind)[0]]
        # a picture must not wait for a download that nobody asked for
        if all(detectors.holds(weights) for weights in preprocessor.weights):
            wanted = ImageOps.fit(images(use.image_id), picture.size, Image.Resampling.NEAREST)
            yield from _measured(use, wanted, preprocessor(picture, detectors))


def _measured(use: ControlUse, wanted: Image.Image, drawn: Image.Image) -> Iterator[Adherence]:
    if use.kind in get_args(LineControl):
        value = edge_f1(lines(drawn), lines(wanted))
        yield Adherence(kind=use.kind, image_id=use.image_id, measure="edge F1", value=value)
    elif use.kind == "depth":
        value = rank_correlation(np.asarray(drawn.convert("L")), np.asarray(wanted.convert("L")))
        yield Adherence(kind=use.kind, image_id=use.image_id, measure="rank correlation", value=value)


def edge_f1(drawn: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    """Boundary F1 (Martin et al. 2004): a line counts when the other map has one within `TOLERANCE` pixels."""
    if not drawn.any() or not wanted.any():
        return 0.0
    precision, recall = float(_near(wanted)[drawn].mean()), float(_near(drawn)[wanted].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _near(line: NDArray[np.bool_]) -> NDArray[np.bool_]:
    import cv2

    size = 2 * TOLERANCE + 1
    return cv2.dilate(line.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0


def rank_correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Spearman's, equal values sharing their middle rank; 0 where a map is flat and ranks nothing."""
    ranks = [_ranks(values) for values in (one, other)]
    if any(np.ptp(each) == 0 for each in ranks):
        return 0.0
    ((_, correlation), _) = np.asarray(np.corrcoef(ranks))
    return float(np.clip(correlation, -1, 1))


def _ranks(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    counts = np.bincount(values.ravel(), minlength=256)
    middle = counts.cumsum() - (counts - 1) / 2
    return middle[values.ravel()]
