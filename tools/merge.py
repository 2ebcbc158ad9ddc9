"""The tool that makes one picture of two: what was changed in either, from where their ways parted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.merging import merged
from knowledge.picture import Picture
from knowledge.problems import TryAgain
from knowledge.recipe import Patch, Recipe
from tools.call import Call
from tools.refine import Refiner, unfilled


@dataclass(frozen=True)
class Merger:
    refiner: Refiner

    def merge(self, one: str, other: str, call: Call) -> Picture:
        """
        Draw a picture with the changes of two that were made from the same one.

        It goes on from the pixels of one in which something was kept. Raises `TryAgain` where they have no picture in
        common, or changed a field differently.
        """
        gallery = self.refiner.gallery
        first, second = gallery.get(one), gallery.get(other)
        base = self._common(first, second)
        if not self.refiner.was_refined_in_part(first) and self.refiner.was_refined_in_part(second):
            first, second = second, first
        mine, theirs = (_drawn_from(base.recipe, picture.recipe) for picture in (first, second))
        both = base.recipe.patched(merged(base.recipe, mine, theirs))
        because = f"with the changes of the picture {second.id[:12]}"
        return self.refiner.refine(first.id, mine.patch_to(both), call, because=because)

    def _common(self, one: Picture, other: Picture) -> Picture:
        line = {picture.id for picture in self._line(one)}
        base = next((picture for picture in self._line(other) if picture.id in line), None)
        if base is None:
            raise TryAgain("The two pictures were not made from the same one: refine one of them instead.")
        if base.id in (one.id, other.id):
            raise TryAgain("One of the two pictures was made from the other, and has its changes already.")
        return base

    def _line(self, picture: Picture | None) -> Iterator[Picture]:
        """The picture, what it was made from, and so on."""
        while picture:
            yield picture
            picture = self.refiner.gallery.parent(picture)


def _drawn_from(base: Recipe, recipe: Recipe) -> Recipe:
    """As if nothing had been kept: that is no change anybody asked for."""
    own = unfilled(recipe.controls)
    whence = Patch(init_image_id=base.init_image_id, mask_id=base.mask_id, strength=base.strength, controls=own)
    return recipe.patched(whence)
