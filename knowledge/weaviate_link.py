"""The one connection of a process to a Weaviate server: opened late, asked within a deadline, its failures in words."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

import weaviate
from weaviate import WeaviateAsyncClient
from weaviate.classes.init import AdditionalConfig, Auth
from weaviate.config import GrpcConfig

from knowledge.circuit_breaker import CircuitBreaker
from knowledge.loop_thread import LoopThread
from knowledge.problems import GiveUp, Problem
from knowledge.weaviate_failures import FAILURES, said, silent

T = TypeVar("T")
Work = Callable[[WeaviateAsyncClient], Awaitable[T]]

PORTS = {"http": 80, "https": 443}
GRPC_PORT = 50051
ADVICE = "write two that differ, such as http://127.0.0.1:8080 and http://127.0.0.1:50051."
CHANNEL = (
    # HTTP does not go through the environment's proxies either.
    ("grpc.enable_http_proxy", 0),
    # A server that comes back is found at once, instead of after minutes of waiting longer and longer.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
)


@dataclass
class WeaviateLink:
    """
    `url` is where HTTP answers; `grpc` where gRPC does, as a URL, or empty for port 50051 of the same host.

    `on_connect` is done once for each connection, before anything else.
    """

    url: str
    grpc: str
    api_key: str = field(repr=False)
    on_connect: Work[None]
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    _thread: LoopThread = field(default_factory=lambda: LoopThread("weaviate"))
    _client: WeaviateAsyncClient | None = None
    _process: int = 0
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def ask(self, work: Work[T], seconds: float, probing: bool = False) -> T:
        """
        What `work` makes of the client, within about `seconds`. Raises `GiveUp` in words, or as `work` does.

        A server that failed again and again is left alone for a while, unless `probing`.
        """
        self._process = self._process or os.getpid()
        if self._process != os.getpid():
            raise GiveUp(
                "This process was forked from one that used Weaviate, whose connections do not survive that: start "
                "processes by spawning, or fork before the first use."
            )
        # The thread's own clock is the second guard: no defect of the client's can hold the caller for ever.
        try:
            return self._thread.run(self._guarded(work, seconds, probing), seconds + 1)
        except TimeoutError as error:
            raise GiveUp(self.said(error, seconds)) from error

    async def _guarded(self, work: Work[T], seconds: float, probing: bool) -> T:
        if not probing and (wait := self.breaker.wait()):
            raise GiveUp(f"The Weaviate server at {self.url} does not answer; it is asked again in {wait:.0f} s.")
        try:
            async with asyncio.timeout(seconds):
                answer = await work(await self._connected())
        except FAILURES as error:
            if silent(error):
                self.breaker.failed()
            raise GiveUp(self.said(error, seconds)) from error
        except Problem:
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return answer

    async def _connected(self) -> WeaviateAsyncClient:
        async with self._connecting:
            if self._client is None:
                client = self._made()
                try:
                    await client.connect()
                    await self.on_connect(client)
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client

    def _made(self) -> WeaviateAsyncClient:
        # Its log repeats whole records with their vectors; what went wrong is reported.
        logging.getLogger("weaviate-client").setLevel(logging.CRITICAL)
        try:
            return weaviate.use_async_with_custom(
                *address(self.url),
                *address(rpc_url(self.url, self.grpc)),
                auth_credentials=Auth.api_key(self.api_key) if self.api_key else None,
                additional_config=AdditionalConfig(grpc_config=GrpcConfig(channel_options=CHANNEL)),
                # They would ask the package registry for news, and wait for it where there is no way out.
                skip_init_checks=True,
            )
        except ValueError as error:
            raise GiveUp(f"{self.url!r}, {self.grpc!r}: no addresses of a Weaviate server; {ADVICE}") from error

    def said(self, error: BaseException, seconds: float) -> str:
        return said(self.url, rpc_url(self.url, self.grpc), error, seconds)

    def close(self) -> None:
        """Whoever asks afterwards connects anew."""
        if self._process != os.getpid() or self._thread.within():
            return
        if self._client:
            with suppress(TimeoutError):
                self._thread.run(self._client.close(), 5)
        self._thread.close()
        self._client, self._process, self._connecting = None, 0, asyncio.Lock()


def address(url: str) -> tuple[str, int, bool]:
    """Host, port, and whether it is spoken to in secret. Raises `ValueError` if the URL has none."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(url)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host, parts.port or PORTS[parts.scheme], parts.scheme == "https"


def rpc_url(url: str, rpc: str) -> str:
    host, _, secret = address(url)
    return rpc or f"{'https' if secret else 'http'}://{host}:{GRPC_PORT}"
