"""Which addresses a fetched page may come from, and connections that go to the address checked and to no other."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from ssl import SSLContext
from typing import Any

import httpcore

from knowledge.problems import TryAgain

Address = IPv4Address | IPv6Address
UNICAST = IPv6Network("2000::/3")
TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as networks without IPv4 write them (RFC 6052)."""
NEVER = tuple(
    map(ip_network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20"))
)
"""Public by their numbers or by an old Python, and yet: Azure's own services, protocols', relays, documentation."""


def is_public(address: Address) -> bool:
    """Whether strangers are meant to reach it: no private, local, shared, reserved or multicast address in any form."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return is_public(inner)
        if address not in UNICAST:
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in NEVER)


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host name, or of an address in any of its spellings; raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class CheckedNetwork(httpcore.NetworkBackend):
    """
    Connects only to addresses that are allowed, all of those a name has, and not beyond `deadline` (monotonic seconds).

    A name is looked up once for each connection, which goes to an address of that answer: what the name means a moment
    later (DNS rebinding) is never asked. Raises `TryAgain` for a host that is not allowed.
    """

    allowed: Callable[[Address], bool]
    resolve: Callable[[str, int], Sequence[str]]
    deadline: float

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = list(dict.fromkeys(self.resolve(host, port)))
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        if not all(self.allowed(ip_address(address.partition("%")[0])) for address in found):
            raise TryAgain(f"The host {host!r} is not on the public internet: name a public page.")
        failure: Exception = httpcore.ConnectError("it has no address")
        for address in found:
            try:
                stream = httpcore.SyncBackend().connect_tcp(address, port, left(self.deadline, timeout))
                return TimedStream(stream, self.deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


@dataclass(frozen=True)
class TimedStream(httpcore.NetworkStream):
    """A connection on which nothing, however slowly it drips, goes on beyond the deadline."""

    stream: httpcore.NetworkStream
    deadline: float

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, left(self.deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, left(self.deadline, timeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self.stream.start_tls(ssl_context, server_hostname, left(self.deadline, timeout))
        return TimedStream(stream, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def left(deadline: float, timeout: float | None) -> float:
    """Seconds; raises the timeout itself when none are left, for a socket takes 0 to mean no waiting at all."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise httpcore.ReadTimeout("it takes too long")
    return min(remaining, timeout) if timeout else remaining
