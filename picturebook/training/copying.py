"""A decoder that can copy before it has learned anything: the circuit that small ones take longest to find.

One head of the first layer looks at the token before, one of the second at whatever followed the same token earlier:
an induction head (Olsson et al. 2022, In-context Learning and Induction Heads). Training may change all of it.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from transformers import LlamaForCausalLM

BASE = 1e6
"""At which positions must turn (`rope_theta`)."""
SHARPNESS = 30.0
"""Attention score of the token before."""
TURNING, STILL = 4, 6
"""Of a head's pairs the first few turn fast with the position, those from the sixth on hardly turn."""
WRITTEN = 0.05
"""How loudly both heads write, beside embeddings of a norm about 0.25."""
ASKED, KNOWN = 3.0, 2.0
"""How loudly a token asks for itself, and says what was before it."""


@torch.no_grad()
def can_copy(model: LlamaForCausalLM) -> LlamaForCausalLM:
    """The same model."""
    width, heads = model.config.hidden_size, model.config.num_attention_heads
    size = width // heads
    half = size // 2
    still = [*range(STILL, half), *range(half + STILL, size)]
    axes, _ = torch.linalg.qr(torch.randn(width, width))
    token, before = axes[:, : len(still)].T, axes[:, len(still) : 2 * len(still)]
    copied = axes[:, 2 * len(still) : 2 * len(still) + size].T
    layers: Any = model.model.layers
    first, second = layers[0].self_attn, layers[1].self_attn
    _look_back(first, size)
    for part in (second.q_proj, second.k_proj):
        part.weight[:size].zero_()
        part.bias[:size].zero_()
    first.v_proj.weight[:size].zero_()
    first.v_proj.weight[: len(still)] = token
    first.o_proj.weight[:, :size].zero_()
    first.o_proj.weight[:, : len(still)] = before * WRITTEN
    second.q_proj.weight[still] = token * ASKED
    second.k_proj.weight[still] = before.T * KNOWN
    second.v_proj.weight[:size] = copied
    second.o_proj.weight[:, :size] = copied.T * WRITTEN
    return model


def _look_back(attention: Any, size: int) -> None:
    """The first head asks for nothing but the position before its own."""
    for part in (attention.q_proj, attention.k_proj):
        part.weight[:size].zero_()
        part.bias[:size].zero_()
    loud = math.sqrt(SHARPNESS * math.sqrt(size) / TURNING)
    for pair in range(TURNING):
        turn = BASE ** (-2 * pair / size)
        attention.k_proj.bias[pair] = loud
        attention.q_proj.bias[pair] = loud * math.cos(turn)
        attention.q_proj.bias[pair + size // 2] = -loud * math.sin(turn)
