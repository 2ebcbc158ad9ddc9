"""Whichever door a drawing is asked through, it is the same recipe and the same pixels; and tools have one schema."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from mcp_types import BlobResourceContents
from PIL import Image, ImageOps

from agent import lent_tools
from agent.conversation_tools import conversation_tools
from agent.desk import Desk
from agent.langchain_tools import langchain_tools
from agent.result_types import ONLY_TALKING
from agent.settings import read_settings
from agent.told_results import Teller
from agent.workshop import open_workshop
from knowledge.image_files import decode_image
from knowledge.picture import Picture
from tests.open_house import HeldRenderer, House, desk_of, open_house, png, small_bench
from tools.call import Call
from ui.doors.bodies import inlined
from ui.doors.guard import Guard
from ui.doors.mcp_door import mcp_server
from ui.server import app

STEPS, SIDE = 2, 64


@dataclass(frozen=True)
class Asked:
    """One drawing, in nobody's words; `start` and `mask` are image files, the mask white where to repaint."""

    prompt: str
    seed: int
    loras: tuple[str, ...] = ()
    start: bytes = b""
    mask: bytes = b""


@dataclass(frozen=True)
class Came:
    recipe_hash: str
    pixels: str


def came(recipe_hash: str, file: bytes) -> Came:
    return Came(recipe_hash, hashlib.sha256(decode_image(file, "it").tobytes()).hexdigest())


def arguments(house: House, asked: Asked) -> dict[str, Any]:
    """Of the `draw` tool."""
    gallery = house.bench.gallery
    given: dict[str, Any] = {"prompt": asked.prompt, "seed": asked.seed, "steps": STEPS, "size": [SIDE, SIDE]}
    given |= {"loras": list(asked.loras)} if asked.loras else {}
    given |= {"reference_id": gallery.keep(decode_image(asked.start, "start")), "strength": 0.75} if asked.start else {}
    given |= {"mask_id": gallery.keep(decode_image(asked.mask, "mask"))} if asked.mask else {}
    return given


def in_process(house: House, asked: Asked) -> Came:
    draw = next(tool for tool in conversation_tools(house.bench, "picturebook") if tool.name == "draw")
    picture: Picture = draw.use(arguments(house, asked), Call())[0]
    return came(picture.recipe.hash, house.bench.gallery.path(picture.id).read_bytes())


def rest(house: House, asked: Asked) -> Came:
    (told,) = house.http.post("/v1/tools/draw", json=arguments(house, asked)).json()["pictures"]
    return came(told["recipe_hash"], house.http.get(f"/images/{told['picture_id']}").content)


def openai_images(house: House, asked: Asked) -> Came:
    more = {"seed": asked.seed, "steps": STEPS}
    size: Any = f"{SIDE}x{SIDE}"
    if asked.start:
        form = {f"{name}": str(value) for name, value in {**more, "strength": 0.75, "prompt": asked.prompt}.items()}
        files = {"image": asked.start, **({"mask": transparent(asked.mask)} if asked.mask else {})}
        answer = house.http.post("/v1/images/edits", data={**form, "size": size}, files=files).json()["data"][0]
        return came(answer["recipe_hash"], base64.b64decode(answer["b64_json"]))
    extra = {**more, **({"loras": asked.loras} if asked.loras else {})}
    made = house.openai.images.generate(prompt=asked.prompt, size=size, extra_body=extra)
    datum = (made.data or [])[0]
    return came((datum.model_extra or {})["recipe_hash"], base64.b64decode(datum.b64_json or ""))


def a1111(house: House, asked: Asked) -> Came:
    tags = "".join(f" <lora:{name}>" for name in asked.loras)
    body = {"prompt": asked.prompt + tags, "seed": asked.seed, "steps": STEPS, "width": SIDE, "height": SIDE}
    body |= {"init_images": [base64.b64encode(asked.start).decode()]} if asked.start else {}
    body |= {"mask": base64.b64encode(asked.mask).decode()} if asked.mask else {}
    answer = house.http.post(f"/sdapi/v1/{'img2img' if asked.start else 'txt2img'}", json=body).json()
    (recipe_hash,) = json.loads(answer["info"])["recipe_hashes"]
    return came(recipe_hash, base64.b64decode(answer["images"][0]))


