"""Web servers on loopback, and what they answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """A server on loopback: `say` answers every request; what was asked is remembered."""

    server: ThreadingHTTPServer
    requests: list[BaseHTTPRequestHandler] = field(default_factory=list)

    def url(self, path: str = "/page", host: str = "pages.example") -> str:
        return f"http://{host}:{self.server.server_port}{path}"


@contextmanager
def serving(say: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests.append(self)
            say(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Served(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def page(body: bytes, kind: str = "text/html", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def say(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(body)

    return say


def moved(where: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def say(to: BaseHTTPRequestHandler) -> None:
        to.send_response(302)
        to.send_header("Location", where)
        to.send_header("Set-Cookie", "who=you")
        to.end_headers()

    return say
