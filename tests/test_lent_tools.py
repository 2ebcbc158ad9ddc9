"""The tools inside LangChain and LlamaIndex, as programs that import Atelier get them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import StructuredTool
from llama_index.core.tools import FunctionTool
from llama_index.core.tools.calling import acall_tool, call_tool

from agent.conversation_tools import conversation_tools
from agent.lent_tools import langchain_tools, llama_index_tools
from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from tests.scripted_chat import PlainRenderer
from tools.toolbox import Bench

FOX = {"recipe": {"prompt": "a fox", "seed": 7, "width": 64, "height": 64}}
SLOW = {"recipe": {"prompt": "a slow fox", "width": 64, "height": 64}}


@dataclass(frozen=True)
class Lent:
    bench: Bench
    renderer: PlainRenderer

    @property
    def langchain(self) -> dict[str, StructuredTool]:
        return {tool.name: tool for tool in langchain_tools(self.bench, "picturebook")}

    @property
    def llama_index(self) -> dict[str, FunctionTool]:
        return {tool.metadata.get_name(): tool for tool in llama_index_tools(self.bench, "picturebook")}


@pytest.fixture
def lent(tmp_path: Path) -> Lent:
    clip, renderer = ClipEmbedder("not loaded"), PlainRenderer()
    gallery, base = Gallery(tmp_path / "gallery"), EmbeddedBase(tmp_path / "base")
    return Lent(Bench(base, Encoders(clip, clip), gallery, renderer, LoraShelf(())), renderer)


def asked(tool: StructuredTool, arguments: dict[str, Any]) -> ToolMessage:
    return tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments})


def test_both_have_the_tools_of_a_conversation_with_their_schemas(lent: Lent) -> None:
    own = {tool.name: tool for tool in conversation_tools(lent.bench, "picturebook") if tool.name != "ask"}
    assert own.keys() == lent.langchain.keys() == lent.llama_index.keys()
    for name, tool in own.items():
        schema = tool.arguments.model_json_schema()
        theirs, others = lent.langchain[name], lent.llama_index[name].metadata
        assert theirs.description == others.description == tool.description
        assert theirs.args_schema == schema
        assert others.get_parameters_dict().items() <= schema.items()


def test_langchain_draws_and_reads_of_it_in_json(lent: Lent) -> None:
    (told,) = json.loads(asked(lent.langchain["render"], FOX).text)["pictures"]
    assert lent.bench.gallery.get(told["picture_id"]).recipe.hash == told["recipe_hash"]
    assert told["seed"] == 7


def test_llama_index_draws_the_same(lent: Lent) -> None:
    (told,) = json.loads(call_tool(lent.llama_index["render"], FOX).content)["pictures"]
    assert told == json.loads(asked(lent.langchain["render"], FOX).text)["pictures"][0]
    aside = asyncio.run(acall_tool(lent.llama_index["render"], FOX))
    assert json.loads(aside.content)["pictures"] == [told]


@pytest.mark.parametrize("arguments", [{}, {"recipe": {"prompt": ""}}, {**FOX, "call": 1}])
def test_what_does_not_fit_is_an_answer_to_both(lent: Lent, arguments: dict[str, Any]) -> None:
    for_langchain = asked(lent.langchain["render"], arguments)
    assert for_langchain.status == "error"
    assert "cannot run with these arguments" in for_langchain.text
    for_llama_index = call_tool(lent.llama_index["render"], arguments)
    assert for_llama_index.is_error
    assert for_langchain.text in for_llama_index.content


def test_a_cancelled_call_stops_drawing(lent: Lent) -> None:
    async def cancelled() -> None:
        working = asyncio.create_task(lent.langchain["render"].ainvoke(SLOW))
        assert await asyncio.to_thread(lent.renderer.started.wait, 10)
        working.cancel()
        await asyncio.wait([working])

    asyncio.run(cancelled())
    assert lent.renderer.stopped.wait(10)
    assert lent.bench.gallery.recent(1) == []
