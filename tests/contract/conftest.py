"""A store to test, and collections in it that nobody else uses."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest

from knowledge.base import KnowledgeBase
from knowledge.problems import Problem
from tests.contract.names import Names
from tests.contract.stores import STORES, Opener
from tests.small_records import SPACES


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.weaviate] * (name == "weaviate")) for name in STORES])
def open_store(request: pytest.FixtureRequest) -> Iterator[Opener]:
    with STORES[request.param](request) as opener:
        yield opener


@pytest.fixture
def base(open_store: Opener) -> KnowledgeBase:
    return open_store()


@pytest.fixture
def name(base: KnowledgeBase) -> Iterator[Names]:
    names = Names(uuid.uuid4().hex[:8], [])
    yield names
    for made in names.made:
        with suppress(Problem):
            base.drop(made)


@pytest.fixture
def here(base: KnowledgeBase, name: Names) -> str:
    """An empty collection."""
    made = name("lore")
    base.ensure(made, SPACES)
    return made
