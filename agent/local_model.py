"""A transformers chat model in this process, whose tool calls cannot but fit the tools' schemas."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from jinja2 import TemplateError
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer
from pydantic import SkipValidation
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from agent.heard import CLOSING, OPENING, Heard, told
from agent.model_failures import BrokenAnswer
from agent.structured_answers import first_line
from agent.tool_grammar import tool_grammar
from knowledge.loading import LOADING
from knowledge.problems import GiveUp


@dataclass(frozen=True)
class Speaker:
    """A tokenizer with a chat template, and its model, which is loaded when it first speaks."""

    name: str
    device: str
    tokenizer: PreTrainedTokenizerFast
    _loading: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def marks(self) -> tuple[int, int]:
        known = self.tokenizer.get_vocab()
        return known[OPENING], known[CLOSING]

    @property
    def model(self) -> Any:
        with self._loading:
            return self._model

    @cached_property
    def _model(self) -> Any:
        model = loaded(AutoModelForCausalLM, self.name, dtype="auto")
        if self.device == "cpu" and model.dtype == torch.float16:
            model = model.float()
        return model.to(self.device).eval()

    @cached_property
    def vocabulary(self) -> Any:
        return from_tokenizer(self.tokenizer, n_vocab=self.model.config.vocab_size, eos_token=self.ends)

    @cached_property
    def ends(self) -> list[int]:
        """Every token that ends an answer."""
        told: Any = self.model.generation_config.eos_token_id
        every: list[Any] = [*(told if isinstance(told, list) else [told]), self.tokenizer.eos_token_id]
        return [token for token in dict.fromkeys(every) if token is not None]

    def prompt(self, messages: Sequence[BaseMessage], tools: Sequence[Any]) -> list[int]:
        try:
            text: Any = self.tokenizer.apply_chat_template(
                told(messages), tools=list(tools) or None, add_generation_prompt=True, tokenize=False
            )
        except TemplateError as refused:
            raise BrokenAnswer("has a chat template that does not take this conversation") from refused
        return self.tokenizer(text, add_special_tokens=False).input_ids

    @torch.inference_mode()
    def tokens(self, prompt: list[int], grammar: str, most: int) -> Iterator[int]:
        """The likeliest that the grammar allows, one after another, up to an end or `most` of them."""
        matcher = LLMatcher(self.vocabulary, grammar)
        if matcher.is_error():
            raise BrokenAnswer(f"cannot be held to the schemas of these tools ({matcher.get_error():.200})")
        model, fed, past = self.model, prompt, None
        for _ in range(most):
            inputs = torch.tensor([fed], device=self.device)
            out = model(input_ids=inputs, past_key_values=past, use_cache=True, logits_to_keep=1)
            likely, past = out.logits[0, -1].float().cpu().numpy(), out.past_key_values
            allowed = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), np.uint8), bitorder="little")
            token = int(np.where(allowed[: len(likely)], likely, -np.inf).argmax())
            yield token
            if token in self.ends or not matcher.consume_token(token):
                return
            fed = [token]


@lru_cache(maxsize=1)
def speaker(name: str, device: str = "cpu") -> Speaker:
    """The same for the same model. Raises `GiveUp` for one that is not there, or that cannot call tools."""
    tokenizer: Any = loaded(AutoTokenizer, name)
    lacks = [
        *(["a chat template"] if not tokenizer.chat_template else []),
        *([f"the tokens {OPENING} and {CLOSING}"] if not {OPENING, CLOSING} <= set(tokenizer.get_vocab()) else []),
        *(["a fast tokenizer"] if not isinstance(tokenizer, PreTrainedTokenizerFast) else []),
    ]
    if lacks:
        raise GiveUp(f"The model {name!r} cannot talk with tools here, since it lacks {' and '.join(lacks)}.")
    return Speaker(name, device, tokenizer)


def loaded(kind: Any, name: str, **options: Any) -> Any:
    try:
        with LOADING:
            return kind.from_pretrained(name, **options)
    except (OSError, ValueError) as wrong:
        said = f"The chat model {name!r} cannot be loaded: {first_line(wrong)}. Give a folder or a Hugging Face id."
        raise GiveUp(said) from wrong


class LocalChat(BaseChatModel):
    """`most` tokens are said at once."""

    speaker: SkipValidation[Speaker]
    most: int = 1024

    @property
    def _llm_type(self) -> str:
        return "local-transformers"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """One chunk a token, so that whoever stops listening stops the model; calls are told once they are whole."""
        tools = kwargs.get("tools") or ()
        prompt, id = self.speaker.prompt(messages, tools), f"lc_run-{uuid.uuid4()}"
        room = self.speaker.model.config.max_position_embeddings - len(prompt)
        if room < 1:
            raise ContextOverflowError(f"the conversation has {len(prompt)} tokens")
        heard = Heard(self.speaker.tokenizer.backend_tokenizer, self.speaker.ends)
        grammar = tool_grammar(tools, kwargs.get("tool_choice"), *self.speaker.marks)
        for token in self.speaker.tokens(prompt, grammar, min(self.most, room)):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=heard.more(token), id=id))
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk
        for index, (name, arguments) in enumerate(heard.calls()):
            call = tool_call_chunk(name=name, args=arguments, id=f"call_{uuid.uuid4().hex}", index=index)
            chunk = ChatGenerationChunk(message=AIMessageChunk(content="", id=id, tool_call_chunks=[call]))
            if run_manager:
                run_manager.on_llm_new_token("", chunk=chunk)
            yield chunk
        yield ChatGenerationChunk(message=self._last(id, heard, len(prompt)))

    def _last(self, id: str, heard: Heard, read: int) -> AIMessageChunk:
        finish = "length" if not heard.ended else "tool_calls" if heard.calls() else "stop"
        usage = {"input_tokens": read, "output_tokens": heard.count, "total_tokens": read + heard.count}
        return AIMessageChunk(
            content="",
            id=id,
            chunk_position="last",
            response_metadata={"finish_reason": finish, "model_name": self.speaker.name},
            usage_metadata=usage,  # pyright: ignore[reportArgumentType]
        )
