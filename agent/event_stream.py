"""What LangGraph streams, as our events."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langgraph.types import Overwrite, StreamMode

from agent.events import Called, Event, Previewed, Progressed, Returned, Said
from agent.plain_words import plain, plain_so_far
from agent.thoughts import aloud_so_far
from agent.told_results import as_object

MODES: list[StreamMode] = ["messages", "updates", "custom"]


@dataclass
class Listener:
    """Follows one turn: pieces of an answer that is then not used are withdrawn."""

    heard: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    async def events(self, stream: AsyncIterator[tuple[str, Any]]) -> AsyncIterator[Event]:
        async for mode, part in stream:
            found = {"messages": self._piece, "updates": self._update, "custom": self._custom}[mode](part)
            for event in found:
                yield event
        for event in self._withdrawn():
            yield event

    def _piece(self, part: tuple[BaseMessage, Mapping[str, Any]]) -> Iterator[Event]:
        """A chat model that is asked within a tool speaks to the tool."""
        message, about = part
        aside = about.get("langgraph_node") != "model"
        if aside or not isinstance(message, AIMessageChunk) or not message.id or not message.text:
            return
        if message.id not in self.heard:
            yield from self._withdrawn()
        heard = self.heard[message.id] = self.heard.get(message.id, "") + message.text
        before, now = self.told.get(message.id, ""), plain_so_far(aloud_so_far(heard))
        if len(now) > len(before):
            self.told[message.id] = now
            yield Said(id=message.id, text=now[len(before) :])

    def _update(self, part: Mapping[str, Any]) -> Iterator[Event]:
        for update in part.values():
            for message in _messages(update):
                yield from self.message(message)

    def message(self, message: object) -> Iterator[Event]:
        match message:
            case ToolMessage():
                result = as_object(message.text)
                yield Returned(id=message.tool_call_id, name=message.name or "", result=result)
            case AIMessage():
                streamed = self.told.pop(str(message.id), "")
                yield from self._withdrawn()
                text, id = plain(message.text), str(message.id or uuid.uuid4())
                if text.startswith(streamed) and len(text) > len(streamed) > 0:
                    yield Said(id=id, text=text[len(streamed) :])
                if text or streamed:
                    yield Said(id=id, text=text, whole=True)
                for call in message.tool_calls:
                    yield Called(id=str(call["id"]), name=call["name"], arguments=call["args"])

    def _custom(self, part: Mapping[str, Any]) -> Iterator[Event]:
        match part:
            case {"progress": (id, done, total)}:
                yield Progressed(id=id, done=done, total=total)
            case {"preview": (id, image)}:
                yield Previewed(id=id, image=image)
            case {"note": note}:
                yield from self._withdrawn()
                yield Said(id=str(uuid.uuid4()), text=note, whole=True)

    def _withdrawn(self) -> Iterator[Event]:
        """Whatever was said in pieces and has not become a message."""
        for id in list(self.told):
            del self.told[id]
            yield Said(id=id, text="", whole=True)


def _messages(update: object) -> list[object]:
    """Those a node added; one that mends the history adds nothing anybody needs to see."""
    updates = update if isinstance(update, list) else [update]
    found = [one["messages"] for one in updates if isinstance(one, Mapping) and "messages" in one]
    return [message for added in found if not isinstance(added, Overwrite) for message in added]
