"""What Weaviate keeps of a record, and the record of what it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from knowledge.base import Space, Vector
from knowledge.field_index import NUMBERS
from knowledge.records import RECORD as ANY_RECORD
from knowledge.records import LoraCard, Lore, Reference
from knowledge.vector_index import units
from knowledge.weaviate_names import FACTS, ORDER, RECORD, fact, order, vector_for

Record = Lore | Reference | LoraCard


def properties(record: Record) -> dict[str, str | float | list[str]]:
    """The record itself, and beside it what it is filtered and sorted by."""
    numbers = {name: float(value) for name, value in record if name in NUMBERS}
    return {RECORD: record.model_dump_json(), FACTS: list(facts(record)), ORDER: order(record.id), **numbers}


def facts(record: Record) -> Iterator[str]:
    for name, value in record:
        if name not in NUMBERS:
            yield from (fact(name, one) for one in (dict.fromkeys(value) if isinstance(value, tuple) else (value,)))


def record_of(properties: Mapping[str, Any]) -> Record:
    return ANY_RECORD.validate_json(properties[RECORD])


def vectors_of(vectors: Mapping[str, Any], spaces: Sequence[Space]) -> dict[str, Vector]:
    """By the names of the spaces."""
    named = {space.name: vectors.get(vector_for(space)) for space in spaces}
    return {name: np.array(vector, np.float32) for name, vector in named.items() if vector}


def unit(vector: Vector) -> Vector:
    return units(vector[None])[0]
