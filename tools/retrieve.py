"""The tool that looks things up: what the knowledge base holds about a wish or about a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.base import And, Eq, Filter, Hit, In, KnowledgeBase, Not, Query
from knowledge.embedders import Encoders
from knowledge.fusion import Findings, find_each
from knowledge.gallery import Gallery
from knowledge.problems import TryAgain
from knowledge.records import LoraCard, Lore, Reference
from tools.covering import covering
from tools.mentions import first_mention
from tools.parts import WishSplitter, split
from tools.rewrite import suits
from tools.styles import StyleDatabases, style_databases

LOOKED_IN = ("lore", "references")
"""Where every wish is looked up."""
SPLITTER = "the chat model for its parts"
"""What could not be asked where a splitter failed."""
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
    splitter: WishSplitter | None = None

    def retrieve(
        self,
        wish: str,
        collections: tuple[str, ...] | None = None,
        image_id: str | None = None,
        limit: int = 6,
        family: str | None = None,
    ) -> Findings:
        """
        Look up what is known about a wish before drawing it: what its rare words mean, and pictures like it.

        Leave `collections` out for lore, references and the style databases that the wish names; the collection
        "styles", if there is one, says which there are. Give `image_id` to look for what resembles that picture.
        Records that the wish itself names come first, then those that together are nearest to its parts; with `family`
        (such as sdxl), none that speak of other models only. Each hit says its collection, its record, a score from 0
        to 1, why it was chosen and what it is good for.
        """
        if not wish.strip() and not image_id:
            raise TryAgain("There is nothing to look up: give some words, or the id of an image.")
        if not 1 <= limit <= MOST:
            raise TryAgain(f"The limit {limit} is out of range: ask for 1 to {MOST} records.")
        styles = style_databases(self.base, wish, family) if collections is None else StyleDatabases()
        names = (*LOOKED_IN, *styles.names) if collections is None else collections
        queries, trouble = self._queries(wish, image_id, limit)
        found = find_each(self.base, names, [query for _, query in queries])
        rankings = [
            (said, [hit for hit in some.hits if suits(hit.record, family)])
            for (said, _), some in zip(queries, found, strict=True)
        ]
        # As many as if each part were asked alone: what the wish names may be the last that its part finds.
        hits = covering(rankings, limit * len(rankings))
        missing = {name: why for some in found for name, why in some.missing.items()}
        return Findings(tuple(named_first(wish, hits)[:limit]), {**missing, **styles.missing, **trouble})

    def _queries(self, wish: str, image_id: str | None, limit: int) -> tuple[list[tuple[str, Query]], dict[str, str]]:
        """What is asked, by how it is called: the whole wish, each of its parts, the picture; and what went wrong."""
        parts, trouble = split(wish, self.splitter) if wish.strip() else ((), "")
        phrases = list(dict.fromkeys(filter(None, (wish.strip(), *parts))))
        where = self._allowed()
        # Several times the limit, so that what is named is not lost behind what merely resembles.
        queries = [
            (repr(phrase), Query(phrase, vectors, where, 4 * limit, self.encoders.fingerprints()))
            for phrase, vectors in zip(phrases, self.encoders.said(phrases) if phrases else (), strict=True)
        ]
        if image_id:
            shown = self.encoders.shown(self.gallery.image(image_id))
            queries.append(("the picture", Query("", shown, where, 4 * limit, self.encoders.fingerprints())))
        return queries, {SPLITTER: trouble} if trouble else {}

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
