"""The MCP door, by FastMCP's client, by MCP written by hand, as older clients write it too, and over stdio."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from mcp.shared.exceptions import MCPError
from mcp_types import ImageContent, ResourceLink, TextContent
from PIL import Image

from agent.cast import Cast
from agent.crash_log import CrashLog
from agent.desk import Desk, open_desk
from agent.result_types import Reply, result_schema, result_type
from agent.settings import read_settings
from agent.worker_process import lock_of
from knowledge.journal import Journal
from knowledge.lora_files import LoraShelf
from knowledge.problems import TryAgain
from tests.command_line import COMMAND
from tests.open_house import HeldRenderer, open_house, png, served, small_bench, working
from tests.scripted_chat import ScriptedChat, Studio, calling
from tools.critique import Verdict
from ui.doors.bodies import inlined
from ui.doors.guard import Guard
from ui.doors.mcp_door import mcp_server

FOX = {"prompt": "a fox", "seed": 7}
SLOW = {"prompt": "a slow fox"}
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MODERN = "2026-07-28"
OLDER = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def idle(studio: Studio) -> Desk:
    """Nobody is at work."""
    journal = Journal(studio.folder / "journal.sqlite")
    return Desk(journal, studio.gallery, studio.conversations, studio.tools, LoraShelf(()))


@pytest.fixture
def desk(studio: Studio, idle: Desk) -> Iterator[Desk]:
    model = ScriptedChat(script=[calling("draw", **FOX), AIMessage("Here is your fox.")])
    log = CrashLog(studio.folder / "logs")
    with working(idle, Cast(model, model, studio.tools, studio.gallery, LoraShelf(()), log), dict):
        yield idle


@pytest.fixture
def real() -> Desk:
    """With the tools there really are, and nobody at work."""
    return open_desk(read_settings())


@pytest.fixture
def real_door(real: Desk) -> FastMCP:
    return mcp_server(real)


def talked(desk: Desk | FastMCP, talk: Callable[[Client], Awaitable[Any]]) -> Any:
    """What a client in this process has to say."""

    async def connected() -> Any:
        async with Client(mcp_server(desk) if isinstance(desk, Desk) else desk) as client:
            return await talk(client)

    return asyncio.run(connected())


def called(desk: Desk, name: str, **arguments: Any) -> Any:
    return talked(desk, lambda client: client.call_tool(name, arguments))


def messages(answer: httpx.Response) -> list[dict[str, Any]]:
    """JSON-RPC, alone or as server-sent events."""
    if answer.headers["content-type"].startswith("application/json"):
        return [answer.json()]
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]


def request(method: str, **parameters: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}


def modern(method: str, **parameters: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """The headers and body of a request of the protocol that has no sessions."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "by hand", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": "steps",
    }
    named = {"mcp-name": parameters["name"]} if "name" in parameters else {}
    headers = {**HEADERS, "mcp-protocol-version": MODERN, "mcp-method": method, **named}
    return headers, request(method, **parameters, _meta=meta)


def test_it_offers_the_tools_there_are_under_their_names_words_and_schemas(real: Desk) -> None:
    offered = {one.name: one for one in talked(real, lambda client: client.list_tools())}
    own = {tool.name: tool for tool in real.tools if tool.name != "ask"}
    assert offered.keys() == {*own, "say", "add_image"}
    assert len(offered) <= 12
    for name, tool in own.items():
        assert offered[name].description == tool.description
        assert offered[name].input_schema == inlined(tool.arguments.model_json_schema())
        assert offered[name].output_schema == inlined(result_schema(result_type(tool)))
    assert offered["say"].output_schema == inlined(result_schema(Reply))


def test_every_tool_says_what_it_does_to_the_world(real: Desk) -> None:
    hints = {one.name: one.annotations for one in talked(real, lambda client: client.list_tools())}
    drawing = {"render", "draw", "refine", "merge", "prepare_control", "say", "add_image"}
    assert {name for name, hint in hints.items() if not hint.read_only_hint} == drawing & hints.keys()
    assert {name for name, hint in hints.items() if not hint.idempotent_hint} == {"draw", "say"}
    assert not any(hint.destructive_hint or hint.open_world_hint for hint in hints.values())


