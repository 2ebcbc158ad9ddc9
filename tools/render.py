"""The tool that draws: a recipe in, a picture in the gallery out."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.gallery import Gallery
from knowledge.picture import Picture, Provenance
from knowledge.recipe import Recipe
from tools.call import Call
from tools.renderer import Renderer


@dataclass(frozen=True)
class PictureRenderer:
    renderer: Renderer
    gallery: Gallery

    def render(self, recipe: Recipe, call: Call) -> Picture:
        """Draw the picture a recipe describes. The same recipe gives the same picture."""
        return self.paint(Provenance(recipe=recipe), call)

    def paint(self, provenance: Provenance, call: Call) -> Picture:
        """Draw and keep with everything known of why: wish, citations, decisions, parent."""
        rendered = self.renderer.render(provenance.recipe, call.on_progress, call.cancelled)
        signed = provenance.model_copy(update={"versions": rendered.versions})
        return self.gallery.add(rendered.image, signed, rendered.seconds)
