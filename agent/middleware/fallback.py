"""When the chat model fails, our own planner takes the rest of the turn, and the user is told why."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from agent.model_failures import FAILURES, Refused, reason, refused
from agent.turn import Turn

INSTEAD = "The chat model {}, so I follow my own rules in this turn."
FILTERED = "The provider of the chat model refuses this wish. Say it in other words."


class Fallback(AgentMiddleware[AgentState[Any], Turn, Any]):
    def __init__(self, planner: BaseChatModel) -> None:
        super().__init__()
        self.planner = planner

    async def awrap_model_call(
        self, request: ModelRequest[Turn], handler: Callable[[ModelRequest[Turn]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """What a provider's content filter refuses is not drawn behind its back."""
        down = request.runtime.context.down
        if not down:
            try:
                return await handler(request)
            except (*FAILURES, Refused) as failed:
                logging.getLogger(__name__).info("the chat model failed", exc_info=True)
                if refused(failed):
                    return ModelResponse(result=[AIMessage(FILTERED)])
                down.append(reason(failed))
                request.runtime.stream_writer({"note": INSTEAD.format(down[0])})
        # The planner reads everything that was said, and needs no pictures.
        return await handler(request.override(model=self.planner, messages=request.state["messages"]))
