"""Who may come in: by the name they ask for, the page they ask from, and the token; and what no answer goes without."""

from __future__ import annotations

import base64
import hashlib
import hmac
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.crash_log import CrashLog
from knowledge.problems import GiveUp
from ui.doors.refusals import NOT_AGAIN, Refused, answer

LOOPBACK = ("localhost", "127.0.0.1", "::1")
EVERYWHERE = ("", "0.0.0.0", "::")
ANY = "*"
PAGE = ("/", "/chat.css", "/chat.js")
"""What a browser loads before anybody can give it the token; it says nothing of anyone."""
MOST_BYTES = 32 * 2**20
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True)
class Guard:
    """
    `hosts` are the names the server answers to, without ports; `*` for any, which only a token makes safe against DNS
    rebinding. Without a `token` whoever reaches the server may use it.
    """

    hosts: tuple[str, ...] = LOOPBACK
    token: str = ""
    most_bytes: int = MOST_BYTES

    def refusal(self, scope: Scope) -> Refused | None:
        """Why the request may not come in."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if ANY not in self.hosts and _name(host) not in self.hosts:
            return Refused(421, f"This server is not called {host[:80]!r}.", "unknown_host")
        if origin is not None and origin.partition("://")[2].casefold() != host.casefold():
            return Refused(403, f"Pages of {origin[:80]!r} may not ask this server.", "foreign_origin")
        if not self._known(scope, headers):
            said = "Give the token of ATELIER_TOKEN as 'Authorization: Bearer …'."
            return Refused(401, said, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
        if _number(headers.get("content-length", "0")) > self.most_bytes:
            return self.too_large
        return None

    @property
    def too_large(self) -> Refused:
        return Refused(413, f"The body is larger than {self.most_bytes} bytes.", "too_large")

    def seal(self, path: str) -> str:
        """The query that lets those who have the address, and not the token, see this one path."""
        if not self.token:
            return ""
        return f"?seal={hmac.new(self.token.encode(), path.encode(), hashlib.sha256).hexdigest()[:32]}"

    def _known(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        path = scope["path"]
        if not self.token or path in PAGE:
            return True
        (seal,) = parse_qs(scope["query_string"].decode("latin-1")).get("seal", [""])[:1]
        if path.startswith("/images/") and seal and _same(f"?seal={seal}", self.seal(path)):
            return True
        return _same(_given(headers.get("authorization", "")), self.token)


def guarding(host: str, token: str) -> Guard:
    """For a server that listens there. Raises `GiveUp` where others could reach it and there is no token."""
    if host in LOOPBACK:
        return Guard(token=token)
    if not token:
        raise GiveUp(f"Others could reach Atelier at {host!r}: set ATELIER_TOKEN, or listen on 127.0.0.1.")
    return Guard((ANY,) if host in EVERYWHERE else (host.casefold(), *LOOPBACK), token)


@dataclass(frozen=True)
class Guarded:
    """The application behind its guard. What it did not mean to raise is kept in the log, and told by an id."""

    app: ASGIApp
    guard: Guard
    log: CrashLog

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif refused := self.guard.refusal(scope):
            await _refuse(refused, scope, receive, send)
        else:
            await self._let_in(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        passage = _Passage(self.guard.most_bytes, receive, send)
        refused = self.guard.too_large
        try:
            await self.app(scope, passage.receive, passage.send)
        except Exception:
            if not passage.overrun:
                refused = self._crashed()
                passage.overrun = True
        if passage.overrun and not passage.started:
            await _refuse(refused, scope, receive, send)

    def _crashed(self) -> Refused:
        said = self.log.sentence(traceback.format_exc())
        return Refused(500, said, "internal", headers=NOT_AGAIN)


class _Passage:
    """One request on its way in and its answer on its way out."""

    def __init__(self, most_bytes: int, receive: Receive, send: Send) -> None:
        self._left, self._receive, self._send = most_bytes, receive, send
        self.started = self.overrun = False

    async def receive(self) -> Message:
        """To the application, one who sends too much has gone away."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        self.overrun = self.overrun or self._left < 0
        return {"type": "http.disconnect"} if self.overrun else message

    async def send(self, message: Message) -> None:
        if self.overrun and not self.started:
            return
        if message["type"] == "http.response.start":
            self.started = True
            _fortify(message)
        await self._send(message)


async def _refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    async def fortified(message: Message) -> None:
        if message["type"] == "http.response.start":
            _fortify(message)
        await send(message)

    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await answer(scope["path"], refused)(scope, receive, fortified)


def _fortify(message: Message) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _number(length: str) -> int:
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def _given(authorization: str) -> str:
    """The token: after `Bearer`, or as the password of `Basic`, which is all that A1111's clients know."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.casefold() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return rest.strip() if scheme.casefold() == "bearer" else ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
