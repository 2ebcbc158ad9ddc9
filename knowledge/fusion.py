"""Ranked lists of any store become one list: the only place that mixes scores of different kinds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np

from knowledge.base import Found, Hit, KnowledgeBase, Query
from knowledge.problems import GiveUp
from knowledge.records import Reference

Key = TypeVar("Key", bound=Hashable)
Scores = Mapping[str, Mapping[Key, float]]
"""By source: raw scores, higher is better."""

WORDS = "bm25"
"""The source of full-text scores; every other source is the name of a space."""
FOREIGN = "made with another encoder, so only its words were asked: run atelier knowledge reencode"
AT_ONCE = 32
"""Questions asked side by side."""
ALIKE = 4
"""Bits of 64 by which the perceptual hashes of two pictures differ that people call the same."""


@dataclass(frozen=True)
class Blend:
    """
    How sources are mixed. `alpha` is the share of the vectors against the words.

    `relative` moves each source's scores to 0..1 and adds them (the formula of Weaviate's hybrid search); `rrf` adds
    1 / (`k` + rank) (Cormack et al. 2009). With `diversity` above 0 the hits are ordered by maximal marginal relevance
    (Carbonell and Goldstein 1998), that share of which is how unlike the hits before it each is.
    """

    method: Literal["relative", "rrf"] = "relative"
    alpha: float = 0.5
    k: int = 60
    diversity: float = 0.0


HYBRID = Blend()


@dataclass(frozen=True)
class Findings:
    """Hits best first, and what could not be asked, by collection."""

    hits: tuple[Hit, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


def relative(scores: Mapping[Key, float]) -> dict[Key, float]:
    """Scores moved to 0..1 between the list's worst and best; a list of equal scores gets 1 throughout."""
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return {key: (score - low) / (high - low) if high > low else 1.0 for key, score in scores.items()}


def reciprocal(scores: Mapping[Key, float], k: int) -> dict[Key, float]:
    """The first of the list gets 1, the others less by rank."""
    ranked = sorted(scores, key=lambda key: -scores[key])
    return {key: (k + 1) / (k + place) for place, key in enumerate(ranked, 1)}


def blend(found: Scores[Key], how: Blend = HYBRID) -> dict[Key, float]:
    """
    One score from 0 to 1 for each key of any list, best first.

    The vectors' part is the mean over the spaces a record was found in, so that a record without a picture loses
    nothing. Where only words or only vectors were asked for, they have the whole say. Equal scores keep the order in
    which the lists name them.
    """

    def levelled(scores: Mapping[Key, float]) -> dict[Key, float]:
        return relative(scores) if how.method == "relative" else reciprocal(scores, how.k)

    words = levelled(found.get(WORDS, {}))
    spaces = [levelled(scores) for source, scores in found.items() if source != WORDS and scores]
    share = how.alpha if words and spaces else float(bool(spaces))
    blended: dict[Key, float] = {}
    for key in dict.fromkeys(key for scores in (words, *spaces) for key in scores):
        near = [scores[key] for scores in spaces if key in scores]
        blended[key] = (1 - share) * words.get(key, 0.0) + share * (sum(near) / len(near) if near else 0.0)
    return dict(sorted(blended.items(), key=lambda pair: -pair[1]))


def find(
    base: KnowledgeBase, collections: Mapping[str, float] | Sequence[str], query: Query, how: Blend = HYBRID
) -> Findings:
    """
    Ask several collections and blend what they found; each has a weight, 1 where only names are given.

    Raw scores are blended side by side, as if it were one collection. Of pictures that look the same the best stays.
    """
    return find_each(base, collections, [query], how)[0]


def find_each(
    base: KnowledgeBase,
    collections: Mapping[str, float] | Sequence[str],
    queries: Sequence[Query],
    how: Blend = HYBRID,
) -> list[Findings]:
    """What `find` gives for each of the queries, all asked at once, so that no deadlines add up."""
    weights = collections if isinstance(collections, Mapping) else dict.fromkeys(collections, 1.0)
    asking = [(name, query) for query in queries for name in weights]
    with ThreadPoolExecutor(max_workers=min(max(1, len(asking)), AT_ONCE)) as pool:
        answers = iter(list(pool.map(lambda one: asked(base, *one), asking)))
    return [findings(base, {name: next(answers) for name in weights}, weights, query, how) for query in queries]


def findings(
    base: KnowledgeBase, found: Mapping[str, Found], weights: Mapping[str, float], query: Query, how: Blend
) -> Findings:
    hits = sorted(mixed(found, how, weights), key=lambda hit: -hit.score)
    fresh = list(without_twins(hits))
    chosen = diverse(base, fresh, query, how.diversity) if how.diversity else fresh
    return Findings(tuple(chosen[: query.limit]), {name: some.missing for name, some in found.items() if some.missing})


def asked(base: KnowledgeBase, name: str, query: Query) -> Found:
    """What one collection found, or why nothing; without the vectors of spaces that another encoder filled there."""
    try:
        return fitted(base, name, query)
    except GiveUp as problem:
        return Found(missing=str(problem))


def fitted(base: KnowledgeBase, name: str, query: Query) -> Found:
    made = {space.name: space.encoder for space in base.spaces(name)} if query.encoders else {}
    foreign = [space for space in query.vectors if made.get(space, "") != query.encoders.get(space, "")]
    if not query.encoders or not foreign:
        return base.search(name, query)
    known = {space: vector for space, vector in query.vectors.items() if space not in foreign}
    found = base.search(name, replace(query, vectors=known)) if query.text or known else Found()
    return replace(found, missing="; ".join(filter(None, (found.missing, f"{', '.join(foreign)}: {FOREIGN}"))))


def mixed(found: Mapping[str, Found], how: Blend, weights: Mapping[str, float]) -> list[Hit]:
    scores: dict[str, dict[tuple[str, str], float]] = {}
    for name, some in found.items():
        for source, raw in some.scores.items():
            scores.setdefault(source, {}).update({(name, key): score for key, score in raw.items()})
    listed: dict[tuple[str, str], float] = {(name, key): 0.0 for name, some in found.items() for key in some.records}
    return [
        Hit(
            name,
            found[name].records[key],
            score * weights[name],
            {source: raw[name, key] for source, raw in scores.items() if (name, key) in raw},
        )
        for (name, key), score in (blend(scores, how) or listed).items()
    ]


def without_twins(hits: Iterable[Hit]) -> Iterable[Hit]:
    """The hits less each picture that looks like a better one."""
    seen: list[int] = []
    for hit in hits:
        mark = hit.record.phash if isinstance(hit.record, Reference) else ""
        if mark and any((int(mark, 16) ^ other).bit_count() <= ALIKE for other in seen):
            continue
        if mark:
            seen.append(int(mark, 16))
        yield hit


def diverse(base: KnowledgeBase, hits: Sequence[Hit], query: Query, share: float) -> list[Hit]:
    """The first `query.limit` by maximal marginal relevance; likeness is the best cosine of any space both are in."""
    left, chosen = list(hits), list[Hit]()
    vectors = {
        (name, item.record.id): item.vectors
        for name in {hit.collection for hit in hits}
        for item in base.items(name, [hit.record.id for hit in hits if hit.collection == name])
    }

    def likeness(one: Hit, other: Hit) -> float:
        mine, its = (vectors.get((hit.collection, hit.record.id), {}) for hit in (one, other))
        return max((float(np.dot(mine[space], its[space])) for space in mine.keys() & its.keys()), default=0.0)

    while left and len(chosen) < query.limit:
        best = max(
            left,
            key=lambda hit: (
                (1 - share) * hit.score - share * max((likeness(hit, other) for other in chosen), default=0.0)
            ),
        )
        left.remove(best)
        chosen.append(best)
    return chosen
