"""A server on loopback that speaks OpenAI's and Azure's chat protocol, and fails in the ways real ones fail."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

PIECE = 7
"""Characters of a streamed piece."""


@dataclass(frozen=True)
class Reply:
    """
    What one request is answered with. `calls` are names and arguments as the model writes them, whole JSON or not.

    `finish` is the finish reason, None for the fitting one, "" for none at all. `ends` says how the connection does.
    `usage` are the tokens read and written: some servers do not tell, and none does in a stream unless it is asked to.
    `piece` is how many characters are streamed at once.
    """

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    finish: str | None = None
    refusal: str | None = None
    status: int = 200
    code: str = "invalid_request"
    page: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    usage: tuple[int, int] | None = None
    piece: int = PIECE
    ends: Literal["whole", "quietly", "abruptly", "stalls", "with an error"] = "whole"

    @property
    def finish_reason(self) -> str | None:
        return ("tool_calls" if self.calls else "stop") if self.finish is None else self.finish or None

    def called(self, request: int) -> list[dict[str, Any]]:
        return [
            {"id": f"call-{request}-{at}", "type": "function", "function": {"name": name, "arguments": written}}
            for at, (name, written) in enumerate(self.calls)
        ]

    def whole(self, request: int) -> str:
        message = {"role": "assistant", "content": self.text, "refusal": self.refusal}
        message |= {"tool_calls": self.called(request)} if self.calls else {}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        head = {"id": str(request), "object": "chat.completion", "created": 1, "model": "m"}
        return json.dumps({**head, "choices": [choice], **self.used()})

    def used(self) -> dict[str, Any]:
        if self.usage is None:
            return {}
        read, wrote = self.usage
        return {"usage": {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}}

    def failed(self) -> str:
        return json.dumps({"error": {"message": f"no: {self.code}", "type": "error", "code": self.code, "param": None}})

    def pieces(self, request: int, counted: bool = False) -> Iterator[str]:
        """The data of each server-sent event; the last one says how many tokens there were, if that is asked for."""
        yield _chunk(request, {"role": "assistant", "content": ""})
        for at in range(0, len(self.text), self.piece):
            yield _chunk(request, {"content": self.text[at : at + self.piece]})
        for index, call in enumerate(self.called(request)):
            written = call["function"]["arguments"]
            head = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
            yield _chunk(request, {"tool_calls": [head]})
            for at in range(0, len(written), self.piece):
                part = {"index": index, "function": {"arguments": written[at : at + self.piece]}}
                yield _chunk(request, {"tool_calls": [part]})
        if self.ends == "whole":
            yield _chunk(request, {}, self.finish_reason)
            if counted and self.usage:
                yield json.dumps({**_head(request), "choices": [], **self.used()})
            yield "[DONE]"
        elif self.ends == "with an error":
            yield self.failed()


def _chunk(request: int, delta: dict[str, Any], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps({**_head(request), "choices": [choice]})


def _head(request: int) -> dict[str, Any]:
    return {"id": str(request), "object": "chat.completion.chunk", "created": 1, "model": "m"}


Model = Callable[[dict[str, Any]], Reply]
"""What answers a request, given its body."""


@dataclass
class LoopbackOpenAI:
    """Answers by its model, or by its script, the last line of it for ever; keeps all bodies, paths and headers."""

    url: str = ""
    script: list[Reply] = field(default_factory=list)
    model: Model | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def next(self) -> Reply:
        if self.model:
            return self.model(self.asked[-1])
        return self.script[min(len(self.asked), len(self.script)) - 1]


class Wire(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept: LoopbackOpenAI

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.kept.asked.append(asked)
        self.kept.paths.append(self.path)
        self.kept.headers.append({name.lower(): value for name, value in self.headers.items()})
        reply, request = self.kept.next(), len(self.kept.asked)
        if reply.page:
            self._whole(reply, reply.page, "text/html")
        elif reply.status != 200:
            self._whole(reply, reply.failed())
        elif asked.get("stream"):
            self._streamed(reply, request, bool((asked.get("stream_options") or {}).get("include_usage")))
        else:
            self._whole(reply, reply.whole(request))

    def _whole(self, reply: Reply, body: str, kind: str = "application/json") -> None:
        self.send_response(reply.status)
        for name, value in {"content-type": kind, "content-length": str(len(body.encode())), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def _streamed(self, reply: Reply, request: int, counted: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in reply.pieces(request, counted):
            data = f"data: {piece}\n\n".encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        if reply.ends == "stalls":
            self.kept.closing.wait(30)
        if reply.ends in ("abruptly", "stalls"):
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Listening(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """That a client hangs up is what many tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def loopback_openai(*script: Reply, model: Model | None = None) -> Iterator[LoopbackOpenAI]:
    kept = LoopbackOpenAI(script=list(script), model=model)
    wire = type("ThisWire", (Wire,), {"kept": kept})
    with Listening(("127.0.0.1", 0), wire) as listening:
        kept.url = f"http://127.0.0.1:{listening.server_port}"
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield kept
        finally:
            kept.closing.set()
            listening.shutdown()
