"""
Which collections there are in Weaviate, where each is kept, and which other names they have.

Weaviate's own aliases name classes, and a collection is a tenant of one; so its aliases are kept here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter
from weaviate import WeaviateAsyncClient
from weaviate.classes.data import DataObject
from weaviate.collections import CollectionAsync

from knowledge.base import About, Space
from knowledge.problems import GiveUp, TryAgain
from knowledge.versions import names, none_named
from knowledge.weaviate_names import CATALOGUE, ENTRY, class_for, tenant_for, uuid_for
from knowledge.weaviate_schema import prepare


@dataclass(frozen=True)
class Entry:
    """A collection, a tenant of a class; or, if it `points_to` one, another name of that."""

    name: str
    class_name: str = ""
    tenant: str = ""
    spaces: tuple[Space, ...] = ()
    points_to: str = ""

    def of(self, client: WeaviateAsyncClient) -> CollectionAsync[Any, Any]:
        return client.collections.use(self.class_name).with_tenant(self.tenant)


ENTRIES = TypeAdapter(Entry)


async def entry_at(client: WeaviateAsyncClient, name: str) -> Entry | None:
    ids = [uuid_for(CATALOGUE, name)]
    found = await client.collections.use(CATALOGUE).query.fetch_objects_by_ids(ids, limit=1, return_properties=[ENTRY])
    return next((ENTRIES.validate_json(str(one.properties[ENTRY])) for one in found.objects), None)


async def known(client: WeaviateAsyncClient, name: str) -> Entry | None:
    """The collection of that name or alias."""
    entry = await entry_at(client, name)
    return await entry_at(client, entry.points_to) if entry and entry.points_to else entry


async def named(client: WeaviateAsyncClient, name: str) -> Entry:
    """The same. Raises `TryAgain` if there is none."""
    if entry := await known(client, name):
        return entry
    there = await entries(client)
    aliases = {one.name: one.points_to for one in there if one.points_to}
    raise none_named(name, names(aliases, (one.name for one in there)))


async def entries(client: WeaviateAsyncClient) -> list[Entry]:
    """All, by name."""
    listed = client.collections.use(CATALOGUE).iterator(return_properties=[ENTRY])
    return sorted([ENTRIES.validate_json(str(one.properties[ENTRY])) async for one in listed], key=lambda one: one.name)


async def about(client: WeaviateAsyncClient, name: str) -> About:
    entry = await named(client, name)
    counted = await entry.of(client).aggregate.over_all(total_count=True)
    return About(entry.name, counted.total_count or 0, entry.spaces)


async def at_a_glance(client: WeaviateAsyncClient) -> tuple[str, int]:
    """The server's version, by HTTP, and how many collections there are, by gRPC."""
    meta, listed = await asyncio.gather(client.get_meta(), entries(client))
    return str(meta.get("version", "")), sum(not entry.points_to for entry in listed)


async def write(client: WeaviateAsyncClient, entry: Entry) -> None:
    """In place of what was there by this name, at once for every reader."""
    one = DataObject(uuid=uuid_for(CATALOGUE, entry.name), properties={ENTRY: ENTRIES.dump_json(entry).decode()})
    await client.collections.use(CATALOGUE).data.insert_many([one])


async def strike(client: WeaviateAsyncClient, name: str) -> None:
    await client.collections.use(CATALOGUE).data.delete_by_id(uuid_for(CATALOGUE, name))


async def ensured(client: WeaviateAsyncClient, name: str, spaces: Sequence[Space]) -> None:
    there = await known(client, name)
    entry = there or Entry(name, class_for(spaces), tenant_for(name))
    made = {space.name: space for space in entry.spaces}
    for space in spaces:
        if (old := made.setdefault(space.name, space)) != space:
            raise GiveUp(
                f"The collection {entry.name!r} was made with another encoder ({old.encoder!r}, {old.dim} numbers) "
                f"than {space.encoder!r} ({space.dim}): ingest it anew under another name."
            )
    whole = replace(entry, spaces=tuple(made.values()))
    await prepare(client, whole.class_name, whole.spaces)
    await client.collections.use(whole.class_name).tenants.create(whole.tenant)
    # Last, because from here on the collection is there.
    if whole != there:
        await write(client, whole)


async def dropped(client: WeaviateAsyncClient, name: str) -> None:
    entry = await named(client, name)
    await client.collections.use(entry.class_name).tenants.remove(entry.tenant)
    for alias in await entries(client):
        if alias.points_to == entry.name:
            await strike(client, alias.name)
    # Last, so that what is left of a drop that broke off can be dropped again.
    await strike(client, entry.name)


async def pointed(client: WeaviateAsyncClient, alias: str, collection: str) -> None:
    target, there = await named(client, collection), await entry_at(client, alias)
    if there and not there.points_to:
        raise TryAgain(f"{alias!r} is a collection itself: choose another alias.")
    await write(client, Entry(alias, points_to=target.name))