def test_a_picture_comes_as_its_record_a_preview_and_a_link_that_can_be_read(desk: Desk) -> None:
    async def talk(client: Client) -> tuple[Any, Any]:
        drawn = await client.call_tool("draw", FOX)
        link = drawn.content[2]
        assert isinstance(link, ResourceLink)
        return drawn, await client.read_resource(link.uri)

    drawn, (whole,) = talked(desk, talk)
    (told,) = drawn.structured_content["pictures"]
    said, preview, link = drawn.content
    assert isinstance(said, TextContent)
    assert isinstance(preview, ImageContent)
    assert json.loads(said.text) == drawn.structured_content
    assert link.uri == f"image://{told['picture_id']}"
    assert base64.b64decode(whole.blob) == desk.gallery.path(told["picture_id"]).read_bytes()
    assert desk.gallery.get(told["picture_id"]).recipe.hash == told["recipe_hash"]
    assert Image.open(io.BytesIO(base64.b64decode(preview.data))).format == "JPEG"
    assert drawn.data.pictures[0].seed == 7


def test_a_preview_is_small_however_large_the_picture(desk: Desk) -> None:
    from ui.doors.mcp_pictures import Pictures

    kept = desk.gallery.keep(Image.new("RGB", (1200, 600), "red"))
    preview, link = Pictures(desk.gallery).shown({"kind": "canny", "image_id": kept})
    assert isinstance(preview, ImageContent)
    assert isinstance(link, ResourceLink)
    assert Image.open(io.BytesIO(base64.b64decode(preview.data))).size == (256, 128)
    (whole,) = talked(desk, lambda client: client.read_resource(link.uri))
    assert Image.open(io.BytesIO(base64.b64decode(whole.blob))).size == (1200, 600)


@pytest.mark.parametrize(
    "uri", ["image://abc", f"image://{'0' * 64}", "image://../../etc/passwd", "file:///etc/passwd"]
)
def test_what_is_no_picture_cannot_be_read(desk: Desk, uri: str) -> None:
    with pytest.raises(MCPError, match=r"There is no picture|Resource not found"):
        talked(desk, lambda client: client.read_resource(uri))


def encoded(image: Image.Image) -> str:
    return base64.b64encode(png(image)).decode()


SQUARE = Image.new("RGB", (64, 32), "red")


