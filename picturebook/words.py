"""The book's vocabulary: a CLIP tokenizer in which each word of the captions is one token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, STYLES, TRIGGERS, Scene, Thing, captions

END_OF_WORD = "</w>"
LONGEST = 77  # tokens, start and end included


def spoken() -> Iterator[str]:
    """Captions that hold every word the book knows."""
    things = [Thing(kind, colour, "left") for kind in KINDS for colour in COLOURS]
    for background in BACKGROUNDS:
        for first, second in zip(things, things[1:] + things[:1], strict=True):
            yield from captions(Scene((first,), background))
            yield from captions(Scene((first, second), background))
    yield from (TRIGGERS[style] for style in STYLES)


def learned_merges(words: set[str]) -> list[Any]:
    """Byte pairs (Sennrich et al. 2016) merged until every word is whole."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix=END_OF_WORD))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=10000, min_frequency=1, end_of_word_suffix=END_OF_WORD, show_progress=False, special_tokens=[]
    )
    tokenizer.train_from_iterator(sorted(words), trainer)
    return [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]


def build_tokenizer() -> CLIPTokenizer:
    """Unknown words fall into letters, so nothing a user writes is lost."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = learned_merges({word for caption in spoken() for word in caption.replace(",", " ").split()})
    pieces = [*letters, *(letter + END_OF_WORD for letter in letters), *(a + b for a, b in merges)]
    tokens = ["<|startoftext|>", "<|endoftext|>", *dict.fromkeys(pieces)]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LONGEST)
