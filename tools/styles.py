"""Style databases: collections that a wish is also looked up in, because it names the style they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.base import Hit, KnowledgeBase, Query
from knowledge.fusion import find
from knowledge.problems import Problem, TryAgain
from knowledge.records import Lore, Reference
from tools.mentions import first_mention, mentions
from tools.rewrite import suits

STYLES = "styles"
"""
The collection of their cards: lore whose id or title is the name of a collection, whose terms are the words a wish asks
for it by, and whose body says when to use it.
"""
NEAR = 32
"""Cards looked at for one wish."""
MOST = 3
FEWEST = 3
"""Pictures of a style database, before what all of their captions say is taken for its style."""


@dataclass(frozen=True)
class StyleDatabase:
    """The collection `name`, chosen by its card because of a word the wish says."""

    name: str
    card: Hit
    said: str

    @property
    def why(self) -> str:
        return f"the style database {self.name!r} because the wish says {self.said!r}"


@dataclass(frozen=True)
class StyleDatabases:
    """Those a wish names, the likeliest first; and why some of them cannot be asked, by the titles of their cards."""

    chosen: tuple[StyleDatabase, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.chosen)


def style_databases(base: KnowledgeBase, wish: str, family: str | None = None) -> StyleDatabases:
    """
    What the wish says of their cards' own words decides; only resembling them is not naming a style. With `family`,
    none whose card speaks of other models only.
    """
    chosen: dict[str, StyleDatabase] = {}
    missing: dict[str, str] = {}
    for card, hit in cards(base, wish):
        if not suits(card, family) or not (phrase := first_mention(wish, (card.title, *card.terms))):
            continue
        if name := collection_of(base, card):
            chosen.setdefault(name, StyleDatabase(name, hit, wish[slice(*mentions(wish, phrase)[0])]))
        else:
            missing[card.title] = f"its card in {STYLES!r} names no collection that is there"
    return StyleDatabases(tuple(chosen.values())[:MOST], missing)


def cards(base: KnowledgeBase, wish: str) -> list[tuple[Lore, Hit]]:
    try:
        hits = find(base, (STYLES,), Query(wish, limit=NEAR)).hits if wish.strip() else ()
    except TryAgain:  # nobody has described a style database
        return []
    return [(hit.record, hit) for hit in hits if isinstance(hit.record, Lore)]


def said_by_all(hits: Sequence[Hit]) -> tuple[str, ...]:
    """What every caption among them says after a comma, such as a style's name."""
    captions = [hit.record.caption for hit in hits if isinstance(hit.record, Reference)]
    if len(captions) < FEWEST:
        return ()
    others = [{part.strip() for part in caption.split(",")[1:]} for caption in captions[1:]]
    said = (part.strip() for part in captions[0].split(",")[1:])
    return tuple(part for part in said if part and all(part in parts for parts in others))


def collection_of(base: KnowledgeBase, card: Lore) -> str | None:
    for name in (card.title, card.id):
        try:
            base.spaces(name)
        except Problem:
            continue
        return name
    return None
