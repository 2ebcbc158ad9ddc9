"""Counts what chat models are asked during a turn, whoever asks: the conversation itself, or a tool that rewrites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGeneration, LLMResult

from agent.events import Cost

OWN = "rule-planner"
"""What costs nothing: the type of our own planner."""


@dataclass
class Asking:
    """One call of a chat model; nothing was `written` where it failed."""

    read: int
    written: int = 0
    estimated: bool = True

    def answered(self, answer: BaseMessage) -> None:
        usage = answer.usage_metadata if isinstance(answer, AIMessage) else None
        if usage:
            self.read, self.written, self.estimated = usage["input_tokens"], usage["output_tokens"], False
        else:
            self.written += count_tokens_approximately([answer])


@dataclass(eq=False)
class Meter(BaseCallbackHandler):
    calls: dict[UUID, Asking] = field(default_factory=dict)
    run_inline = True

    def cost(self, pictures: int, seconds: float) -> Cost:
        asked = list(self.calls.values())
        return Cost(
            model_calls=len(asked),
            tokens_in=sum(one.read for one in asked),
            tokens_out=sum(one.written for one in asked),
            estimated=any(one.estimated for one in asked),
            pictures=pictures,
            seconds=round(seconds, 3),
        )

    def on_chat_model_start(
        self, serialized: Mapping[str, Any], messages: Sequence[Sequence[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        asked = kwargs.get("invocation_params") or {}
        if asked.get("_type") != OWN:
            read = sum(count_tokens_approximately(said, tools=asked.get("tools")) for said in messages)
            self.calls[run_id] = Asking(read)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        call = self.calls.get(run_id)
        for answer in (one for several in response.generations for one in several if isinstance(one, ChatGeneration)):
            if call:
                call.answered(answer.message)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """What failed outright is asked, and not paid for."""
        if run_id in self.calls:
            self.calls[run_id] = Asking(0, estimated=False)
