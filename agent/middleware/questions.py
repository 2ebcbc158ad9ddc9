"""A question to the user ends the turn, as the assistant's own words."""

from __future__ import annotations

from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.runtime import Runtime

from agent.plain_words import plain
from agent.told_results import as_object
from agent.turn import Turn


class Questions(AgentMiddleware[AgentState[Any], Turn, Any]):
    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Turn]) -> dict[str, Any] | None:
        last = state["messages"][-1]
        question = as_object(last.text).get("question") if isinstance(last, ToolMessage) else None
        return {"messages": [AIMessage(plain(question))]} if isinstance(question, str) else None
