"""The classes of Weaviate that records and the list of collections are kept in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weaviate import WeaviateAsyncClient
from weaviate.classes.config import Configure, DataType, Property, StopwordsPreset, Tokenization, VectorDistances
from weaviate.exceptions import UnexpectedStatusCodeError

from knowledge.base import Space
from knowledge.field_index import NUMBERS
from knowledge.weaviate_names import CATALOGUE, ENTRY, FACTS, ORDER, RECORD, WORDS, vector_for

if TYPE_CHECKING:
    from weaviate.collections.classes.config_vectors import _VectorConfigCreate


def kept(name: str) -> Property:
    return Property(name=name, data_type=DataType.TEXT, index_filterable=False, index_searchable=False)


def exact(name: str, data_type: DataType) -> Property:
    """Compared as a whole: the usual tokenisation would let 'noir' equal 'neo noir'."""
    return Property(name=name, data_type=data_type, tokenization=Tokenization.FIELD, index_searchable=False)


def properties() -> list[Property]:
    """
    Few, because each tenant keeps an index for each: what a record is filtered by is one list of facts.

    Its words come split and stemmed as the embedded base does it, so that both find the same.
    """
    words = Property(name=WORDS, data_type=DataType.TEXT, tokenization=Tokenization.WHITESPACE, index_filterable=False)
    numbers = (Property(name=name, data_type=DataType.NUMBER) for name in sorted(NUMBERS))
    return [kept(RECORD), words, exact(FACTS, DataType.TEXT_ARRAY), exact(ORDER, DataType.TEXT), *numbers]


def named_vector(space: Space) -> _VectorConfigCreate:
    index = Configure.VectorIndex.hnsw(distance_metric=VectorDistances.COSINE)
    return Configure.Vectors.self_provided(name=vector_for(space), vector_index_config=index)


def no_vector() -> _VectorConfigCreate:
    """A class must have a vector; this one is never indexed."""
    return Configure.Vectors.self_provided(name="none", vector_index_config=Configure.VectorIndex.none())


async def prepare(client: WeaviateAsyncClient, name: str, spaces: Sequence[Space]) -> None:
    """Make the class of records if it is not there, and give it what it lacks."""
    if not await client.collections.exists(name):
        await make(client, name, properties(), [named_vector(space) for space in spaces], tenants=True)
    config = client.collections.use(name).config
    there = await config.get(simple=True)
    known = {one.name for one in there.properties}
    for missing in (one for one in properties() if one.name not in known):
        await config.add_property(missing)
    for space in spaces:
        if vector_for(space) not in (there.vector_config or {}):
            await config.add_vector(vector_config=named_vector(space))


async def prepare_catalogue(client: WeaviateAsyncClient) -> None:
    if not await client.collections.exists(CATALOGUE):
        await make(client, CATALOGUE, [kept(ENTRY)], [], tenants=False)


async def make(
    client: WeaviateAsyncClient,
    name: str,
    properties: Sequence[Property],
    vectors: Sequence[_VectorConfigCreate],
    tenants: bool,
) -> None:
    try:
        await client.collections.create(
            name,
            properties=properties,
            vector_config=list(vectors) or no_vector(),
            # The words are chosen by us, and none of them is left out.
            inverted_index_config=Configure.inverted_index(stopwords_preset=StopwordsPreset.NONE),
            multi_tenancy_config=Configure.multi_tenancy(enabled=tenants, auto_tenant_activation=tenants),
        )
    except UnexpectedStatusCodeError:
        # Another process may have been faster.
        if not await client.collections.exists(name):
            raise
