"""The tool that changes a picture: a patch on its recipe, and what must not move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from PIL import Image, ImageChops, ImageFilter
from pydantic import Field

from knowledge.gallery import Gallery
from knowledge.picture import Citation, Decision, Picture
from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, Patch, Recipe
from tools.call import Call
from tools.control import ControlPreparer
from tools.locate import Locator
from tools.render import PictureRenderer

AROUND = 6
"""Pixels around a thing that may change with it: what is drawn there has another outline."""
REPAINTED = 0.8
"""How far towards noise what may change is taken: of 40 changes to one of two things, all were then as asked with an
inpainting ControlNet, 35 at 1, and 37 at 0.8 without one."""
FILLING = "inpaint"
"""The control by which what is repainted follows what stays."""
Thing = Annotated[str, Field(min_length=1, max_length=100)]


@dataclass(frozen=True)
class Refiner:
    """`filling` are models with an inpainting ControlNet at hand: what they repaint follows what stays."""

    painter: PictureRenderer
    preparer: ControlPreparer
    filling: frozenset[str] = frozenset()

    @property
    def gallery(self) -> Gallery:
        return self.painter.gallery

    def refine(
        self,
        picture_id: str,
        patch: Patch,
        call: Call,
        keep: tuple[Thing, ...] = (),
        only: tuple[Thing, ...] = (),
        because: str = "",
        citations: tuple[Citation, ...] | None = None,
    ) -> Picture:
        """Draw a picture once more with some fields of its recipe changed. All else stays, the seed too.

        `keep` names things in it, such as "the green tree", whose pixels do not move at all; `only` names those
        that alone may change. `because` is told to people beside the changes; `citations`, if given, are what shapes it
        now instead of what shaped it before.
        """
        before = self.gallery.get(picture_id)
        recipe = before.recipe.patched(patch)
        if keep or only or self.was_refined_in_part(before):
            recipe = recipe.patched(self._repainted(before, recipe, keep, only))
        if recipe == before.recipe:
            raise TryAgain("This changes nothing: say which field of the recipe becomes what.")
        why = "; ".join(filter(None, (because, told(before.recipe.patch_to(recipe), before.recipe, keep, only))))
        decisions = (*before.provenance.decisions, Decision(step="refine", why=why))
        cited = before.provenance.citations if citations is None else citations
        fields = {"recipe": recipe, "parent_id": before.id, "decisions": decisions, "citations": cited}
        return self.painter.paint(before.provenance.model_copy(update=fields), call)

    def was_refined_in_part(self, before: Picture) -> bool:
        """What is drawn then is not in its recipe alone, so that it goes on from its pixels."""
        if before.provenance.parent_id is None or before.recipe.mask_id is None:
            return False
        parent = self.gallery.parent(before)
        return parent is None or parent.recipe.mask_id != before.recipe.mask_id

    def _repainted(self, before: Picture, recipe: Recipe, keep: Sequence[str], only: Sequence[str]) -> Patch:
        """What may change is painted anew, over the picture as it is."""
        image = self.gallery.image(before.id)
        own = unfilled(recipe.controls)
        if not keep and not only:
            return Patch(init_image_id=self.gallery.keep(image), mask_id=None, strength=REPAINTED, controls=own)
        if recipe.drawn_size != image.size:
            width, height = image.size
            raise TryAgain(f"Pixels are kept only at the picture's own size, {width}x{height}: change one at a time.")
        alone, kept = Locator(self.painter.renderer).masks(before.recipe, image, only, keep)
        around = alone.filter(ImageFilter.MaxFilter(2 * AROUND + 1)) if only else Image.new("L", image.size, 255)
        mask = ImageChops.subtract(around, kept)
        if not mask.getbbox():
            raise TryAgain("Nothing is left that may change: keep less.")
        start, hole = self.gallery.keep(image), self.gallery.keep(mask)
        if recipe.model in self.filling:
            own += (self.preparer.prepare_control(start, FILLING, *image.size, mask_id=hole),)
        return Patch(init_image_id=start, mask_id=hole, strength=REPAINTED, controls=own)


def told(change: Patch, before: Recipe, keep: Sequence[str], only: Sequence[str]) -> str:
    """In one line for people."""
    hidden = ("init_image_id", "mask_id", "strength", "references", "controls")
    fields = {name: value for name, value in change.chosen().items() if name not in hidden}
    said = [f"{name} {getattr(before, name)!r} to {value!r}" for name, value in fields.items()]
    if change.references is not None:
        count = len(change.references)
        said.append(f"looks at {count or 'no'} reference{'s' * (count != 1)}")
    if change.controls is not None and (maps := unfilled(change.controls)) != unfilled(before.controls):
        said.append(f"follows {', '.join(f'a {use.kind} map' for use in maps) or 'no map'}")
    return "; ".join((*said, *(f"kept {thing}" for thing in keep), *(f"only {thing}" for thing in only)))


def unfilled(controls: Sequence[ControlUse]) -> tuple[ControlUse, ...]:
    """Those that people asked for."""
    return tuple(use for use in controls if use.kind != FILLING)
