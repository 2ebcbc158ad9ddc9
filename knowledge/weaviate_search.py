"""Answers a query from one collection of Weaviate: each source asked on its own, and what came in time scored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from weaviate import WeaviateAsyncClient
from weaviate.classes.query import MetadataQuery, Sort
from weaviate.collections import CollectionAsync
from weaviate.outputs.query import QueryReturn

from knowledge.base import Found, Query, Space, Vector
from knowledge.collection_search import DEEPER, LEAST_DEPTH
from knowledge.fusion import WORDS as BM25
from knowledge.problems import TryAgain
from knowledge.vector_index import unfit
from knowledge.weaviate_catalogue import named
from knowledge.weaviate_failures import FAILURES
from knowledge.weaviate_filters import condition
from knowledge.weaviate_names import MOST, ORDER, RECORD, WORDS, vector_for
from knowledge.weaviate_objects import Record, record_of, unit, vectors_of
from knowledge.word_stems import asked_for

Answers = Mapping[str, QueryReturn[Any, Any]]
"""By source: objects, best first."""


async def found(
    client: WeaviateAsyncClient, name: str, query: Query, ends: float, said: Callable[[BaseException], str]
) -> Found:
    entry = await named(client, name)
    return await WeaviateSearch(entry.of(client), entry.spaces, ends, said).answer(query)


@dataclass(frozen=True)
class WeaviateSearch:
    """`ends` is when the answer is due, by the loop's clock; `said` puts a failure in words."""

    collection: CollectionAsync[Any, Any]
    spaces: tuple[Space, ...]
    ends: float
    said: Callable[[BaseException], str]

    async def answer(self, query: Query) -> Found:
        vectors = self._comparable(query)
        limit = min(query.limit, MOST)
        if limit < 1:
            return Found()
        if not query.text and not query.vectors:
            return Found({record.id: record for record in await self._listed(query, limit)})
        answers, failed = await self._gathered(self._asked(query, vectors, min(max(DEEPER * limit, LEAST_DEPTH), MOST)))
        missing = "; ".join(f"{source}: {self.said(error)}" for source, error in failed.items())
        records = {one.uuid: record_of(one.properties) for answer in answers.values() for one in answer.objects}
        scores = {BM25: dict(by_words(answers, records))} | {
            space.name: ranked(cosines(answers, space, vectors[space], records)) for space in vectors
        }
        return Found({record.id: record for record in records.values()}, scores, missing)

    def _comparable(self, query: Query) -> dict[Space, Vector]:
        """The query's vectors, unit length, of the spaces the collection has."""
        asked = {space: query.vectors[space.name] for space in self.spaces if space.name in query.vectors}
        for space, vector in asked.items():
            if why := unfit(vector, space):
                raise TryAgain(f"The query cannot be compared with the space {space.name!r}: {why}.")
        return {space: unit(vector) for space, vector in asked.items()}

    async def _listed(self, query: Query, limit: int) -> list[Record]:
        answer = await self.collection.query.fetch_objects(
            limit=limit,
            filters=condition(query.where) if query.where is not None else None,
            sort=Sort.by_property(ORDER),
            return_properties=[RECORD],
        )
        return [record_of(one.properties) for one in answer.objects]

    def _asked(
        self, query: Query, vectors: Mapping[Space, Vector], depth: int
    ) -> dict[str, Coroutine[Any, Any, QueryReturn[Any, Any]]]:
        """
        One search a space, because one of several named vectors would leave out what lacks any of them. What is near
        in one space comes with its vectors of the others, so that being far there counts.
        """
        common = {
            "limit": depth,
            "filters": condition(query.where) if query.where is not None else None,
            "return_properties": [RECORD],
        }
        others = [vector_for(space) for space in vectors] if len(vectors) > 1 else False
        asked = {
            space.name: self.collection.query.near_vector(
                vector.tolist(),
                target_vector=vector_for(space),
                include_vector=others,
                return_metadata=MetadataQuery(distance=True),
                **common,
            )
            for space, vector in vectors.items()
        }
        if words := asked_for(query.text):
            asked[BM25] = self.collection.query.bm25(
                " ".join(words), query_properties=[WORDS], return_metadata=MetadataQuery(score=True), **common
            )
        return asked

    async def _gathered(
        self, asked: Mapping[str, Coroutine[Any, Any, QueryReturn[Any, Any]]]
    ) -> tuple[Answers, dict[str, BaseException]]:
        """What answered, and why the others did not; raises as the first of them if none did."""
        tasks = {source: asyncio.create_task(one) for source, one in asked.items()}
        try:
            if tasks:
                await asyncio.wait(tasks.values(), timeout=self.ends - asyncio.get_running_loop().time())
            failed = {source: why for source, task in tasks.items() if (why := failure(task))}
            if failed and len(failed) == len(tasks):
                raise next(iter(failed.values()))
            return {source: task.result() for source, task in tasks.items() if source not in failed}, failed
        finally:
            for task in tasks.values():
                task.cancel()


def failure(task: asyncio.Task[Any]) -> BaseException | None:
    if not task.done():
        return TimeoutError()
    error = task.exception()
    if error and not isinstance(error, FAILURES):
        raise error
    return error


def by_words(answers: Answers, records: Mapping[Any, Record]) -> Iterator[tuple[str, float]]:
    for one in answers[BM25].objects if BM25 in answers else ():
        yield records[one.uuid].id, one.metadata.score or 0.0


def cosines(
    answers: Answers, space: Space, vector: Vector, records: Mapping[Any, Record]
) -> Iterator[tuple[str, float]]:
    """Of what was found near in this space or another."""
    for source, answer in answers.items():
        for one in answer.objects:
            if source == space.name:
                yield records[one.uuid].id, 1 - (one.metadata.distance or 0.0)
            elif space.name in (here := vectors_of(one.vector, [space])):
                yield records[one.uuid].id, float(np.dot(here[space.name], vector))


def ranked(scores: Iterator[tuple[str, float]]) -> dict[str, float]:
    return dict(sorted(scores, key=lambda pair: (-pair[1], pair[0])))