def mcp(house: House, asked: Asked) -> Came:
    async def talk() -> Came:
        async with Client(f"{house.url}/mcp") as client:
            drawn = await client.call_tool("draw", arguments(house, asked))
            (told,) = (drawn.structured_content or {})["pictures"]
            (file,) = await client.read_resource(f"image://{told['picture_id']}")
            assert isinstance(file, BlobResourceContents)
            return came(told["recipe_hash"], base64.b64decode(file.blob))

    return asyncio.run(talk())


def lent(house: House, asked: Asked) -> Came:
    draw = next(tool for tool in lent_tools.langchain_tools(house.bench, "picturebook") if tool.name == "draw")
    (told,) = json.loads(draw.invoke(arguments(house, asked)))["pictures"]
    return came(told["recipe_hash"], house.bench.gallery.path(told["picture_id"]).read_bytes())


DOORS: dict[str, Callable[[House, Asked], Came]] = {
    "in process": in_process,
    "REST": rest,
    "OpenAI images": openai_images,
    "A1111": a1111,
    "MCP": mcp,
    "lent to LangChain": lent,
}
"""Every way to ask for a drawing."""


@pytest.fixture
def house(filled: Path) -> Iterator[House]:
    """On the picture book's own models."""
    bench = open_workshop(read_settings()).bench
    with open_house(bench, filled) as opened:
        yield opened
    bench.base.close()


def transparent(white: bytes) -> bytes:
    """OpenAI's mask: transparent where ours is white."""
    mask = decode_image(white, "mask")
    clear = Image.new("RGBA", mask.size)
    clear.putalpha(ImageOps.invert(mask.convert("L")))
    return png(clear)


def half_white() -> bytes:
    mask = Image.new("L", (SIDE, SIDE))
    mask.paste(255, (0, 0, SIDE // 2, SIDE))
    return png(mask)


def drawn(house: House) -> bytes:
    """Some picture to start from."""
    (told,) = house.http.post("/v1/tools/draw", json=arguments(house, Asked("a blue car", 3))).json()["pictures"]
    return house.http.get(f"/images/{told['picture_id']}").content


def test_every_door_draws_the_same(house: House) -> None:
    start = drawn(house)
    wishes = (
        Asked("a toadstool on grass", 2**32 - 1),
        Asked("a red house", 5, loras=("stained glass",)),
        Asked("a green tree", 7, start=start),
        Asked("a green tree", 7, start=start, mask=half_white()),
    )
    for wish in wishes:
        results = {name: door(house, wish) for name, door in DOORS.items()}
        assert set(results.values()) == {results["in process"]}, wish


# Schemas


def without_nothing(schema: Any) -> Any:
    """Without what says nothing: OpenAPI drops a default that is null."""
    if isinstance(schema, dict):
        return {name: without_nothing(value) for name, value in schema.items() if value is not None}
    return [without_nothing(one) for one in schema] if isinstance(schema, list) else schema


def of_rest(desk: Desk) -> dict[str, Any]:
    paths = app(desk, Guard()).openapi()["paths"]
    tools = {path.rpartition("/")[2]: told["post"] for path, told in paths.items() if path.startswith("/v1/tools/")}
    return {name: told["requestBody"]["content"]["application/json"]["schema"] for name, told in tools.items()}


def of_langchain(desk: Desk) -> dict[str, Any]:
    lent = langchain_tools(desk.tools, Teller(desk.gallery, desk.shelf), desk.conversations)
    return {tool.name: inlined(tool.args_schema) for tool in lent if tool.name not in ONLY_TALKING}


def of_mcp(desk: Desk) -> dict[str, Any]:
    async def listed() -> dict[str, Any]:
        async with Client(mcp_server(desk)) as client:
            offered = await client.list_tools()
            return {tool.name: tool.input_schema for tool in offered if tool.name not in ("say", "add_image")}

    return asyncio.run(listed())


SCHEMAS: dict[str, Callable[[Desk], dict[str, Any]]] = {"REST": of_rest, "LangChain": of_langchain, "MCP": of_mcp}
"""Every way to read what a tool takes, by the tool's name, without references."""


@pytest.mark.parametrize("door", SCHEMAS)
def test_a_tool_takes_the_same_at_every_door(tmp_path: Path, door: str) -> None:
    desk = desk_of(small_bench(tmp_path, HeldRenderer()), tmp_path)
    own = {tool.name: tool for tool in desk.tools if tool.name not in ONLY_TALKING}
    offered = SCHEMAS[door](desk)
    assert offered.keys() == own.keys()
    for name, tool in own.items():
        assert without_nothing(offered[name]) == without_nothing(inlined(tool.arguments.model_json_schema())), name
