"""The talker's lessons: dialogues nobody has had before, at first mostly of one change, later whole ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from picturebook.talker.dialogues import dialogue, messages, one_change, to_the_last_call
from picturebook.talker.pictures import Message
from picturebook.talker.tongue import END, ROLES
from picturebook.training.rereading import SKIPPED, Rereading

AT_ONCE = 256
"""Lessons made at once, so that those of like length stand together."""
BATCHES = 14
"""Made of them."""
LONGEST = 640
"""Tokens of a lesson; what comes later is cut off."""
SINGLE, SHORT = 0.6, 0.97
"""For this share of the course, this share of the lessons is of one change; half of them later."""


@dataclass(frozen=True)
class School:
    """Makes lessons: at first mostly of one change, then whole dialogues."""

    tokenizer: PreTrainedTokenizerFast
    steps: int

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Each (n, length): token ids, whether the assistant says each, and what becomes of what is told again."""
        rows = _batches(self, step // BATCHES)[step % BATCHES]
        longest, end = max(map(len, rows)), self.tokenizer.get_vocab()[END]
        seen = Rereading(self.tokenizer).wanted
        ids = [row + [end] * (longest - len(row)) for row in rows]
        told = [[*self._said(row), *(False,) * (longest - len(row))] for row in rows]
        wanted = [seen(row) + [SKIPPED] * (longest - len(row)) for row in rows]
        return torch.tensor(ids), torch.tensor(told), torch.tensor(wanted)

    def lessons(self, lot: int) -> list[list[int]]:
        rng = random.Random(f"talker lessons {lot}")
        short = SHORT if lot * BATCHES < SINGLE * self.steps else 0.5
        talks = [_short(rng) if rng.random() < short else messages(dialogue(rng)) for _ in range(AT_ONCE)]
        texts: list[Any] = [self.tokenizer.apply_chat_template(talk, tokenize=False) for talk in talks]
        return [row[:LONGEST] for row in self.tokenizer(texts, add_special_tokens=False).input_ids]

    def _said(self, row: list[int]) -> Iterator[bool]:
        """Whether each token is one of the assistant's, its end included."""
        speaks, end = map(self.tokenizer.get_vocab().__getitem__, (ROLES[1], END))
        saying = False
        for token in row:
            yield saying
            saying = token == speaks or (saying and token != end)


def _short(rng: random.Random) -> list[Message]:
    return to_the_last_call(one_change(rng))


@lru_cache(maxsize=2)
def _batches(school: School, lot: int) -> list[list[list[int]]]:
    """Rows of like length together, about as many tokens in each batch; in no order."""
    rows = sorted(school.lessons(lot), key=len)
    share = sum(map(len, rows)) / BATCHES
    made: list[list[list[int]]] = [[] for _ in range(BATCHES)]
    before = 0
    for row in rows:
        made[min(BATCHES - 1, int(before / share))].append(row)
        before += len(row)
    filled = [batch or rows[:1] for batch in made]
    random.Random(lot).shuffle(filled)
    return filled
