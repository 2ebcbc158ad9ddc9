"""The tool that looks things up: what the knowledge base holds about a wish or about a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.base import And, Eq, Filter, Hit, In, KnowledgeBase, Not, Query
from knowledge.embedders import Encoders
from knowledge.fusion import Findings, find
from knowledge.gallery import Gallery
from knowledge.problems import TryAgain
from knowledge.records import LoraCard, Lore, Reference
from tools.covering import covering
from tools.mentions import first_mention
from tools.parts import parts
from tools.rewrite import suits

MOST = 50


@dataclass(frozen=True)
class Retriever:
    """
    Hybrid search for every part of a wish: its words, and its vectors (or a picture's) against what records say and
    show. References whose use was refused are never found; with `licences`, only records under one of those are.
    """

    base: KnowledgeBase
    encoders: Encoders
    gallery: Gallery
    licences: tuple[str, ...] = ()

    def retrieve(
        self,
        wish: str,
        collections: tuple[str, ...] = ("lore", "references"),
        image_id: str | None = None,
        limit: int = 6,
        family: str | None = None,
    ) -> Findings:
        """
        Look up what is known about a wish before drawing it: what its rare words mean, and pictures like it.

        Give `image_id` to look for what resembles that picture. Records that the wish itself names come first, then
        those that together are nearest to its parts; with `family` (such as sdxl), none that speak of other models
        only. Each hit says its collection, its record, a score from 0 to 1, why it was chosen and what it is good for.
        """
        if not wish.strip() and image_id is None:
            raise TryAgain("There is nothing to look up: give some words, or the id of an image.")
        if not 1 <= limit <= MOST:
            raise TryAgain(f"The limit {limit} is out of range: ask for 1 to {MOST} records.")
        found = {
            said: find(self.base, collections, query) for said, query in self._queries(wish, image_id, limit).items()
        }
        rankings = {said: [hit for hit in some.hits if suits(hit.record, family)] for said, some in found.items()}
        hits = covering(rankings, limit * len(found) + limit)
        missing = {name: why for some in found.values() for name, why in some.missing.items()}
        return Findings(tuple(named_first(wish, hits)[:limit]), missing)

    def _queries(self, wish: str, image_id: str | None, limit: int) -> dict[str, Query]:
        """What is asked, by what it asks for: the whole wish, each of its parts, and the picture."""
        phrases = list(dict.fromkeys((wish.strip(), *parts(wish)))) if wish.strip() else []
        where = self._allowed()
        # Several times the limit, so that what is named is not lost behind what merely resembles.
        queries = {
            phrase: Query(phrase, vectors, where, 4 * limit, self.encoders.fingerprints())
            for phrase, vectors in zip(phrases, self.encoders.said(phrases), strict=True)
        }
        if image_id:
            shown = self.encoders.shown(self.gallery.image(image_id))
            queries["the picture"] = Query("", shown, where, 4 * limit, self.encoders.fingerprints())
        return queries

    def _allowed(self) -> Filter:
        unrefused = Not(Eq("consent", "refused"))
        return And((unrefused, In("licence", self.licences))) if self.licences else unrefused


def named_first(wish: str, hits: Sequence[Hit]) -> list[Hit]:
    said = [(hit, named(wish, hit.record)) for hit in hits]
    return [replace(hit, why=f"the wish says {word!r}") for hit, word in said if word] + [
        hit for hit, word in said if not word
    ]


def named(wish: str, record: Lore | Reference | LoraCard) -> str | None:
    """Which of the record's own words the wish says; only resembling them is not saying them."""
    match record:
        case Lore():
            return first_mention(wish, record.terms)
        case LoraCard():
            return first_mention(wish, (record.name, *record.trigger_words))
        case Reference():
            return None
