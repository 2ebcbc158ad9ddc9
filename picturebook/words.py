"""The book's vocabulary: a CLIP tokenizer in which each word of the captions is one token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tokenizers import pre_tokenizers
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


def learned_merges(words: set[str]) -> list[tuple[str, str]]:
    """Byte pairs (Sennrich et al. 2016) merged until every word is whole; of equals, always the same first."""
    spelt = [[*word[:-1], word[-1] + END_OF_WORD] for word in sorted(words)]
    merges: list[tuple[str, str]] = []
    while counts := Counter(pair for word in spelt for pair in pairwise(word)):
        merges.append(min(counts, key=lambda pair: (-counts[pair], pair)))
        spelt = [merged(word, merges[-1]) for word in spelt]
    return merges


def merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    """The word with the pair as one piece, wherever it is."""
    pieces: list[str] = []
    for piece in word:
        if pieces and (pieces[-1], piece) == pair:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def build_tokenizer() -> CLIPTokenizer:
    """Unknown words fall into letters, so nothing a user writes is lost."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges: list[Any] = list(
        learned_merges({word for caption in spoken() for word in caption.lower().replace(",", " ").split()})
    )
    pieces = [*letters, *(letter + END_OF_WORD for letter in letters), *(a + b for a, b in merges)]
    tokens = ["<|startoftext|>", "<|endoftext|>", *dict.fromkeys(pieces)]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LONGEST)
