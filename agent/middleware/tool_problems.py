"""A tool that fails tells the chat model what to change, or no more than the id of an internal error."""

from __future__ import annotations

import traceback
from typing import Any

from langchain.agents.middleware import ToolErrorMiddleware
from langchain.tools.tool_node import ToolCallRequest

from agent.crash_log import CrashLog
from agent.told_results import as_text
from agent.turn import Turn
from knowledge.problems import Problem
from tools.renderer import Cancelled


def tool_problems(log: CrashLog) -> ToolErrorMiddleware[Any, Turn]:
    def told(error: Exception, request: ToolCallRequest) -> str:
        match error:
            case Problem():
                problem = str(error)
            case Cancelled():
                problem = "The drawing was stopped."
            case _:
                crash_id = log.keep("".join(traceback.format_exception(error)))
                problem = f"Internal error {crash_id}: do not try this again, tell the user."
        return as_text({"problem": problem})

    return ToolErrorMiddleware[Any, Turn](told)
