"""Calls of models that never learned anything: whether guided decoding alone makes every one fit its tool's schema."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessage, ToolCall
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from agent.heard import CLOSING, OPENING
from agent.local_model import LocalChat, speaker
from benchmarks.results import Row, rate
from benchmarks.toolbox_schemas import schemas

END = "<|end|>"
TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant: "
LETTERS = "".join(map(chr, range(32, 127))) + "ĠĊ"
"""The bytes it has tokens for, as byte-level tokenizers write them."""
MOST = 1500
"""Tokens of one answer, each a single byte."""
ROUNDS = 12
"""Random models, each of which is made to call every tool."""


def random_model(
    folder: Path, seed: int, template: str | None = TEMPLATE, marks: tuple[str, ...] = (OPENING, CLOSING)
) -> Path:
    """Of one layer, whose tokens are letters; the marks are special tokens with an even seed only."""
    tokenizer = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate(LETTERS)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([END])
    add = tokenizer.add_special_tokens if seed % 2 == 0 else tokenizer.add_tokens
    add([AddedToken(mark, normalized=False) for mark in marks])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, chat_template=template).save_pretrained(folder)
    torch.manual_seed(seed)
    size: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "head_dim": 16}
    size |= {"num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 2 * MOST}
    end = tokenizer.token_to_id(END)
    config = Qwen3Config(**size, vocab_size=tokenizer.get_vocab_size(), eos_token_id=end, initializer_range=1.0)
    Qwen3ForCausalLM(config).save_pretrained(folder)
    return folder


def answers(rounds: int) -> Iterator[AIMessage]:
    """What each of several random models says when it must call a tool, now this one, now any."""
    rng = random.Random("random calls")
    for seed in range(rounds):
        with TemporaryDirectory() as folder:
            chat = LocalChat(speaker=speaker(str(random_model(Path(folder), seed))), most=MOST)
            for tool in schemas():
                choice = rng.choice((tool["function"]["name"], "any"))
                said = "".join(rng.choices("abcdefghij ", k=12))
                yield chat.bind_tools(schemas(), tool_choice=choice).invoke([("user", said)])


def made(answer: AIMessage) -> list[ToolCall]:
    """The calls that would be acted on: all but one that was cut off at the greatest length."""
    cut = answer.response_metadata["finish_reason"] == "length"
    return answer.tool_calls[: len(answer.tool_calls) - cut]


def fits(call: ToolCall) -> bool:
    """Whether its tool is there, and the arguments are what that tool's schema takes."""
    known = {tool["function"]["name"]: tool["function"]["parameters"] for tool in schemas()}
    return call["name"] in known and Draft202012Validator(known[call["name"]]).is_valid(call["args"])


def valid(share: float) -> list[Row]:
    torch.set_num_threads(1)
    hits = [fits(call) for answer in answers(max(1, round(ROUNDS * share))) for call in made(answer)]
    return [rate("T17", "a local model of random weights: calls that fit their tool's schema", hits, 1.0, "equal")]