@pytest.mark.parametrize("address", ["", "data:image/png;base64,"])
def test_an_image_that_is_brought_in_is_kept_as_any_other(idle: Desk, address: str) -> None:
    answer = called(idle, "add_image", data=address + encoded(SQUARE))
    assert answer.structured_content == {"image_id": idle.gallery.keep(SQUARE)}
    assert [part.type for part in answer.content] == ["text", "image", "resource_link"]
    assert idle.gallery.image(answer.structured_content["image_id"]).tobytes() == SQUARE.tobytes()
    assert idle.journal.jobs() == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "data: String should have at least 1 character"),
        ("no base64!", "data: It is not base64"),
        (base64.b64encode(b"no image").decode(), "'the image' cannot be read as an image"),
        (encoded(Image.new("1", (9000, 9000))), "'the image' is too large"),
        (7, "data: Input should be a valid string"),
    ],
)
def test_what_is_no_image_is_not_brought_in(idle: Desk, data: object, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        called(idle, "add_image", data=data)
    assert not (idle.gallery.folder / "inputs").exists()


def test_over_http_an_image_may_be_as_large_as_at_the_other_doors(idle: Desk) -> None:
    large = Image.frombytes("RGB", (1200, 1200), random.Random(1).randbytes(3 * 1200 * 1200))
    headers, body = modern("tools/call", name="add_image", arguments={"data": encoded(large)})
    assert len(json.dumps(body)) > 5 * 2**20
    with served(idle, Guard()) as url:
        answer = httpx.post(f"{url}/mcp", headers=headers, json=body, timeout=30)
    assert messages(answer)[-1]["result"]["structuredContent"] == {"image_id": idle.gallery.keep(large)}
    with served(idle, Guard(most_bytes=5 * 2**20)) as url:
        assert httpx.post(f"{url}/mcp", headers=headers, json=body, timeout=30).status_code == 413


@dataclass(frozen=True)
class Believer:
    looks: int = 1

    def look(self, image: Image.Image, wish: str, prompt: str) -> list[Verdict]:
        return [Verdict(wish, there=True)]


def test_every_tool_answers_as_its_schema_says(tmp_path: Path) -> None:
    """The client refuses a result that does not."""
    bench = replace(small_bench(tmp_path, HeldRenderer()), usual_critic=Believer())
    with open_house(bench, tmp_path) as house:
        image = Image.effect_mandelbrot((64, 64), (-2, -1, 1, 1), 30)
        image_id = house.bench.gallery.keep(image)

        async def talk(client: Client) -> set[str]:
            offered, answered = {tool.name for tool in await client.list_tools()}, set()

            async def use(name: str, **arguments: Any) -> str:
                answer = await client.call_tool(name, arguments)
                answered.add(name)
                return (answer.structured_content or {}).get("pictures", [{}])[0].get("picture_id", "")

            await use("retrieve", wish="a toadstool")
            await use("rewrite", wish="a toadstool", records=["lore/toadstool"], model="picturebook")
            await use("pick_loras", wish="a toadstool", model="picturebook")
            await use("add_image", data=encoded(image))
            await use("prepare_control", image_id=image_id, width=64, height=64)
            await use("render", recipe={"prompt": "a fox", "width": 64, "height": 64})
            drawn = await use("draw", **FOX, style=False)
            one, other = [
                await use("refine", picture_id=drawn, patch=patch) for patch in ({"seed": 9}, {"guidance_scale": 2})
            ]
            await use("merge", one=one, other=other)
            await use("compare", one=drawn, other=one)
            await use("critique", picture_id=drawn, wish="a fox")
            await use("say", conversation="foxes", words="a fox")
            return offered - answered

        assert talked(mcp_server(house.desk), talk) == set()


def test_a_conversation_is_remembered_under_its_name(desk: Desk) -> None:
    reply = called(desk, "say", conversation="foxes", words="a fox, please").structured_content
    assert reply["said"] == "Here is your fox."
    assert [picture["number"] for picture in reply["pictures"]] == [1]
    assert [drawn.picture_id for drawn in desk.conversations.pictures("foxes")] == [reply["pictures"][0]["picture_id"]]


def test_steps_are_told_and_a_cancelled_call_stops_drawing(studio: Studio, desk: Desk) -> None:
    steps: list[tuple[float, float | None]] = []

    async def talk(client: Client) -> None:
        told = asyncio.Event()

        async def progressed(progress: float, total: float | None, message: str | None) -> None:
            steps.append((progress, total))
            told.set()

        working = asyncio.create_task(client.call_tool("draw", SLOW, progress_handler=progressed))
        await asyncio.wait_for(told.wait(), 20)
        working.cancel()
        await asyncio.wait([working])
        assert await asyncio.to_thread(studio.renderer.stopped.wait, 20)

    talked(desk, talk)
    assert steps[-1] == (3, 3)
    assert [job.state for job in ended(desk)] == ["cancelled"]


def ended(desk: Desk) -> list[Any]:
    async def all_ended() -> list[Any]:
        return [await desk.ended(job.id) for job in desk.journal.jobs()]

    return asyncio.run(all_ended())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "prompt: Field required"),
        ({"prompt": "a fox", "colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"prompt": "a fox", "seed": "7"}, "seed: Input should be a valid integer"),
        ({"prompt": "a fox", "count": True}, "count: Input should be a valid integer"),
        ({"prompt": "a \ud800 fox"}, "prompt|JSON"),
    ],
)
def test_arguments_that_do_not_fit_are_named_and_nothing_is_asked_for(
    idle: Desk, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(ToolError, match=said):
        called(idle, "draw", **arguments)
    assert idle.journal.jobs() == []


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_argument_brings_anything_but_a_sentence_to_light(
    real: Desk, real_door: FastMCP, data: st.DataObject
) -> None:
    one = data.draw(st.sampled_from([tool for tool in real.tools if tool.name != "ask"]))
    names = st.sampled_from([*one.arguments.model_fields, "call", "self", "arguments"]) | st.text()
    arguments = data.draw(st.dictionaries(names, ANYTHING, max_size=4))
    with suppress(TryAgain):
        one.filled(arguments, strict=True)
        reject()
    answer = talked(real_door, lambda client: client.call_tool(one.name, arguments, raise_on_error=False))
    assert answer.is_error
    assert answer.content[0].text.startswith(f"{one.name!r} cannot run with these arguments: ")


def test_what_can_be_put_right_is_said_and_what_went_wrong_inside_is_not(studio: Studio, desk: Desk) -> None:
    with pytest.raises(ToolError, match="Say something that is possible"):
        called(desk, "draw", prompt="something impossible")
    with pytest.raises(ToolError, match=r"^Internal error [0-9a-f]{8}: .* log folder\.$") as told:
        called(desk, "draw", prompt="crash")
    assert "1234" not in str(told.value)
    assert "1234" in (studio.folder / "logs" / f"{str(told.value).split()[2].strip(':')}.log").read_text()


class DeskOnFire(Desk):
    def use(self, *_: Any, **__: Any) -> Any:
        raise LookupError("the secret is 1234")


def test_what_breaks_in_the_door_itself_is_told_by_an_id_too(idle: Desk) -> None:
    burning = DeskOnFire(idle.journal, idle.gallery, idle.conversations, idle.tools, idle.shelf)
    with pytest.raises(ToolError, match=r"^Internal error [0-9a-f]{8}: .* log folder\.$"):
        called(burning, "draw", **FOX)


def test_a_journal_that_cannot_be_used_is_told_without_its_path(studio: Studio, idle: Desk) -> None:
    (studio.folder / "journal.sqlite").mkdir()
    with pytest.raises(ToolError, match="journal") as told:
        called(idle, "draw", **FOX)
    assert str(studio.folder) not in str(told.value)


def test_a_client_that_writes_mcp_by_hand_draws_with_its_steps_told(studio: Studio, desk: Desk) -> None:
    with served(desk, Guard()) as url:
        headers, body = modern("tools/call", name="draw", arguments=FOX)
        result = messages(httpx.post(f"{url}/mcp", headers=headers, json=body, timeout=30))[-1]["result"]
        assert result["structuredContent"]["pictures"][0]["seed"] == 7
        assert [part["type"] for part in result["content"]] == ["text", "image", "resource_link"]
        headers, body = modern("tools/call", name="draw", arguments=SLOW)
        with httpx.stream("POST", f"{url}/mcp", headers=headers, json=body, timeout=30) as answer:
            first = next(line for line in answer.iter_lines() if line.startswith("data: {"))
        assert json.loads(first[6:])["params"]["progressToken"] == "steps"
        # whoever leaves takes the call along
        assert studio.renderer.stopped.wait(20)


@pytest.mark.parametrize("version", OLDER)
def test_older_clients_are_answered_in_their_own_version(desk: Desk, version: str) -> None:
    with served(desk, Guard()) as url, httpx.Client(base_url=url, timeout=30) as client:
        asked = request(
            "initialize", protocolVersion=version, capabilities={}, clientInfo={"name": "old", "version": "1"}
        )
        welcome = client.post("/mcp", headers=HEADERS, json=asked)
        assert messages(welcome)[0]["result"]["protocolVersion"] == version
        headers = {**HEADERS, "mcp-session-id": welcome.headers["mcp-session-id"], "mcp-protocol-version": version}
        client.post("/mcp", headers=headers, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        listed = messages(client.post("/mcp", headers=headers, json=request("tools/list")))[-1]["result"]["tools"]
        assert {tool["name"] for tool in listed} == {"draw", "refine", "say", "add_image"}
        drawn = messages(client.post("/mcp", headers=headers, json=request("tools/call", name="draw", arguments=FOX)))[
            -1
        ]["result"]
        assert json.loads(drawn["content"][0]["text"])["pictures"][0]["seed"] == 7


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "127.0.0.1.evil.example"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({}, 200),
    ],
)
def test_only_who_may_come_in_does(idle: Desk, sent: dict[str, str], status: int) -> None:
    headers, body = modern("tools/list")
    with served(idle, Guard(token="open sesame")) as url:
        given = {**headers, "authorization": "Bearer open sesame", **sent}
        assert httpx.post(f"{url}/mcp", headers=given, json=body).status_code == status


