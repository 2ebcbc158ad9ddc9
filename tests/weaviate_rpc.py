"""The gRPC half of the stand-in for a Weaviate server, on the stubs of the client itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import grpc
import numpy as np
from weaviate.proto.v1 import (
    aggregate_pb2,
    base_pb2,
    batch_delete_pb2,
    batch_pb2,
    properties_pb2,
    search_get_pb2,
    weaviate_pb2_grpc,
)

from tests.weaviate_answers import allowed, found
from tests.weaviate_faults import Faults
from tests.weaviate_shelf import Refused, Shelves, Thing


def served(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Checks the key, does what shall go wrong, and turns refusals into the errors of gRPC."""

    def call(self: Rpc, request: Any, context: grpc.ServicerContext) -> Any:
        key = dict(context.invocation_metadata() or ()).get("authorization")
        if self.api_key and key != f"Bearer {self.api_key}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "unauthorized: invalid api key")
        kind = asked(request) if isinstance(request, search_get_pb2.SearchRequest) else ""
        if fault := self.faults.meet(answer.__name__, kind):
            context.abort(*fault)
        try:
            with self.shelves.lock:
                return answer(self, request)
        except Refused as refused:
            return context.abort(grpc.StatusCode.UNKNOWN, str(refused))

    return call


def asked(request: search_get_pb2.SearchRequest) -> str:
    """`bm25`, `near` and the name of the vector, or `list` and the class."""
    if request.HasField("near_vector"):
        return f"near {request.near_vector.targets.target_vectors[0]}"
    return "bm25" if request.HasField("bm25_search") else f"list {request.collection}"


@dataclass
class Rpc(weaviate_pb2_grpc.WeaviateServicer):
    shelves: Shelves
    faults: Faults
    api_key: str

    @served
    def Search(self, request: search_get_pb2.SearchRequest) -> search_get_pb2.SearchReply:  # noqa: N802
        shelf = self.shelves.shelf(request.collection)
        hits = found(shelf, shelf.tenant(request.tenant), request)
        return search_get_pb2.SearchReply(results=[result(request, thing, score) for thing, score in hits])

    @served
    def BatchObjects(self, request: batch_pb2.BatchObjectsRequest) -> batch_pb2.BatchObjectsReply:  # noqa: N802
        errors, refused = [], dict(self.faults.refused)
        self.faults.refused.clear()
        for place, one in enumerate(request.objects):
            try:
                if place in refused:
                    raise Refused(refused[place])
                self.shelves.shelf(one.collection).put(one.tenant, one.uuid, properties(one), vectors(one.vectors))
            except Refused as why:
                errors.append(batch_pb2.BatchObjectsReply.BatchError(index=place, error=str(why)))
        return batch_pb2.BatchObjectsReply(errors=errors)

    @served
    def BatchDelete(self, request: batch_delete_pb2.BatchDeleteRequest) -> batch_delete_pb2.BatchDeleteReply:  # noqa: N802
        shelf = self.shelves.shelf(request.collection)
        tenant = shelf.tenant(request.tenant)
        gone = allowed(shelf, tenant, request.filters)
        for thing in gone:
            del tenant.things[thing.uuid]
        return batch_delete_pb2.BatchDeleteReply(matches=len(gone), successful=len(gone))

    @served
    def Aggregate(self, request: aggregate_pb2.AggregateRequest) -> aggregate_pb2.AggregateReply:  # noqa: N802
        things = self.shelves.shelf(request.collection).tenant(request.tenant).things
        single = aggregate_pb2.AggregateReply.Single(objects_count=len(things))
        return aggregate_pb2.AggregateReply(single_result=single)


def properties(one: batch_pb2.BatchObject) -> dict[str, Any]:
    sent = one.properties
    plain = dict(sent.non_ref_properties.items())
    lists = {texts.prop_name: list(texts.values) for texts in sent.text_array_properties}
    return plain | lists | {name: [] for name in sent.empty_list_props}


def vectors(sent: Iterable[base_pb2.Vectors]) -> dict[str, np.ndarray]:
    return {one.name: np.frombuffer(one.vector_bytes, "<f4") for one in sent}


def result(request: search_get_pb2.SearchRequest, thing: Thing, score: float) -> search_get_pb2.SearchResult:
    near, words = request.HasField("near_vector"), request.HasField("bm25_search")
    named = [name for name in request.metadata.vectors if name in thing.vectors]
    metadata = search_get_pb2.MetadataResult(
        id=thing.uuid,
        id_as_bytes=UUID(thing.uuid).bytes,
        distance=score if near else 0.0,
        distance_present=near and request.metadata.distance,
        score=score if words else 0.0,
        score_present=words and request.metadata.score,
        vectors=[
            base_pb2.Vectors(
                name=name,
                vector_bytes=thing.vectors[name].tobytes(),
                type=base_pb2.Vectors.VECTOR_TYPE_SINGLE_FP32,
            )
            for name in named
        ],
    )
    fields = {name: value(thing.properties[name]) for name in request.properties.non_ref_properties}
    kept = search_get_pb2.PropertiesResult(
        non_ref_props=properties_pb2.Properties(fields=fields), target_collection=request.collection
    )
    return search_get_pb2.SearchResult(properties=kept, metadata=metadata)


def value(kept: str | float | list[str]) -> properties_pb2.Value:
    match kept:
        case str():
            return properties_pb2.Value(text_value=kept)
        case list():
            texts = properties_pb2.TextValues(values=kept)
            return properties_pb2.Value(list_value=properties_pb2.ListValue(text_values=texts))
    return properties_pb2.Value(number_value=kept)
