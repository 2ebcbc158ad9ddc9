"""A chat model that follows a script, and a small studio for conversations: real tools, pictures of one colour."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from PIL import Image

from agent.assistant import Assistant, opened
from agent.cast import Cast
from agent.conversations import Conversations
from agent.crash_log import CrashLog
from agent.events import Event, Returned, Said
from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from knowledge.picture import Picture, Provenance
from knowledge.problems import TryAgain
from knowledge.recipe import Recipe
from tests.word_renderer import WordRenderer
from tools.call import Call
from tools.render import PictureRenderer
from tools.renderer import Cancelled, Rendered
from tools.toolbox import Tool, tool


def calling(name: str, id: str = "", **arguments: Any) -> AIMessage:
    call = ToolCall(name=name, args=arguments, id=id or f"call-{uuid.uuid4()}")
    return AIMessage("", tool_calls=[call])


def whole(events: list[Event]) -> list[str]:
    """What stands there at the end."""
    return [event.text for event in events if isinstance(event, Said) and event.whole and event.text]


def returned(events: list[Event]) -> list[dict[str, Any]]:
    return [event.result for event in events if isinstance(event, Returned)]


def numbers(events: list[Event]) -> list[int]:
    return [picture["number"] for result in returned(events) for picture in result.get("pictures", [])]


class ScriptedChat(BaseChatModel):
    """Says the next line of its script at each call, the last one for ever; remembers what it was shown."""

    script: list[AIMessage]
    shown: list[list[BaseMessage]] = []

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any) -> Any:
        return self.bind(**kwargs)

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages))])

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        said, id = self._next(messages), f"said-{uuid.uuid4()}"
        for word in re.findall(r"\S+\s*", said.text):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word, id=id))
        for index, call in enumerate(said.tool_calls):
            piece = {"name": call["name"], "args": json.dumps(call["args"]), "id": call["id"], "index": index}
            pieces: Any = [{**piece, "type": "tool_call_chunk"}]
            yield ChatGenerationChunk(message=AIMessageChunk(content="", id=id, tool_call_chunks=pieces))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", id=id, chunk_position="last"))

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        self.shown.append(messages)
        return self.script[min(len(self.shown), len(self.script)) - 1].model_copy()


@dataclass(frozen=True)
class PlainRenderer(WordRenderer):
    """Its colour is the seed. A prompt that says "slow" waits until it is stopped, and sets `stopped` then."""

    started: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        for step in range(3):
            if call.on_progress:
                call.on_progress(step + 1, 3)
        self.started.set()
        if "slow" in recipe.prompt:
            call.cancelled.wait(30)
            self.stopped.set()
            raise Cancelled
        return Rendered(Image.new("RGB", (recipe.width, recipe.height), (recipe.seed % 256, 0, 0)), {}, {})


@dataclass(frozen=True)
class Easel:
    gallery: Gallery
    renderer: PlainRenderer
    seen: list[str] = field(default_factory=list)

    def draw(self, prompt: str, *, call: Call, count: int = 1, seed: int = 0) -> tuple[Picture, ...]:
        """Draw."""
        self.seen.append(prompt)
        if "impossible" in prompt:
            raise TryAgain("Say something that is possible.")
        if "crash" in prompt:
            raise LookupError("the secret is 1234")
        recipes = [Recipe(prompt=prompt, seed=seed + step, width=64, height=64) for step in range(count)]
        return tuple(PictureRenderer(self.renderer, self.gallery).render(recipe, call) for recipe in recipes)

    def refine(self, picture_id: str, prompt: str, keep: tuple[str, ...] = (), *, call: Call) -> Picture:
        """Draw again."""
        recipe = self.gallery.get(picture_id).recipe.model_copy(update={"prompt": prompt})
        provenance = Provenance(recipe=recipe, parent_id=picture_id)
        return PictureRenderer(self.renderer, self.gallery).paint(provenance, call)


def ask(question: str) -> dict[str, str]:
    """Ask."""
    return {"question": question}


@dataclass(frozen=True)
class Studio:
    """Opened as often as wanted in one folder, as by one process after another."""

    folder: Path
    renderer: PlainRenderer = field(default_factory=PlainRenderer)
    also: tuple[Callable[..., Any], ...] = ()
    seen: list[str] = field(default_factory=list)

    @property
    def gallery(self) -> Gallery:
        return Gallery(self.folder / "gallery")

    @property
    def tools(self) -> tuple[Tool, ...]:
        easel = Easel(self.gallery, self.renderer, self.seen)
        return tuple(tool(method) for method in (easel.draw, easel.refine, ask, *self.also))

    @property
    def conversations(self) -> Conversations:
        return Conversations(self.folder / "conversations")

    @asynccontextmanager
    async def opened(
        self, model: BaseChatModel, planner: BaseChatModel | None = None, seeing: bool = False
    ) -> AsyncIterator[Assistant]:
        log = CrashLog(self.folder / "logs")
        cast = Cast(model, planner or model, self.tools, self.gallery, LoraShelf(()), log, seeing)
        async with opened(cast, self.conversations) as assistant:
            yield assistant
