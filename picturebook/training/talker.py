"""The talker's training: dialogues nobody has had before, of which it learns what the assistant says and calls."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from picturebook.book import Book
from picturebook.talker.dialogues import dialogue, messages
from picturebook.talker.tongue import END, ROLES, build_tokenizer
from picturebook.training.copying import BASE, can_copy
from picturebook.training.loop import Course, Studio, on, train

AT_ONCE = 128
"""Dialogues made at once, so that those of like length stand together."""
BATCHES = 20
"""Made of them."""
LONGEST = 560
"""Tokens of a lesson; what comes later is cut off."""


def fresh() -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    tokenizer = build_tokenizer()
    end = tokenizer.get_vocab()[END]
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=160,
            intermediate_size=448,
            num_hidden_layers=4,
            num_attention_heads=5,
            num_key_value_heads=5,
            attention_bias=True,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": BASE},
            bos_token_id=None,
            eos_token_id=end,
            pad_token_id=end,
        )
    )
    return can_copy(model), tokenizer


@dataclass(frozen=True)
class School:
    """Makes lessons; they are longer the further the training has come."""

    tokenizer: PreTrainedTokenizerFast
    steps: int

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Token ids (n, length) and whether the assistant says each, both of which padding ends with False."""
        rows = _batches(self, step // BATCHES)[step % BATCHES]
        longest = max(map(len, rows))
        end = self.tokenizer.get_vocab()[END]
        ids = torch.tensor([row + [end] * (longest - len(row)) for row in rows])
        told = torch.tensor([[*self._said(row), *(False,) * (longest - len(row))] for row in rows])
        return ids, told

    def lessons(self, lot: int) -> list[list[int]]:
        rng = random.Random(f"talker lessons {lot}")
        done = lot * BATCHES / self.steps
        most = 2 if done < 0.08 else 4 if done < 0.25 else 8
        talks = [dialogue(rng, turns=rng.randint(1, most) if most < 8 else 0) for _ in range(AT_ONCE)]
        texts: list[Any] = [self.tokenizer.apply_chat_template(messages(talk), tokenize=False) for talk in talks]
        return [row[:LONGEST] for row in self.tokenizer(texts, add_special_tokens=False).input_ids]

    def _said(self, row: list[int]) -> Iterator[bool]:
        """Whether each token is one of the assistant's, its end included."""
        speaks, end = map(self.tokenizer.get_vocab().__getitem__, (ROLES[1], END))
        saying = False
        for token in row:
            yield saying
            saying = token == speaks or (saying and token != end)


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


def train_talker(studio: Studio, full: int = 6000) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    torch.manual_seed(9)
    model, tokenizer = Book(studio.models).talker() if studio.onward else fresh()
    model = on(studio.device, model).train()
    course = Course("talker", studio.steps(full), lr=6e-4, decay=0.98)
    school = School(tokenizer, course.steps)

    def loss(step: int, _rng: np.random.Generator) -> Mapping[str, Tensor]:
        ids, told = (part.to(studio.device) for part in school.batch(step))
        states = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
        wanted = told[:, 1:]
        return {"words": F.cross_entropy(model.lm_head(states[wanted]), ids[:, 1:][wanted])}

    train(studio, course, model, loss)
    return model.eval(), tokenizer
