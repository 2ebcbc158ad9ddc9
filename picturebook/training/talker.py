"""The talker's training: dialogues nobody has had before, of which it learns what the assistant says and calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from picturebook.book import Book
from picturebook.talker.tongue import END, TEMPLATE, build_tokenizer
from picturebook.training.copying import BASE, can_copy
from picturebook.training.loop import Course, Studio, on, train
from picturebook.training.rereading import SKIPPED
from picturebook.training.talker_school import School

LAYERS = 6
SEEN = 4
"""After this layer it should know what becomes of each word that it reads again."""


def fresh() -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    tokenizer = build_tokenizer()
    end = tokenizer.get_vocab()[END]
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=160,
            intermediate_size=448,
            num_hidden_layers=LAYERS,
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


def grown(model: LlamaForCausalLM) -> LlamaForCausalLM:
    """The same, with more layers: copies of two that it has, which say nothing yet."""
    known, layers = model.state_dict(), model.config.num_hidden_layers
    larger = LlamaForCausalLM(LlamaConfig(**{**model.config.to_dict(), "num_hidden_layers": LAYERS}))
    larger.load_state_dict(known, strict=False)
    made: Any = larger.model.layers
    for place in range(layers, LAYERS):
        layer = made[place]
        layer.load_state_dict(made[1 if place == layers else layers - 1].state_dict())
        for silent in (*layer.self_attn.o_proj.parameters(), *layer.mlp.down_proj.parameters()):
            torch.nn.init.zeros_(silent)
    return larger


def onward(book: Book) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """With the words that were learned, and the template of today."""
    model, tokenizer = book.talker()
    tokenizer.chat_template = TEMPLATE.read_text("utf-8")
    return grown(model), tokenizer


def train_talker(studio: Studio, full: int = 6000) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    torch.manual_seed(9)
    model, tokenizer = onward(Book(studio.models)) if studio.onward else fresh()
    model = on(studio.device, model).train()
    course = Course("talker", studio.steps(full), lr=1e-3, decay=0.99)
    school = School(tokenizer, course.steps)

    def loss(step: int, _rng: np.random.Generator) -> Mapping[str, Tensor]:
        ids, told, wanted = (part.to(studio.device) for part in school.batch(step))
        states: Any = model.model(input_ids=ids[:, :-1], use_cache=False, output_hidden_states=True).hidden_states
        said, seen = told[:, 1:], wanted[:, :-1] != SKIPPED
        guessed = model.lm_head(model.model.norm(states[SEEN][seen]))
        return {
            "words": F.cross_entropy(model.lm_head(states[-1][said]), ids[:, 1:][said]),
            "changes": F.cross_entropy(guessed, wanted[:, :-1][seen]) if len(guessed) else guessed.sum(),
        }

    train(studio, course, model, loss)
    return model.eval(), tokenizer
