"""How the stand-in for a Weaviate server finds: filters, full text, nearest vectors, order and pages."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from weaviate.proto.v1 import base_pb2, search_get_pb2

from tests.weaviate_shelf import MAXIMUM_RESULTS, Refused, Shelf, Tenant, Thing

STOPWORDS = frozenset(
    re.findall(r"\w+", "a an and are as at be but by for if in into is it no not of on or such that the")
)
DEFAULT_LIMIT = 10
K1, B = 1.2, 0.75
Operator = base_pb2.Filters
COMPARED: Mapping[int, Callable[[Any, Any], bool]] = {
    Operator.OPERATOR_GREATER_THAN: lambda one, other: one > other,
    Operator.OPERATOR_GREATER_THAN_EQUAL: lambda one, other: one >= other,
    Operator.OPERATOR_LESS_THAN: lambda one, other: one < other,
    Operator.OPERATOR_LESS_THAN_EQUAL: lambda one, other: one <= other,
}


def tokens(text: str, tokenization: str) -> list[str]:
    match tokenization:
        case "field":
            return [text.strip()]
        case "whitespace":
            return text.split()
    return re.findall(r"[^\W_]+", text.lower())


def keys(shelf: Shelf, name: str, thing: Thing) -> set[Any]:
    """Under what the inverted index finds the object's property."""
    if name not in thing.index:
        value, how = thing.properties.get(name, []), shelf.properties[name].get("tokenization", "word")
        values = value if isinstance(value, list) else [value]
        thing.index[name] = {key for one in values for key in (tokens(one, how) if isinstance(one, str) else [one])}
    return thing.index[name]


def passing(shelf: Shelf, where: base_pb2.Filters) -> Callable[[Thing], bool]:
    """Whether the filter lets an object through."""
    if where.operator in (Operator.OPERATOR_AND, Operator.OPERATOR_OR):
        parts = [passing(shelf, part) for part in where.filters]
        every = all if where.operator == Operator.OPERATOR_AND else any
        return lambda thing: every(part(thing) for part in parts)
    name, values = where.target.property, wanted(where)
    if name == "_id":
        ids = {*values}
        return lambda thing: thing.uuid in ids
    shelf.property(name, "indexFilterable")
    if compared := COMPARED.get(where.operator):
        return lambda thing: any(compared(one, values[0]) for one in keys(shelf, name, thing))
    terms, expected = {*sought(shelf, name, values)}, where.operator != Operator.OPERATOR_NOT_EQUAL
    return lambda thing: terms.isdisjoint(keys(shelf, name, thing)) != expected


def wanted(where: base_pb2.Filters) -> Sequence[Any]:
    match where.WhichOneof("test_value"):
        case "value_text":
            return [where.value_text]
        case "value_text_array":
            return where.value_text_array.values
        case "value_number":
            return [where.value_number]
        case "value_number_array":
            return where.value_number_array.values
    raise Refused("unknown value type")


def sought(shelf: Shelf, name: str, values: Sequence[Any]) -> list[Any]:
    kind, how = shelf.properties[name]["dataType"][0], shelf.properties[name].get("tokenization", "word")
    if any(isinstance(value, str) != kind.startswith("text") for value in values):
        raise Refused(f"data type filter cannot use {values[0]!r} on property {name!r} of type {kind}")
    terms = [token for value in values for token in (tokens(value, how) if isinstance(value, str) else [value])]
    if any(term == "" or (shelf.stopwords and term in STOPWORDS) for term in terms):
        raise Refused("invalid search term, only stopwords provided")
    return terms


def allowed(shelf: Shelf, tenant: Tenant, where: base_pb2.Filters | None) -> list[Thing]:
    passes = passing(shelf, where) if where else lambda thing: True
    return sorted(filter(passes, tenant.things.values()), key=lambda thing: thing.uuid)


def deep(limit: int) -> int:
    if limit > MAXIMUM_RESULTS:
        raise Refused("query maximum results exceeded")
    return limit or DEFAULT_LIMIT


def listed(request: search_get_pb2.SearchRequest, things: Sequence[Thing]) -> list[tuple[Thing, float]]:
    """By id, after the cursor; or by a property, for which big and small letters are the same."""
    for by in request.sort_by:
        things = sorted(things, key=lambda thing, by=by: str(thing.properties.get(by.path[0])).casefold())
    after = [thing for thing in things if thing.uuid > request.after]
    return [(thing, 0.0) for thing in after[: deep(request.limit)]]


def by_words(
    shelf: Shelf, tenant: Tenant, request: search_get_pb2.SearchRequest, things: Sequence[Thing]
) -> list[tuple[Thing, float]]:
    """BM25 over one property, counted over all of the tenant."""
    (name,) = request.bm25_search.properties
    how = shelf.property(name, "indexSearchable")["tokenization"]
    texts = {uuid: Counter(tokens(thing.properties[name], how)) for uuid, thing in tenant.things.items()}
    lengths = {uuid: sum(counts.values()) for uuid, counts in texts.items()}
    mean = (sum(lengths.values()) / len(lengths) or 1) if lengths else 1
    scores: dict[str, float] = {}
    for word in tokens(request.bm25_search.query, how):
        having = sum(word in counts for counts in texts.values())
        weight = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
        for uuid, counts in texts.items():
            if counts[word]:
                said = counts[word] / (counts[word] + K1 * (1 - B + B * lengths[uuid] / mean))
                scores[uuid] = scores.get(uuid, 0.0) + weight * said
    found = [(thing, scores[thing.uuid]) for thing in things if thing.uuid in scores]
    return sorted(found, key=lambda pair: -pair[1])[: deep(request.limit)]


def by_vector(
    shelf: Shelf, tenant: Tenant, request: search_get_pb2.SearchRequest, things: Sequence[Thing]
) -> list[tuple[Thing, float]]:
    """Cosine distances of those that have the target vector."""
    (target,) = request.near_vector.targets.target_vectors
    vector = np.frombuffer(request.near_vector.vector_bytes or request.near_vector.vectors[0].vector_bytes, "<f4")
    shelf.comparable(tenant.things, target, vector)
    having = [thing for thing in things if target in thing.vectors]
    found = [(thing, 1 - cosine(thing.vectors[target], vector)) for thing in having]
    return sorted(found, key=lambda pair: pair[1])[: deep(request.limit)]


def cosine(one: Any, other: Any) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def found(shelf: Shelf, tenant: Tenant, request: search_get_pb2.SearchRequest) -> list[tuple[Thing, float]]:
    """The objects with their scores or distances, best first."""
    things = allowed(shelf, tenant, request.filters if request.HasField("filters") else None)
    if request.HasField("near_vector"):
        return by_vector(shelf, tenant, request, things)
    if request.HasField("bm25_search"):
        return by_words(shelf, tenant, request, things)
    return listed(request, things)
