"""Some records of one collection, stored, read, listed or deleted in one message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weaviate import WeaviateAsyncClient
from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter as By
from weaviate.classes.query import Sort
from weaviate.exceptions import WeaviateInsertManyAllFailedError

from knowledge.base import Item
from knowledge.problems import GiveUp
from knowledge.weaviate_catalogue import Entry, named
from knowledge.weaviate_failures import brief
from knowledge.weaviate_names import MOST, ORDER, RECORD, WORDS, id_at, order, uuid_for, vector_for
from knowledge.weaviate_objects import properties, record_of, unit, vectors_of
from knowledge.word_stems import stems


async def put(client: WeaviateAsyncClient, entry: Entry, items: Sequence[Item]) -> list[tuple[str, str]]:
    """Why the server did not take some of them, by id."""
    try:
        report = await entry.of(client).data.insert_many(objects(entry, items))
    except WeaviateInsertManyAllFailedError as error:
        return [(item.record.id, brief(error)) for item in items]
    return [(items[place].record.id, error.message) for place, error in report.errors.items()]


async def read(client: WeaviateAsyncClient, entry: Entry, ids: Sequence[str], vectors: bool) -> dict[str, Item]:
    found = await entry.of(client).query.fetch_objects_by_ids(
        [uuid_for(entry.name, record_id) for record_id in ids],
        limit=len(ids),
        include_vector=[vector_for(space) for space in entry.spaces] if vectors and entry.spaces else False,
        return_properties=[RECORD],
    )
    items = [Item(record_of(one.properties), vectors_of(one.vector, entry.spaces)) for one in found.objects]
    return {item.record.id: item for item in items}


async def deleted(client: WeaviateAsyncClient, entry: Entry, ids: Sequence[str]) -> int:
    which = By.by_id().contains_any([uuid_for(entry.name, record_id) for record_id in ids])
    done = await entry.of(client).data.delete_many(which)
    if done.failed:
        raise GiveUp(
            f"Of {done.matches} records of {entry.name!r}, Weaviate could not delete {done.failed}: try again."
        )
    return done.successful


async def page(client: WeaviateAsyncClient, name: str, after: str, limit: int) -> list[str]:
    """Ids in their order as text, of those that come after `after`."""
    entry = await named(client, name)
    if limit < 1:
        return []
    found = await entry.of(client).query.fetch_objects(
        limit=min(limit, MOST),
        filters=By.by_property(ORDER).greater_than(order(after)) if after else None,
        sort=Sort.by_property(ORDER),
        return_properties=[ORDER],
    )
    return [id_at(str(one.properties[ORDER])) for one in found.objects]


def objects(entry: Entry, items: Sequence[Item]) -> list[DataObject[Any, None]]:
    """Each as stored: `words` come split and stemmed as the embedded base does it, so that both find the same."""
    names = {space.name: vector_for(space) for space in entry.spaces}
    words = stems([item.record.text for item in items])
    return [
        DataObject(
            uuid=uuid_for(entry.name, item.record.id),
            properties={**properties(item.record), WORDS: " ".join(said)},
            vector={names[name]: unit(vector).tolist() for name, vector in item.vectors.items()},
        )
        for item, said in zip(items, words, strict=True)
    ]