def test_the_door_has_a_guard_of_its_own(idle: Desk) -> None:
    from starlette.testclient import TestClient

    from ui.doors.mcp_http import mcp_app

    headers, body = modern("tools/list")
    with TestClient(mcp_app(idle, Guard()), base_url="http://127.0.0.1") as client:
        assert client.post("/mcp", headers=headers, json=body).status_code == 200
        assert client.post("/mcp", headers={**headers, "host": "evil.example"}, json=body).status_code == 421
        assert client.post("/mcp", headers={**headers, "origin": "http://evil.example"}, json=body).status_code == 403


def test_over_stdio_nothing_else_is_heard() -> None:
    talk = """
import os, sys
from ui.doors.mcp_stdio import nobody_else_on_stdout
with nobody_else_on_stdout():
    print("MCP", flush=True)
    os.write(1, b"noise")
    os.system("echo noise of a process")
print("after")
"""
    said = subprocess.run([sys.executable, "-c", talk], capture_output=True, text=True, check=True)
    assert said.stdout == "MCP\nafter\n"
    assert said.stderr == "noisenoise of a process\n"


def test_over_stdio_it_brings_its_own_worker(filled: Path, book: Path) -> None:
    async def talk() -> Any:
        program, *arguments = COMMAND
        env = {"ATELIER_DATA": str(filled), "OMP_NUM_THREADS": "1"}
        transport = StdioTransport(program, [*arguments, "mcp"], env=env)
        async with Client(transport) as client:
            return await client.call_tool("draw", {"prompt": "a red house", "seed": 3, "steps": 1}, timeout=120)

    (told,) = asyncio.run(talk()).structured_content["pictures"]
    # the worker went with the session
    lock_of(filled).acquire(timeout=60)
    assert open_desk(read_settings()).gallery.get(told["picture_id"]).recipe.seed == 3
