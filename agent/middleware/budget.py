"""How much one turn may cost: a chat model that never comes to an end is stopped, and says so."""

from __future__ import annotations

from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, hook_config
from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langgraph.runtime import Runtime

from agent.conversation_tools import DRAWING
from agent.told_results import as_text
from agent.turn import Turn, last_answer, of_this_turn, pictures_shown

MODEL_CALLS = 8
PICTURES = 4
TOOL_CALLS = 24
ENOUGH = "I stopped after {} steps without coming to an end. Say what you want once more, perhaps in other words."
BUSY = f"At most {TOOL_CALLS} tools are used in one turn: tell the user what there is, and let them speak."
SPENT = f"At most {PICTURES} pictures are drawn in one turn; tell the user what there is, and let them speak."


class Budget(AgentMiddleware[AgentState[Any], Turn, Any]):
    """Counts the messages of this turn, so that a branch of the conversation inherits no counter."""

    @hook_config(can_jump_to=["end"])
    async def abefore_model(self, state: AgentState[Any], runtime: Runtime[Turn]) -> dict[str, Any] | None:
        calls = sum(isinstance(message, AIMessage) for message in of_this_turn(state["messages"]))
        if calls < MODEL_CALLS:
            return None
        return {"jump_to": "end", "messages": [AIMessage(ENOUGH.format(calls))]}

    async def aafter_model(self, state: AgentState[Any], runtime: Runtime[Turn]) -> dict[str, Any] | None:
        """Calls that would be too many, or draw too many, are answered here, and never reach their tool."""
        answer, here = last_answer(state["messages"]), of_this_turn(state["messages"])
        left = PICTURES - len(pictures_shown(here))
        room = TOOL_CALLS - sum(isinstance(message, ToolMessage) for message in here)
        refused: list[ToolMessage] = []
        for number, call in enumerate(answer.tool_calls if answer else ()):
            left -= _pictures(call)
            if number >= room or (_pictures(call) and left < 0):
                refused.append(_refusal(call, SPENT if number < room else BUSY))
                left += _pictures(call)
        return {"messages": refused} if refused else None


def _pictures(call: ToolCall) -> int:
    """How many a call asks for; one that asks for nonsense will be refused by its tool."""
    count = call["args"].get("count", 1)
    return 0 if call["name"] not in DRAWING else count if isinstance(count, int) and count > 0 else 1


def _refusal(call: ToolCall, problem: str) -> ToolMessage:
    return ToolMessage(as_text({"problem": problem}), tool_call_id=call["id"], name=call["name"], status="error")
