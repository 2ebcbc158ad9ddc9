"""The tool that draws: a recipe in, a picture in the gallery out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from PIL.Image import Image

from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from knowledge.picture import Adherence, Picture, Provenance
from knowledge.problems import Problem
from knowledge.recipe import Recipe
from tools.adherence import adherence
from tools.call import Call
from tools.preprocess.detectors import Detectors
from tools.renderer import Rendered, Renderer


@dataclass(frozen=True)
class Draft:
    """A picture that is drawn and not kept."""

    provenance: Provenance
    rendered: Rendered

    @property
    def seed(self) -> int:
        return self.provenance.recipe.seed


@dataclass(frozen=True)
class PictureRenderer:
    renderer: Renderer
    gallery: Gallery
    detectors: Detectors = field(default_factory=Detectors)
    shelf: LoraShelf | None = None

    def render(self, recipe: Recipe, call: Call) -> Picture:
        """Draw the picture a recipe describes. The same recipe gives the same picture."""
        return self.paint(Provenance(recipe=recipe), call)

    def paint(self, provenance: Provenance, call: Call) -> Picture:
        """Draw and keep with everything known of why: wish, citations, decisions, parent; and how well it follows."""
        return self.keep(self.draft(provenance, call), call)

    def draft(self, provenance: Provenance, call: Call) -> Draft:
        return Draft(provenance, self.renderer.render(provenance.recipe, call))

    def keep(self, draft: Draft, call: Call) -> Picture:
        """In the gallery, with how well it follows its maps."""
        provenance, rendered = draft.provenance, draft.rendered
        followed = self._followed(rendered.image, provenance.recipe)
        hashes = provenance.lora_hashes | self._hashes(provenance.recipe)
        signed = provenance.model_copy(
            update={"versions": rendered.versions, "adherence": followed, "lora_hashes": hashes}
        )
        kept = self.gallery.of_record(signed) if call.asked.again else None
        return kept or self.gallery.add(rendered.image, signed, rendered.seconds)

    def _hashes(self, recipe: Recipe) -> dict[str, str]:
        known = {use.sha256: self.shelf.autov3(use.sha256) for use in recipe.loras} if self.shelf else {}
        return {sha256: autov3 for sha256, autov3 in known.items() if autov3}

    def _followed(self, image: Image, recipe: Recipe) -> tuple[Adherence, ...]:
        """As far as it can be measured: no finished picture is lost to a detector that fails."""
        try:
            return tuple(adherence(image, recipe, self.gallery.image, self.detectors))
        except (Problem, OSError, RuntimeError, ValueError):
            logging.getLogger(__name__).info("the picture's maps could not be measured", exc_info=True)
            return ()
