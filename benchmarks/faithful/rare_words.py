"""Words that no caption of the picture book says, and what they mean there: from its own lore."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.workshop import STARTER
from knowledge.ingest import read_records
from knowledge.records import Lore
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, RARE, WHERE, Background, Colour, Kind, Rare
from picturebook.words import book_words


@dataclass(frozen=True)
class RareWords:
    """Each with what it means; `unseen` are the names of things that no training shows."""

    kinds: tuple[tuple[str, Kind], ...]
    colours: tuple[tuple[str, Colour], ...]
    places: tuple[tuple[str, Background], ...]
    unseen: tuple[tuple[str, Rare], ...]


def rare_words() -> RareWords:
    """A term of several words is left out if it has a word of the captions: the model could guess."""
    lore = [record for record in read_records(STARTER / "lore.jsonl") if isinstance(record, Lore)]
    known = book_words()
    said = [(term, one) for one in lore for term in one.terms if known.isdisjoint(re.findall(r"[\w']+", term.lower()))]
    grounds: dict[str, Background] = {where: ground for ground in BACKGROUNDS for where in WHERE[ground]}
    return RareWords(
        tuple((term, kind) for term, one in said for kind in KINDS if one.adds == kind),
        tuple((term, colour) for term, one in said for colour in COLOURS if one.adds == colour),
        tuple((term, grounds[one.adds]) for term, one in said if one.adds in grounds),
        tuple((term, kind) for term, one in said for kind in RARE if kind in one.terms),
    )
