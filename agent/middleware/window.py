"""How much of a long conversation a chat model is sent: its latest turns, and a line on every older picture."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.messages import AnyMessage, HumanMessage

from agent.turn import Turn, pictures_shown

MOST_TURNS = 12
EARLIER = "Earlier in this conversation these pictures were drawn:\n{}"


class Window(AgentMiddleware[AgentState[Any], Turn, Any]):
    """What is saved stays whole."""

    async def awrap_model_call(
        self, request: ModelRequest[Turn], handler: Callable[[ModelRequest[Turn]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        return await handler(request.override(messages=windowed(request.messages)))


def windowed(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """A turn is never cut in two, so that no tool's answer loses its call."""
    spoken = [at for at, message in enumerate(messages) if isinstance(message, HumanMessage)]
    if len(spoken) <= MOST_TURNS:
        return list(messages)
    start = spoken[-MOST_TURNS]
    first = messages[start]
    drawn = [
        f"{told['number']}: {told['prompt']!r} (picture_id {told['picture_id']}, seed {told['seed']})"
        for told in pictures_shown(messages[:start])
    ]
    earlier = EARLIER.format("\n".join(drawn) or "none")
    return [HumanMessage(f"{earlier}\n\n{first.text}"), *messages[start + 1 :]]
