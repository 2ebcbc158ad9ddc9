"""A stand-in for a Weaviate server: the client's own REST and gRPC on loopback, with faults to order."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import grpc
from weaviate.proto.v1 import weaviate_pb2_grpc

from tests.weaviate_faults import Faults
from tests.weaviate_rpc import Rpc
from tests.weaviate_shelf import Refused, Shelves


@dataclass
class StandIn:
    """Ports are chosen when it starts, and kept when a part of it is stopped and started again."""

    shelves: Shelves = field(default_factory=Shelves)
    api_key: str = ""
    faults: Faults = field(default_factory=Faults)
    http_port: int = 0
    grpc_port: int = 0
    _http: Http | None = None
    _grpc: grpc.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def grpc_url(self) -> str:
        return f"http://127.0.0.1:{self.grpc_port}"

    def start_http(self) -> None:
        self._http = Http(("127.0.0.1", self.http_port), Rest)
        self._http.stand_in = self
        self.http_port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def stop_http(self) -> None:
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http.hang_up()
            self._http = None

    def start_grpc(self) -> None:
        self._grpc = grpc.server(futures.ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
        weaviate_pb2_grpc.add_WeaviateServicer_to_server(Rpc(self.shelves, self.faults, self.api_key), self._grpc)
        self.grpc_port = self._grpc.add_insecure_port(f"127.0.0.1:{self.grpc_port}")
        self._grpc.start()

    def stop_grpc(self) -> None:
        if self._grpc:
            self._grpc.stop(None).wait(5)
            self._grpc = None


@contextmanager
def running(**options: Any) -> Iterator[StandIn]:
    stand_in = StandIn(**options)
    stand_in.start_http()
    stand_in.start_grpc()
    try:
        yield stand_in
    finally:
        stand_in.faults.released.set()
        stand_in.stop_http()
        stand_in.stop_grpc()


class Http(ThreadingHTTPServer):
    """Knows its open connections, so that it can be as dead as a killed server."""

    daemon_threads = True
    stand_in: StandIn

    def __init__(self, *arguments: Any) -> None:
        self.open: set[Any] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        for request in list(self.open):
            with suppress(OSError):
                request.shutdown(2)


class Rest(BaseHTTPRequestHandler):
    """The schema, and single objects."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # the client's system acknowledges the headers 40 ms late

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        stand_in, path = cast(Http, self.server).stand_in, self.path.split("?")[0]
        stand_in.faults.meet(f"{self.command} {path}")
        if stand_in.api_key and self.headers.get("authorization") != f"Bearer {stand_in.api_key}":
            return self.reply(401, {"error": [{"message": "unauthorized"}]})
        try:
            with stand_in.shelves.lock:
                answer = self.routed(stand_in.shelves, path.split("/")[2:], json.loads(body) if body else None)
        except Refused as refused:
            missing = "could not find" in str(refused)
            return self.reply(404 if missing else 422, {"error": [{"message": str(refused)}]})
        return self.reply(204 if answer is None else 200, answer)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def routed(self, shelves: Shelves, parts: list[str], body: Any) -> Any:
        match self.command, parts:
            case "GET", ["meta"]:
                return {"version": shelves.version}
            case "POST", ["schema"]:
                return shelves.create(body)
            case _, ["schema", name]:
                return self.changed(shelves, name, body)
            case "POST", ["schema", name, "properties"]:
                return shelves.add_property(name, body)
            case _, ["schema", name, "tenants"]:
                return self.let(shelves, name, body)
            case "DELETE", ["objects", name, uuid] if shelves.shelf(name).tenant("").things.pop(uuid, None):
                return None
        raise Refused(f"could not find {self.command} {self.path}")

    def changed(self, shelves: Shelves, name: str, config: Any) -> Any:
        if self.command == "PUT":
            shelves.update(name, config)
        return shelves.shelf(name).config

    def let(self, shelves: Shelves, name: str, tenants: Any) -> Any:
        if self.command == "POST":
            return shelves.add_tenants(name, tenants)
        for tenant in tenants:
            shelves.shelf(name).tenants.pop(tenant, None)
        return {}

    def reply(self, status: int, answer: Any) -> None:
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass
