"""What holds for every test: no network but loopback, and a data folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.settings import Settings
from agent.workshop import open_workshop
from tests.weaviate_server import OPTIONS, WeaviateServer, chosen

# tests run side by side: each with one thread, or the threads spin against each other
os.environ.setdefault("OMP_NUM_THREADS", "1")

LONGEST = {
    *("test_serving", "test_training", "test_engine", "test_bad_input", "test_cli", "test_train", "test_worker_jobs"),
    *("test_worker", "test_mcp_door", "test_planted", "test_ingest", "test_craft", "test_compiled"),
}
"""Files that take longest, which are therefore begun first: a process that takes one at the end keeps all waiting."""
BOOK = Path(__file__).parent.parent / "picturebook"
REAL_CONNECT = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}


class NetworkTouched(OSError):
    """As if there were no network at all: what a test says of that is then true everywhere."""


def pytest_addoption(parser: pytest.Parser) -> None:
    for option, meaning in OPTIONS.items():
        parser.addoption(option, default="", help=meaning)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "weaviate: also runs against a real server, see --weaviate-url")
    config.addinivalue_line("markers", "scale: starts Ray, a minute and 2 GB; only where -m asks for it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONGEST)
    if "scale" in config.option.markexpr:
        return
    left_out = {item for item in items if item.get_closest_marker("scale")}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def weaviate_server(request: pytest.FixtureRequest) -> Iterator[WeaviateServer]:
    with chosen(request.config) as server:
        yield server


def is_local(address: Any) -> bool:
    """Whether the address stays here: a Unix socket's path, or loopback."""
    host = address[0] if isinstance(address, tuple) else "localhost"
    return host in ("localhost", "::1", "") or str(host).startswith("127.")


def guarded(name: str) -> Callable[..., Any]:
    def call(self: socket.socket, *arguments: Any) -> Any:
        if self.family != getattr(socket, "AF_UNIX", None) and not is_local(arguments[-1]):
            raise NetworkTouched(f"a test wanted to reach {arguments[-1]!r}")
        return REAL_CONNECT[name](self, *arguments)

    return call


@pytest.fixture(autouse=True, scope="session")
def _no_network(request: pytest.FixtureRequest) -> Any:
    """Held for the whole session, so that session fixtures are bound by it too."""
    if request.config.getoption("--weaviate-url"):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        for name in REAL_CONNECT:
            patch.setattr(socket.socket, name, guarded(name))
        patch.setattr(socket, "getaddrinfo", resolved_here(socket.getaddrinfo))
        yield


def resolved_here(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(host: Any, *arguments: Any, **options: Any) -> Any:
        if host is not None and not is_local((host if isinstance(host, str) else host.decode(),)):
            raise NetworkTouched(f"a test wanted to look up {host!r}")
        return real(host, *arguments, **options)

    return call


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty, and the only one the settings name; no `.env` and no variable of the machine is read."""
    for name in os.environ:
        if name.startswith(("ATELIER_", "OPENAI_", "AZURE_OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ATELIER_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture
def filled(_filled_once: Path, data_folder: Path) -> Path:
    """A data folder that has been opened before: its starter collections are there."""
    shutil.copytree(_filled_once, data_folder)
    return data_folder


@pytest.fixture(scope="session")
def _filled_once(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    open_workshop(Settings(data=folder, loras=(), chat="none")).bench.base.close()
    return folder


@pytest.fixture(scope="session")
def book() -> Path:
    """The picture book with its trained models."""
    if not (BOOK / "models" / "pipeline" / "model_index.json").is_file():
        pytest.skip("the picture book has no weights yet: run python -m picturebook train")
    return BOOK
