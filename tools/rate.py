"""The tool that remembers how good a picture is, and makes it a reference for later ones if its owner says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from knowledge.base import KnowledgeBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.picture import Picture
from knowledge.problems import GiveUp
from knowledge.readers.pictures import perceptual_hash
from knowledge.recipe import Identifier, Value
from knowledge.records import Reference
from knowledge.versions import names

Stars = Annotated[int, Field(ge=1, le=5)]
OWN = "own work"


class Rated(Value):
    """The rating it had (0 for none) and has, and the collections whose reference it is now, or was and is no more."""

    picture_id: Identifier
    before: int
    rating: int
    reference_in: tuple[str, ...] = ()
    removed_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class PictureRater:
    """From the rating `reference_from` on a picture becomes a reference unasked; 0 is never."""

    base: KnowledgeBase
    encoders: Encoders
    gallery: Gallery
    reference_from: int = 0

    def rate(
        self, picture_id: Identifier, rating: Stars, reference: bool | None = None, collection: str = "references"
    ) -> Rated:
        """
        Remember how good the user says a picture is, from 1 to 5.

        With `reference` it is found by later wishes, which may follow its shapes, and with false it no longer is. Leave
        it out unless the user says so; a reference that is rated lower than before is then one no more.
        """
        before, there = self.gallery.rating(picture_id), self._where(picture_id)
        if self._wanted(reference, rating, before, bool(there)):
            kept = tuple(dict.fromkeys((*there, collection))) if reference or not there else there
            self._keep(self.gallery.get(picture_id), rating, kept)
            rated = Rated(picture_id=picture_id, before=before, rating=rating, reference_in=kept)
        else:
            for name in there:
                self.base.delete(name, [picture_id])
            rated = Rated(picture_id=picture_id, before=before, rating=rating, removed_from=there)
        self.gallery.rate(picture_id, rating)
        return rated

    def _wanted(self, reference: bool | None, rating: int, before: int, there: bool) -> bool:
        if reference is not None:
            return reference
        return 0 < self.reference_from <= rating or (there and rating >= before)

    def _where(self, picture_id: str) -> tuple[str, ...]:
        """The collections that have it as a reference."""
        every = names(self.base.aliases(), self.base.collections())
        return tuple(name for name in every if self.base.get(name, [picture_id]))

    def _keep(self, picture: Picture, rating: int, collections: tuple[str, ...]) -> None:
        record = as_reference(picture, self.gallery, rating)
        for name in collections:
            report = Ingester(self.base, self.encoders, self.gallery.image).add(name, [record])
            if report.failed:
                raise GiveUp(f"The picture cannot be kept in {name!r}: {report.failed[0][1]}")


def as_reference(picture: Picture, gallery: Gallery, rating: int) -> Reference:
    """
    Under the words it was wished for with; its record's id is its own.

    Where other pictures went into it, whose work it is and who agreed to its use is not known here.
    """
    recipe, alone = picture.recipe, not picture.recipe.image_ids
    adapters = ", ".join(use.name for use in recipe.loras)
    return Reference(
        id=picture.id,
        caption=" ".join((picture.provenance.wish or recipe.prompt).split()),
        image_id=picture.id,
        phash=perceptual_hash(gallery.image(picture.id)),
        consent="given" if alone else "unknown",
        rating=rating,
        licence=OWN if alone else "",
        source=f"made by Atelier with {recipe.model}{adapters and f' and {adapters}'}",
    )
