"""Room in a text encoder for words that it lacks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import CLIPTokenizer, PreTrainedModel

from picturebook.scene import KINDS, plural
from picturebook.words import END_OF_WORD


@torch.no_grad()
def learn_words(encoder: PreTrainedModel, before: CLIPTokenizer, after: CLIPTokenizer) -> None:
    """Room for the new words; plurals start from the meaning of their singulars."""
    encoder.resize_token_embeddings(len(after))
    embeddings: Any = encoder.get_input_embeddings()
    table: Tensor = embeddings.weight
    old, new = before.get_vocab(), after.get_vocab()
    for kind in KINDS:
        number = new[f"{plural(kind)}{END_OF_WORD}"]
        if number >= len(old):
            table[number] = table[old[f"{kind}{END_OF_WORD}"]]
