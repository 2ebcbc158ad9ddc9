"""A prompt as CLIP reads it: chunks of 75 weighted tokens, each between a start and an end of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tools.engine.prompt_syntax import parse

BACKTRACK = 20
"""Tokens: how far before the end of a full chunk a comma is looked for to part it at (as AUTOMATIC1111's web UI)."""

Token = tuple[int, float]
"""A token's number in the vocabulary, and its weight."""


@dataclass(frozen=True)
class Chunk:
    """As many tokens as the model reads at once, start, end and padding included, and their weights."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]


def chunks(tokenizer: Any, prompt: str) -> tuple[Chunk, ...]:
    """One or more: a new one where a chunk is full, and at each `BREAK`."""
    room = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add()
    (comma,) = _ids(tokenizer, [","])
    return tuple(
        _framed(tokenizer, part, room)
        for section in _sections(tokenizer, prompt)
        for part in _parts(section, room, comma[-1])
    )


def count(tokenizer: Any, prompt: str) -> int:
    """Tokens of the prompt without its syntax, with one start and one end."""
    return sum(map(len, _sections(tokenizer, prompt))) + tokenizer.num_special_tokens_to_add()


def _sections(tokenizer: Any, prompt: str) -> Iterator[list[Token]]:
    for pieces in parse(prompt):
        numbers = _ids(tokenizer, [piece.text for piece in pieces])
        yield [(number, piece.weight) for piece, ids in zip(pieces, numbers, strict=True) for number in ids]


def _ids(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    return tokenizer(texts, add_special_tokens=False, verbose=False).input_ids if texts else []


def _parts(tokens: Sequence[Token], room: int, comma: int) -> Iterator[Sequence[Token]]:
    start = 0
    while len(tokens) - start > room:
        full = start + room
        commas = (end for end in range(full, max(start, full - BACKTRACK), -1) if tokens[end - 1][0] == comma)
        end = next(commas, full)
        yield tokens[start:end]
        start = end
    yield tokens[start:]


def _framed(tokenizer: Any, tokens: Sequence[Token], room: int) -> Chunk:
    spare = room - len(tokens)
    ids = (tokenizer.bos_token_id, *(number for number, _ in tokens), tokenizer.eos_token_id)
    weights = (1.0, *(weight for _, weight in tokens), 1.0)
    return Chunk((*ids, *[tokenizer.pad_token_id] * spare), (*weights, *[1.0] * spare))
