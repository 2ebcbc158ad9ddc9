"""Answers that are not whole are asked for again, and never acted on: LangChain repairs cut JSON and runs it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, HumanMessage

from agent.model_failures import CONTENT_FILTER, BrokenAnswer, Refused
from agent.plain_words import plain
from agent.thoughts import aloud
from agent.turn import Turn

TRIES = 2
AGAIN = "Your last answer could not be used: it {}. Answer once more."
CUT = "length"


class WrittenArguments(AsyncCallbackHandler):
    """The arguments of tool calls as the chat model wrote them, piece by piece; after repair they look whole."""

    def __init__(self) -> None:
        self.written: dict[object, str] = {}

    async def on_llm_new_token(self, token: object, *, chunk: Any = None, **_kwargs: Any) -> None:
        message = getattr(chunk, "message", None)
        for piece in message.tool_call_chunks if isinstance(message, AIMessageChunk) else ():
            call = len(self.written) if piece["index"] is None else f"number {piece['index']}"
            self.written[call] = self.written.get(call, "") + (piece["args"] or "")


class WholeAnswers(AgentMiddleware[AgentState[Any], Turn, Any]):
    """`trusted` is a model of our own, which neither breaks off nor thinks aloud."""

    def __init__(self, trusted: BaseChatModel) -> None:
        super().__init__()
        self.trusted = trusted

    async def awrap_model_call(
        self, request: ModelRequest[Turn], handler: Callable[[ModelRequest[Turn]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Raises `BrokenAnswer` if every try fails, `Refused` if the provider filtered the answer."""
        if request.model is self.trusted:
            response = await handler(request)
            return replace(response, result=[*map(spoken, response.result)])
        fault, asked = "", request
        for _ in range(TRIES):
            heard = WrittenArguments()
            model = request.model.model_copy(update={"callbacks": [*_callbacks(request.model), heard]})
            response = await handler(asked.override(model=model))
            *others, answer = response.result
            fault = found_fault(answer, list(heard.written.values())) if isinstance(answer, AIMessage) else ""
            if not fault:
                return ModelResponse(result=[*others, spoken(answer)], structured_response=response.structured_response)
            asked = request.override(messages=noted(request.messages, AGAIN.format(fault)))
        raise BrokenAnswer(fault)


def found_fault(answer: AIMessage, written: Sequence[str]) -> str:
    """What is not whole about the answer, such as "broke off"; nothing if it can be acted on."""
    finish = str(answer.response_metadata.get("finish_reason") or "")
    if CONTENT_FILTER in finish:
        raise Refused
    if not finish:
        return "broke off"
    if answer.invalid_tool_calls or not all(map(_is_object, written)):
        return "gave a tool arguments that are no JSON object"
    if CUT in finish and answer.tool_calls:
        return "was cut off at the greatest length"
    if not answer.tool_calls and not aloud(answer.text):
        return "said nothing"
    return ""


def spoken(answer: Any) -> Any:
    """Without thoughts, and with nothing in it that a face would fetch; a text that was cut off shows it."""
    if not isinstance(answer, AIMessage) or not isinstance(answer.content, str):
        return answer
    cut = "…" if CUT in str(answer.response_metadata.get("finish_reason")) else ""
    return answer.model_copy(update={"content": plain(aloud(answer.content)) + cut})


def noted(messages: Sequence[AnyMessage], note: str) -> list[AnyMessage]:
    last = messages[-1]
    if isinstance(last, HumanMessage) and isinstance(last.content, str):
        return [*messages[:-1], HumanMessage(f"{last.content}\n\n{note}")]
    return [*messages, HumanMessage(note)]


def _callbacks(model: BaseChatModel) -> list[Any]:
    return list(model.callbacks) if isinstance(model.callbacks, list) else []


def _is_object(text: str) -> bool:
    """No arguments at all are none: the tool says what it needs."""
    try:
        return isinstance(json.loads(text or "{}"), dict)
    except ValueError:
        return False
