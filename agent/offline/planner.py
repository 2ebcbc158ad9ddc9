"""A chat model without a language model: it understands by rules, and drives the same tools as any other."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from agent.offline.intents import GoTo, Shown
from agent.offline.lexicon import Lexicon
from agent.offline.memory import CURRENT, RULES, remember
from agent.offline.plans import next_use
from agent.offline.replies import reply
from agent.offline.understanding import understand


class RulePlanner(BaseChatModel):
    """
    Keeps nothing between calls: what was said, drawn and gone back to is read from the messages.

    `draws_with` is the name of the model that draws, by which LoRAs are picked.
    """

    world: Lexicon = Field(default_factory=Lexicon)
    draws_with: str = "picturebook"

    @property
    def _llm_type(self) -> str:
        return "rule-planner"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        names = frozenset(convert_to_openai_tool(tool)["function"]["name"] for tool in tools)
        return self.bind(tool_names=names, **kwargs)

    def plan(self, messages: Sequence[BaseMessage], tools: frozenset[str]) -> AIMessage:
        """The next call of a tool, or the words that end the turn."""
        memory = remember(messages, self._went)
        intent = understand(memory.said, memory.pictures, memory.current, self.world)
        if use := next_use(intent, memory.pictures, memory.returned, tools, self.draws_with):
            call = {"name": use.name, "args": dict(use.arguments), "id": f"call_{uuid.uuid4().hex}"}
            return AIMessage("", tool_calls=[call])
        went = {CURRENT: intent.target} if isinstance(intent, GoTo) else {}
        return AIMessage(reply(intent, memory), additional_kwargs=went)

    def _went(self, said: str, pictures: tuple[Shown, ...], current: int) -> int:
        intent = understand(said, pictures, current, self.world)
        return intent.target if isinstance(intent, GoTo) else current

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = self.plan(messages, kwargs.get("tool_names", frozenset()))
        message.response_metadata = _finished(message)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        message, name = self.plan(messages, kwargs.get("tool_names", frozenset())), f"lc_run-{uuid.uuid4()}"
        for words in re.findall(r"\S+\s*", str(message.text)):
            yield ChatGenerationChunk(message=AIMessageChunk(content=words, id=name))
        for place, call in enumerate(message.tool_calls):
            part = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=place)
            chunk = AIMessageChunk(content="", id=name, tool_call_chunks=[part])
            yield ChatGenerationChunk(message=chunk)
        last = AIMessageChunk(
            content="",
            id=name,
            chunk_position="last",
            additional_kwargs=message.additional_kwargs,
            response_metadata=_finished(message),
        )
        yield ChatGenerationChunk(message=last)


def _finished(message: AIMessage) -> dict[str, str]:
    """As other chat models say it: without a reason to have finished, an answer counts as cut off."""
    return {"finish_reason": "tool_calls" if message.tool_calls else "stop", "model_name": RULES}
