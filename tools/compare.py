"""The tool that says how two pictures differ: in their recipes and in their pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from knowledge.gallery import Gallery
from knowledge.recipe import Patch, Value


class Comparison(Value):
    """`patch` turns the first recipe into the second; `moved` is the share of pixels that differ, None if sizes do."""

    patch: Patch
    moved: float | None


@dataclass(frozen=True)
class Comparer:
    gallery: Gallery

    def compare(self, one: str, other: str) -> Comparison:
        """How the second picture differs from the first: what its recipe changes, and how many pixels moved."""
        first, second = self.gallery.get(one), self.gallery.get(other)
        pixels = [np.asarray(self.gallery.image(picture.id).convert("RGB")) for picture in (first, second)]
        same_size = pixels[0].shape == pixels[1].shape
        moved = float((pixels[0] != pixels[1]).any(axis=2).mean()) if same_size else None
        return Comparison(patch=first.recipe.patch_to(second.recipe), moved=moved)
