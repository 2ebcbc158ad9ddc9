"""A conversation as chat templates take it, and what a model then says, token for token, as words and calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

OPENING, CLOSING = "<tool_call>", "</tool_call>"
"""The tokens around a call, as in Qwen's and many other models."""
ROLES = {"ai": "assistant", "human": "user", "system": "system", "tool": "tool"}


class Heard:
    """What has been said so far, taken apart: words before the first call, and calls."""

    def __init__(self, tokenizer: Tokenizer, ends: Sequence[int]) -> None:
        self.tokenizer, self.ends = tokenizer, ends
        self.text, self.told, self.count, self.ended = "", 0, 0, False
        self._pieces = DecodeStream(skip_special_tokens=False)

    def more(self, token: int) -> str:
        """The words that this token adds for the listener."""
        self.count += 1
        self.ended = token in self.ends
        if not self.ended:
            self.text += self._pieces.step(self.tokenizer, token) or ""
        fresh = self.text.partition(OPENING)[0][self.told :]
        self.told += len(fresh)
        return fresh

    def calls(self) -> list[tuple[str, str]]:
        """The name and the arguments as they were written; of a call that was broken off, what there is of it."""
        return [_call(written.partition(CLOSING)[0]) for written in self.text.split(OPENING)[1:]]


def _call(written: str) -> tuple[str, str]:
    try:
        call = json.loads(written)
        return call["name"], json.dumps(call["arguments"], ensure_ascii=False)
    except ValueError:
        name, _, arguments = written.partition('", "arguments": ')
        return name.rpartition('"')[2], arguments or "{"


def told(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """As chat templates take them: texts for contents, arguments as objects."""
    made: list[dict[str, Any]] = []
    for message in messages:
        one: dict[str, Any] = {"role": ROLES.get(message.type, "user"), "content": str(message.text)}
        if isinstance(message, AIMessage) and message.tool_calls:
            calls = [{"name": call["name"], "arguments": call["args"]} for call in message.tool_calls]
            one["tool_calls"] = [{"type": "function", "function": call} for call in calls]
        if isinstance(message, ToolMessage) and message.name:
            one["name"] = message.name
        made.append(one)
    return made
