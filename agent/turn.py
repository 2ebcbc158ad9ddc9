"""What belongs to one turn of a conversation and is never saved."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agent.told_results import pictures_in


@dataclass(frozen=True)
class TurnAsked:
    """What the user's words are called, if they have a name; whether they were begun `again`; and who wants to look."""

    id: str | None = None
    again: bool = False
    previews: bool = False


@dataclass(frozen=True)
class Turn:
    """`drawing` lets one picture be drawn after another; `down` says why the chat model is not asked any more."""

    conversation: str
    asked: TurnAsked = TurnAsked()
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)
    down: list[str] = field(default_factory=list)


def of_this_turn(messages: Sequence[AnyMessage]) -> Sequence[AnyMessage]:
    """What came after the user spoke last."""
    spoken = max((at for at, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    return messages[spoken + 1 :]


def pictures_shown(messages: Sequence[AnyMessage]) -> list[dict]:
    """The pictures the tools told of, as told, oldest first."""
    answers = [message for message in messages if isinstance(message, ToolMessage)]
    return [picture for answer in answers for picture in pictures_in(answer.text)]


def last_answer(messages: Sequence[AnyMessage]) -> AIMessage | None:
    return next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
