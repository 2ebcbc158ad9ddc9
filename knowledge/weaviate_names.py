"""What things are called in Weaviate, and how values are written there so that equal ones, and only they, are equal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from uuid import UUID, uuid5

from knowledge.base import Space

OURS = UUID("5f0d2f0e-6a1c-5f0b-9a53-3d6b8a1f7c42")
CATALOGUE, ENTRY = "AtelierCatalogue", "entry"
"""The class that lists the collections, and its one property."""
RECORD, WORDS, FACTS, ORDER = "record", "words", "facts", "place"
"""Properties: the record itself, its words for full text, what filters look for, and what sorts as its id does."""
MOST = 10_000
"""Results a server gives at most, unless it is set up otherwise."""
LONGEST = 200
"""Characters of a value that is looked for as it stands."""


def class_for(spaces: Iterable[Space]) -> str:
    """Collections whose vectors were made alike share a class, each as a tenant of it."""
    marks = sorted((space.name, space.encoder, space.dim) for space in spaces)
    return f"AtelierRecords_{short(json.dumps(marks))}"


def tenant_for(name: str) -> str:
    """At most 64 of `[A-Za-z0-9_-]`, different for different names also where files ignore case."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-")
    return f"{plain or 'collection'}-{short(name)}"


def vector_for(space: Space) -> str:
    """The named vector of a space: another encoder's is another vector, whatever the space is called."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", space.name)[:40]
    return f"v_{plain}_{short(json.dumps([space.name, space.encoder, space.dim]))}"


def short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def fact(field: str, value: str) -> str:
    """
    What is indexed for a field that has this value, such as `tags="glass"`: equal for equal values only.

    Bare values would not be: Weaviate trims them, refuses empty ones and stop words, and sends no lone surrogates.
    """
    if len(value) > LONGEST:
        return f"{field}={hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return f"{field}={json.dumps(value)}"


def order(record_id: str) -> str:
    """Sorts as the id does: Weaviate's own order of texts ignores case."""
    return record_id.encode("utf-8", "surrogatepass").hex()


def id_at(place: str) -> str:
    return bytes.fromhex(place).decode()


def uuid_for(collection: str, record_id: str) -> UUID:
    return uuid5(uuid5(OURS, json.dumps(collection)), json.dumps(record_id))
