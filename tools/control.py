"""The tool that turns a picture into a map a ControlNet can follow."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Annotated, get_args

import numpy as np
from PIL import Image, ImageOps
from pydantic import Field

from knowledge.gallery import Gallery
from knowledge.problems import TryAgain
from knowledge.recipe import ControlKind, ControlUse, Identifier, LineControl, Side
from tools.engine.bounded_cache import BoundedCache
from tools.preprocess import NONE, PREPROCESSORS, made_by
from tools.preprocess.detectors import Detectors
from tools.preprocess.lines import lines

FEWEST = 8
"""A map with fewer pixels of line than (width + height) / 8 steers nothing."""


KEPT = 64 * 2**20
"""Bytes of maps: some 80 of 512 x 512 pixels."""


@dataclass(frozen=True)
class Map:
    image: Image.Image

    @property
    def nbytes(self) -> int:
        return self.image.width * self.image.height * len(self.image.getbands())


Maps = BoundedCache[Map]


@dataclass(frozen=True)
class ControlPreparer:
    gallery: Gallery
    detectors: Detectors = field(default_factory=Detectors)
    maps: Maps = field(default_factory=lambda: BoundedCache(KEPT))

    def prepare_control(
        self,
        image_id: Identifier,
        kind: ControlKind = "canny",
        width: Side = 128,
        height: Side = 128,
        conditioning_scale: Annotated[float, Field(ge=0, le=2)] = 1.0,
        preprocessor: str = "",
        mask_id: Identifier | None = None,
    ) -> ControlUse:
        """Make a control map from an image so that a picture of width x height follows it.

        Put the result among the recipe's controls. The kind says what is followed: canny, lineart, softedge and
        scribble its outlines, mlsd straight lines, depth, normal and seg its space, openpose its people, tile its
        colours in place, shuffle its colours anywhere, inpaint all but what is white in the mask.
        Leave the preprocessor empty, or write "none" for an image that is such a map already.
        """
        name = chosen(kind, preprocessor)
        exact = ControlUse(kind=kind, image_id=image_id).exact
        image = self._sized(image_id, (width, height), name == NONE and exact)
        if mask_id is not None or (kind == "inpaint" and name != NONE):
            image = self._masked(image, image_id, kind, mask_id)
        drawn = image if name == NONE else self._drawn(image, name, (image_id, width, height, mask_id))
        _refuse_empty(drawn, kind, image_id)
        return ControlUse(kind=kind, image_id=self.gallery.keep(drawn), conditioning_scale=conditioning_scale)

    def _drawn(self, image: Image.Image, name: str, whence: Hashable) -> Image.Image:
        return self.maps.of((name, whence), lambda: Map(PREPROCESSORS[name](image, self.detectors))).image

    def _sized(self, image_id: str, size: tuple[int, int], exact: bool) -> Image.Image:
        resampling = Image.Resampling.NEAREST if exact else Image.Resampling.LANCZOS
        return ImageOps.fit(self.gallery.image(image_id), size, resampling)

    def _masked(self, image: Image.Image, image_id: str, kind: ControlKind, mask_id: str | None) -> Image.Image:
        """The image, transparent where the mask is white."""
        if kind != "inpaint":
            raise TryAgain(f"A mask goes with an 'inpaint' control, not with {kind!r}: leave mask_id out.")
        if mask_id is None:
            raise TryAgain("An 'inpaint' control needs a mask_id: an image that is white where to repaint.")
        if self.gallery.image(mask_id).size != self.gallery.image(image_id).size:
            raise TryAgain(f"The mask {mask_id[:12]!r} must be as large as the image {image_id[:12]!r}: redraw it.")
        clear = image.copy()
        clear.putalpha(ImageOps.invert(self._sized(mask_id, image.size, exact=False).convert("L")))
        return clear


def chosen(kind: str, preprocessor: str) -> str:
    """The preprocessor's name; the kind's usual one for an empty one. Raises `TryAgain` that lists what there is."""
    kinds = get_args(ControlKind)
    if kind not in kinds:
        raise TryAgain(f"There is no control {kind!r}: choose one of {', '.join(kinds)}.")
    makers = made_by(kind)
    if preprocessor and preprocessor not in (*makers, NONE):
        raise TryAgain(f"No {kind!r} map is made by {preprocessor!r}: choose one of {', '.join((*makers, NONE))}.")
    return preprocessor or makers[0]


def _refuse_empty(drawn: Image.Image, kind: ControlKind, image_id: str) -> None:
    lacks = dict.fromkeys(get_args(LineControl), "has hardly any edges: choose one with clear outlines")
    lacks["openpose"] = "shows nobody: choose one with a person"
    if kind in lacks and np.count_nonzero(lines(drawn)) * FEWEST < sum(drawn.size):
        raise TryAgain(f"The image {image_id[:12]!r} {lacks[kind]}.")
