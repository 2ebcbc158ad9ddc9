"""The tool that turns a picture into a map a ControlNet can follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from knowledge.gallery import Gallery
from knowledge.problems import TryAgain
from knowledge.recipe import ControlKind, ControlUse, Identifier, Side
from tools.preprocess import PREPROCESSORS

FEWEST = 8
"""A map with fewer white pixels than (width + height) / 8 steers nothing."""


@dataclass(frozen=True)
class ControlPreparer:
    gallery: Gallery

    def prepare_control(
        self,
        image_id: Identifier,
        kind: ControlKind = "canny",
        width: Side = 128,
        height: Side = 128,
        conditioning_scale: Annotated[float, Field(ge=0, le=2)] = 1.0,
    ) -> ControlUse:
        """Make a control map from an image so that a picture of width x height follows its outlines.

        Put the result among the recipe's controls.
        """
        if kind not in PREPROCESSORS:
            raise TryAgain(f"There is no control {kind!r}: choose one of {', '.join(PREPROCESSORS)}.")
        drawn = PREPROCESSORS[kind](self.gallery.image(image_id), width, height)
        if np.count_nonzero(np.asarray(drawn.convert("L"))) * FEWEST < width + height:
            raise TryAgain(f"The image {image_id[:12]!r} has hardly any edges: choose one with clear outlines.")
        return ControlUse(kind=kind, image_id=self.gallery.keep(drawn), conditioning_scale=conditioning_scale)
