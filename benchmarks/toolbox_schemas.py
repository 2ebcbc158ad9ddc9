"""The schemas of every tool a conversation has, as chat models are shown them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.utils.json_schema import dereference_refs

from agent.conversation_tools import conversation_tools
from agent.settings import Settings
from agent.workshop import bare_bench
from tools.toolbox import Tool


@cache
def schemas() -> tuple[dict[str, Any], ...]:
    """In OpenAI's form."""
    with TemporaryDirectory() as folder:
        tools = conversation_tools(bare_bench(Settings(data=Path(folder), chat="none")), "picturebook")
        return tuple(map(_schema, tools))


def _schema(tool: Tool) -> dict[str, Any]:
    parameters = dereference_refs(tool.arguments.model_json_schema())
    parameters.pop("$defs", None)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }
