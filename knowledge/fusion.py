"""Ranked lists of any store become one list: the only place that mixes scores of different kinds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from knowledge.base import Hit

Key = TypeVar("Key", bound=Hashable)

WORDS = "bm25"
"""The source of full-text scores; every other source is the name of a space."""
ALPHA = 0.5


def relative(scores: Mapping[Key, float]) -> dict[Key, float]:
    """Scores moved to 0..1 between the list's worst and best; a list of equal scores gets 1 throughout."""
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {key: (score - low) / (high - low) if high > low else 1.0 for key, score in scores.items()}


def blend(found: Mapping[str, Mapping[Key, float]], alpha: float = ALPHA) -> dict[Key, float]:
    """
    Relative-score fusion (the formula of Weaviate's hybrid search), best first, scores 0..1.

    `found` holds raw scores, higher is better, by source. `alpha` is the share of the vectors: the mean over the
    spaces a record was found in, so that a record without a picture loses nothing. Where only words or only
    vectors were asked for, they have the whole say. Equal scores keep the order in which the lists name them.
    """
    words = relative(found.get(WORDS, {}))
    spaces = [relative(scores) for source, scores in found.items() if source != WORDS and scores]
    share = alpha if words and spaces else float(bool(spaces))
    blended: dict[Key, float] = {}
    for key in dict.fromkeys(key for scores in (words, *spaces) for key in scores):
        near = [scores[key] for scores in spaces if key in scores]
        blended[key] = (1 - share) * words.get(key, 0.0) + share * (sum(near) / len(near) if near else 0.0)
    return dict(sorted(blended.items(), key=lambda pair: -pair[1]))


def merge(hits: Iterable[Hit], alpha: float = ALPHA) -> list[Hit]:
    """Hits of several collections as one list, best first: their raw scores are blended anew, side by side."""
    by_key = {(hit.collection, hit.record.id): hit for hit in hits}
    found: dict[str, dict[tuple[str, str], float]] = {}
    for key, hit in by_key.items():
        for source, score in hit.found_by.items():
            found.setdefault(source, {})[key] = score
    return [
        Hit(by_key[key].collection, by_key[key].record, score, by_key[key].found_by)
        for key, score in blend(found, alpha).items()
    ]
