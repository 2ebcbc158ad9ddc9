"""The stores the contract suite runs against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from knowledge.base import KnowledgeBase
from knowledge.embedded import EmbeddedBase
from tests.weaviate_server import WeaviateServer

Opener = Callable[[], KnowledgeBase]
"""Opens the same store once more, as another process would."""


@contextmanager
def embedded(request: pytest.FixtureRequest) -> Iterator[Opener]:
    folder: Path = request.getfixturevalue("tmp_path") / "knowledge"
    with ExitStack() as opened:

        def open_one() -> EmbeddedBase:
            base = EmbeddedBase(folder)
            opened.callback(base.close)
            return base

        yield open_one


@contextmanager
def weaviate(request: pytest.FixtureRequest) -> Iterator[Opener]:
    server: WeaviateServer = request.getfixturevalue("weaviate_server")
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(server.base()))


STORES: Mapping[str, Callable[[pytest.FixtureRequest], AbstractContextManager[Opener]]] = {
    "embedded": embedded,
    "weaviate": weaviate,
}
"""A store to run the suite against is a line here."""
