"""The tool that looks things up: what the knowledge base holds about a wish or about a picture."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.base import Hit, KnowledgeBase, Query
from knowledge.embedders import Embedder
from knowledge.fusion import merge
from knowledge.gallery import Gallery
from knowledge.ingest import IMAGE, TEXT
from knowledge.problems import TryAgain
from knowledge.records import LoraCard, Lore, Reference
from tools.mentions import first_mention

MOST = 50


@dataclass(frozen=True)
class Retriever:
    """Hybrid search: the wish's words, and its vector (or a picture's) against what records say and show."""

    base: KnowledgeBase
    embedder: Embedder
    gallery: Gallery

    def retrieve(
        self,
        wish: str,
        collections: tuple[str, ...] = ("lore", "references"),
        image_id: str | None = None,
        limit: int = 6,
    ) -> list[Hit]:
        """
        Look up what is known about a wish before drawing it: what its rare words mean, and pictures like it.

        Give `image_id` to look for what resembles that picture. Records that the wish itself names come first,
        then the nearest. Each hit says its collection, its record and a score from 0 to 1.
        """
        if not wish.strip() and image_id is None:
            raise TryAgain("There is nothing to look up: give some words, or the id of an image.")
        if not 1 <= limit <= MOST:
            raise TryAgain(f"The limit {limit} is out of range: ask for 1 to {MOST} records.")
        vectors = self.embedder.images([self.gallery.image(image_id)]) if image_id else self.embedder.texts([wish])
        # Several times the limit, so that what is named is not lost behind what merely resembles.
        query = Query(text=wish, vectors={TEXT: vectors[0], IMAGE: vectors[0]}, limit=4 * limit)
        hits = [hit for name in dict.fromkeys(collections) for hit in self.base.search(name, query)]
        return sorted(merge(hits), key=lambda hit: not named(wish, hit.record))[:limit]


def named(wish: str, record: Lore | Reference | LoraCard) -> bool:
    """Whether the wish says one of the record's own words, and not only something near them."""
    match record:
        case Lore():
            return first_mention(wish, record.terms) is not None
        case LoraCard():
            return first_mention(wish, (record.name, *record.trigger_words)) is not None
        case Reference():
            return False
