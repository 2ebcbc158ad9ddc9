"""The book's vocabulary: a CLIP tokenizer in which each word of the captions is one token."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

from picturebook.vocabulary import book_words

END_OF_WORD = "</w>"
LONGEST = 77  # tokens, start and end included


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
    merges: list[Any] = list(learned_merges(book_words()))
    pieces = [*letters, *(letter + END_OF_WORD for letter in letters), *(a + b for a, b in merges)]
    tokens = ["<|startoftext|>", "<|endoftext|>", *dict.fromkeys(pieces)]
    return made({token: index for index, token in enumerate(tokens)}, merges)


def made(vocabulary: dict[str, int], merges: list[Any]) -> CLIPTokenizer:
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LONGEST)


def grown(tokenizer: CLIPTokenizer) -> CLIPTokenizer:
    """With the book's words that it lacks, whole, after those it has, which keep their numbers and their pieces."""
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    vocabulary: dict[str, int] = model["vocab"]
    merges: list[Any] = [tuple(pair) for pair in model["merges"]]
    for word in sorted(book_words()):
        pieces = made(vocabulary, merges).tokenize(word)
        for piece in pieces[1:]:
            merges.append((pieces[0], piece))
            pieces[0] += piece
            vocabulary.setdefault(pieces[0], len(vocabulary))
    return made(vocabulary, merges)
