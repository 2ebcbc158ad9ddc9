"""What a call may name: the models its owner chose, and pictures of its own conversation or that the user named."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.tools.tool_node import ToolCallRequest
from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from langgraph.types import Command

from agent.conversations import Conversations
from agent.told_results import as_object
from agent.turn import Turn
from knowledge.problems import TryAgain

PICTURES = frozenset(("picture_id", "one", "other", "reference_id", "image_id", "mask_id", "init_image_id"))
"""The arguments that name a picture."""
GIVEN = frozenset(("picture_id", "image_id"))
"""The fields in which tools tell of one."""
STRANGE = "There is no picture {!r} in this conversation: use a picture_id of it, or let the user name another."
UNCHOSEN = "The model {!r} is not the one that was chosen for drawing: leave it out, or use {}."


class Reach(AgentMiddleware[AgentState[Any], Turn, Any]):
    """So that a text that was read cannot point a call at what belongs elsewhere."""

    def __init__(self, conversations: Conversations, models: frozenset[str]) -> None:
        super().__init__()
        self.conversations = conversations
        self.models = models

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Raises `TryAgain` for a picture or a model out of reach."""
        messages = request.state["messages"]
        named = list(texts(request.tool_call["args"]))
        for name in (value for key, value in named if key == "model" and value not in self.models):
            raise TryAgain(UNCHOSEN.format(name[:80], " or ".join(map(repr, sorted(self.models)))))
        if asked := [value for key, value in named if key in PICTURES]:
            turn: Any = request.runtime.context
            own = {drawn.picture_id for drawn in self.conversations.pictures(turn.conversation)}
            refuse_strange(asked, own | told(messages), said(messages))
        return await handler(request)


def refuse_strange(asked: Sequence[str], known: set[str], named: Sequence[str]) -> None:
    """Ids may be cut short, whoever says them."""
    for start in asked:
        if not any(id.startswith(start) for id in known) and not any(start.startswith(name) for name in named):
            raise TryAgain(STRANGE.format(start[:80]))


def said(messages: Sequence[AnyMessage]) -> list[str]:
    """What the user said that may be an id, or how one begins."""
    words = " ".join(message.text for message in messages if isinstance(message, HumanMessage))
    return re.findall(r"\b[0-9a-f]{6,64}\b", words)


def told(messages: Sequence[AnyMessage]) -> set[str]:
    """The pictures that tools told of."""
    answers = [as_object(message.text) for message in messages if isinstance(message, ToolMessage)]
    return {value for answer in answers for key, value in texts(answer) if key in GIVEN}


def texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Each text in a JSON value with the name of the field it stands in."""
    match value:
        case str():
            yield key, value
        case dict():
            for name, inner in value.items():
                yield from texts(inner, name)
        case list() | tuple():
            for inner in value:
                yield from texts(inner, key)
