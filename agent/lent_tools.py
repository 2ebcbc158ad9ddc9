"""The tools as LangChain's and LlamaIndex's own, for agents of programs that import Atelier."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.tools import StructuredTool, ToolException

from agent.conversation_tools import conversation_tools
from agent.result_types import ONLY_TALKING
from agent.told_results import Teller, as_text
from knowledge.problems import Problem
from tools.call import Call
from tools.toolbox import Bench, Tool

if TYPE_CHECKING:
    from knowledge.llama_index_adapters import FunctionTool

Use = Callable[[Mapping[str, Any], Call], str]


def langchain_tools(bench: Bench, model: str) -> list[StructuredTool]:
    """
    For `create_agent`, LangGraph and chains; `model` is what draws.

    They run in this program and answer in JSON. What the caller should change comes back as the tool's answer; a
    cancelled call stops drawing.
    """
    return [_structured(tool, use) for tool, use in _lent(bench, model)]


def llama_index_tools(bench: Bench, model: str) -> list[FunctionTool]:
    """The same for LlamaIndex's agents, which turn a `Problem` into an answer themselves."""
    from knowledge.llama_index_adapters import function_tool

    return [
        function_tool(tool.name, tool.description, tool.arguments, lambda given, use=use: use(given, Call()))
        for tool, use in _lent(bench, model)
    ]


def _lent(bench: Bench, model: str) -> Iterator[tuple[Tool, Use]]:
    teller = Teller(bench.gallery, bench.shelf)
    for tool in conversation_tools(bench, model):
        if tool.name not in ONLY_TALKING:
            yield tool, lambda given, call, tool=tool: as_text(teller.alone(tool.use(given, call), given))


def _structured(tool: Tool, use: Use) -> StructuredTool:
    def answer(given: Mapping[str, Any], call: Call) -> str:
        try:
            return use(given, call)
        except Problem as problem:
            raise ToolException(str(problem)) from problem

    async def aside(**given: Any) -> str:
        call = Call()
        try:
            return await asyncio.to_thread(answer, given, call)
        finally:
            call.cancelled.set()

    return StructuredTool(
        name=tool.name,
        description=tool.description,
        args_schema=tool.arguments.model_json_schema(),
        func=lambda **given: answer(given, Call()),
        coroutine=aside,
        handle_tool_error=True,
    )
