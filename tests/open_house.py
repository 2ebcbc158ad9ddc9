"""Atelier with its doors open on loopback, for tests: worker and server are threads of this process."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
from openai import OpenAI
from PIL import Image

from agent.assistant import opened
from agent.cast import Cast, cast
from agent.conversation_tools import conversation_tools
from agent.conversations import Conversations
from agent.desk import Desk
from agent.settings import Settings
from agent.work import every_kind
from agent.worker import Closing, Worker
from benchmarks.cheap_encoder import CheapEncoder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.journal import Journal
from knowledge.leases import Leases
from knowledge.lora_files import LoraShelf
from knowledge.recipe import Recipe
from knowledge.records import Lore, Reference
from tests.scripted_chat import PlainRenderer
from tools.call import Call
from tools.renderer import Rendered
from tools.toolbox import Bench
from ui.doors.guard import Guard
from ui.server import app

PATIENCE = 5.0
"""Seconds that a job which nobody waits for may still take at the end."""
TOADSTOOL = Lore(
    id="toadstool", title="toadstool", body="A mushroom.", terms=("toadstool",), adds="mushroom",
    base_models=("picturebook",), licence="CC0-1.0", source="a field guide",
)  # fmt: skip


def png(image: Image.Image) -> bytes:
    """The file, as clients send it."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True)
class HeldRenderer(PlainRenderer):
    """A prompt that says "held" shows how its picture grows, and waits for `go`."""

    go: threading.Event = field(default_factory=threading.Event)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        if "held" in recipe.prompt:
            if call.on_preview:
                call.on_preview(Image.new("RGB", (16, 16), "green"))
            assert self.go.wait(30)
        return super().render(recipe, call)


def small_bench(folder: Path, renderer: HeldRenderer) -> Bench:
    """Every tool is the real one; pictures are of one colour, which is their seed."""
    gallery, cheap = Gallery(folder / "gallery"), CheapEncoder()
    base, encoders = EmbeddedBase(folder / "knowledge"), Encoders(cheap, cheap)
    ingester = Ingester(base, encoders, gallery.image)
    image_id = gallery.keep(Image.new("RGB", (64, 64), "red"))
    red = Reference(id="red", caption="a red square", image_id=image_id, source="us")
    for collection, records in (("lore", [TOADSTOOL]), ("references", [red]), ("loras", [])):
        ingester.add(collection, records)
    return Bench(base, encoders, gallery, renderer, LoraShelf(()))


@dataclass(frozen=True)
class House:
    desk: Desk
    bench: Bench
    guard: Guard
    url: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.guard.token}"} if self.guard.token else {}

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=60)

    @property
    def openai(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=self.guard.token or "none", max_retries=0, timeout=60)


def desk_of(bench: Bench, folder: Path, most_waiting: int = 256) -> Desk:
    journal = Journal(folder / "journal.sqlite", most_waiting)
    tools = conversation_tools(bench, "picturebook")
    return Desk(journal, bench.gallery, Conversations(folder / "conversations"), tools, bench.shelf)


@contextmanager
def open_house(
    bench: Bench, folder: Path, guard: Guard | None = None, cast_of: Cast | None = None, most_waiting: int = 256
) -> Iterator[House]:
    """With the offline planner, if no other cast is given."""
    desk, guard = desk_of(bench, folder, most_waiting), guard or Guard()
    parts = cast_of or cast(Settings(data=folder, loras=()), bench)
    with working(desk, parts, bench.hit_rates), served(desk, guard) as url:
        yield House(desk, bench, guard, url)


@contextmanager
def working(desk: Desk, parts: Cast, hit_rates: Callable[[], Mapping[str, float]]) -> Iterator[None]:
    """The loop of the worker, on the desk's journal."""
    closing = Closing()

    async def work() -> None:
        async with opened(parts, desk.conversations) as assistant:
            kinds = every_kind(parts, assistant, hit_rates)
            await Worker(Leases(desk.journal, "a test"), kinds, parts.log, closing=closing).go_on()

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    try:
        yield
    finally:
        closing.within(PATIENCE)
        thread.join()


@contextmanager
def served(desk: Desk, guard: Guard) -> Iterator[str]:
    """The server's address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app(desk, guard), log_level="warning", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
