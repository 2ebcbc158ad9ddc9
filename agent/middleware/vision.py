"""Pictures for chat models that can see: shown for one call, by a message that is never saved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain.tools.tool_node import ToolCallRequest
from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from langgraph.types import Command
from PIL.Image import Image

from agent.image_blocks import image_block
from agent.turn import Turn, pictures_shown
from knowledge.problems import Problem

MOST = 4
NOT_SHOWN = "[a picture, which is not shown here]"


@dataclass(frozen=True)
class Sight:
    """The pictures by their ids, if there are eyes to see them."""

    image: Callable[[str], Image]
    seeing: bool


class Vision(AgentMiddleware[AgentState[Any], Turn, Any]):
    def __init__(self, sight: Sight) -> None:
        super().__init__()
        self.sight = sight

    async def awrap_model_call(
        self, request: ModelRequest[Turn], handler: Callable[[ModelRequest[Turn]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        latest = pictures_shown(request.messages)[-MOST:] if self.sight.seeing else []
        if shown := [blocks for told in latest if (blocks := self._shown(told))]:
            request = request.override(messages=with_pictures(request.messages, shown))
        return await handler(request)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """OpenAI refuses a history in which a tool has said a picture, for ever after."""
        answer = await handler(request)
        return without_pictures(answer) if isinstance(answer, ToolMessage) else answer

    def _shown(self, told: dict[str, Any]) -> list[dict[str, Any]]:
        """Nothing where the picture is gone: the conversation goes on without it."""
        try:
            image = self.sight.image(told["picture_id"])
        except Problem:
            return []
        named = {"type": "text", "text": f"Picture {told['number']}:"}
        return [named, image_block(image)]


def with_pictures(messages: Sequence[AnyMessage], shown: Sequence[Sequence[dict[str, Any]]]) -> list[AnyMessage]:
    """Many chat templates want user and assistant in turns, so the user's own last words take the pictures along."""
    blocks: list[Any] = [block for picture in shown for block in picture]
    last = messages[-1]
    if isinstance(last, HumanMessage):
        return [*messages[:-1], HumanMessage([*blocks, {"type": "text", "text": last.text}])]
    return [*messages, HumanMessage(blocks)]


def without_pictures(answer: ToolMessage) -> ToolMessage:
    if isinstance(answer.content, str):
        return answer
    texts = [block if isinstance(block, str) else block.get("text", NOT_SHOWN) for block in answer.content]
    return answer.model_copy(update={"content": "\n".join(texts)})
