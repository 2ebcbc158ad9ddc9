"""Which Weaviate server the tests use: the one named on the command line, or the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from knowledge.weaviate_base import WeaviateBase

OPTIONS = {
    "--weaviate-url": "run the tests marked weaviate against this server",
    "--weaviate-grpc": "where its gRPC answers, as a URL; port 50051 of the same host if not given",
    "--weaviate-api-key": "its API key",
}


@dataclass(frozen=True)
class WeaviateServer:
    url: str
    grpc_url: str = ""
    api_key: str = ""

    def base(self) -> WeaviateBase:
        """Patient, because the machine may be busy; to be closed."""
        from knowledge.weaviate_base import WeaviateBase

        return WeaviateBase(self.url, self.grpc_url, self.api_key, deadline=15)


@contextmanager
def chosen(config: pytest.Config) -> Iterator[WeaviateServer]:
    url, grpc_url, api_key = (str(config.getoption(option)) for option in OPTIONS)
    if url:
        yield WeaviateServer(url, grpc_url, api_key)
        return
    from tests.weaviate_stand_in import running

    with running(api_key="a key") as stand_in:
        yield WeaviateServer(stand_in.url, stand_in.grpc_url, stand_in.api_key)
