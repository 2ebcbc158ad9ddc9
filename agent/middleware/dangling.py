"""Calls that were never answered, because a turn was stopped: without an answer, providers refuse the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from agent.told_results import as_text
from agent.turn import Turn

STOPPED = as_text({"problem": "The turn was stopped before this was done."})


class DanglingCalls(AgentMiddleware[AgentState[Any], Turn, Any]):
    async def abefore_agent(self, state: AgentState[Any], runtime: Runtime[Turn]) -> dict[str, Any] | None:
        mended = answered(state["messages"])
        return {"messages": Overwrite(mended)} if len(mended) > len(state["messages"]) else None


def answered(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The same messages, with an answer right after each that has none."""
    known = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    mended: list[AnyMessage] = []
    for message in messages:
        mended.append(message)
        if isinstance(message, AIMessage):
            for call in (*message.tool_calls, *message.invalid_tool_calls):
                if call["id"] and call["id"] not in known:
                    mended.append(ToolMessage(STOPPED, tool_call_id=call["id"], name=call["name"], status="error"))
    return mended
