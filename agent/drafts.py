"""Several drafts of one picture, of which the best is kept: drawn until nothing of the wish is missing, or all are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, TypeVar

from knowledge.picture import Decision, Picture, Provenance
from knowledge.problems import Problem
from knowledge.recipe import Patch
from tools.call import Call
from tools.critique import Critic, Opinion, Verdict, views
from tools.render import Draft, PictureRenderer

APART = 0x9E3779B1
"""Between the seeds of two drafts: far from those that other pictures of the same wish count up to."""
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Judged(Generic[Drawn]):
    draft: Drawn
    opinion: Opinion


@dataclass(frozen=True)
class Redrafting:
    """Draws with `painter` as often as `tries` allows, and asks the critic."""

    painter: PictureRenderer
    critic: Critic
    tries: int

    def best(self, provenance: Provenance, wish: str, call: Call) -> Picture:
        """The best draft alone is kept, and says what the others lacked. Raises as the renderer does."""
        started, faults = time.perf_counter(), list[str]()

        def looks(draft: Draft) -> Iterator[Sequence[Verdict]]:
            try:
                for view in views(draft.rendered.image, self.critic.looks):
                    yield self.critic.look(view, wish, draft.provenance.recipe.prompt)
            except Problem as problem:  # what is drawn is not lost to a critic that fails
                faults.append(str(problem))

        kept, every = best_of(self.drafts(provenance, call), looks)
        why = said([(one.draft.seed, one.opinion) for one in every], kept.draft.seed)
        told = Decision(step="critique", why="; ".join((why, *faults)))
        signed = kept.draft.provenance.model_copy(update={"decisions": (*kept.draft.provenance.decisions, told)})
        picture = self.painter.keep(replace(kept.draft, provenance=signed), call)
        own = sum(picture.seconds.values())
        return replace(picture, seconds=picture.seconds | {"critique": max(0.0, time.perf_counter() - started - own)})

    def drafts(self, provenance: Provenance, call: Call) -> Iterator[Draft]:
        """Each drawn when it is asked for; the first is what one try would draw."""
        for number in range(self.tries):
            seed = (provenance.recipe.seed + number * APART) % 2**32
            recipe = provenance.recipe.patched(Patch(seed=seed)) if number else provenance.recipe
            yield self.painter.draft(provenance.model_copy(update={"recipe": recipe}), call.nth(number, self.tries))


def best_of(
    drafts: Iterable[Drawn], looks: Callable[[Drawn], Iterable[Sequence[Verdict]]]
) -> tuple[Judged[Drawn], list[Judged[Drawn]]]:
    """
    The best, and all in the order they were made; no more are made once nothing is missing, or nothing can be told.

    A critic may be wrong, and a first draft that is replaced by a worse one is worse than no critic. So one look is
    enough to keep the first, but whatever replaces it, and what it is replaced for, is looked at as often as can be.
    """
    every: list[Judged[Drawn]] = []
    kept: Judged[Drawn] | None = None
    for draft in drafts:
        more = iter(looks(draft))
        seen = list(islice(more, 1))
        if kept is not None or Opinion.of(seen).missing:
            seen += more
        judged = Judged(draft, Opinion.of(seen))
        every.append(judged)
        if kept is None or judged.opinion.better_than(kept.opinion):
            kept = judged
        if not (kept.opinion.missing and judged.opinion.shares):
            break
    assert kept is not None
    return kept, every


def said(opinions: Sequence[tuple[int, Opinion]], kept: int) -> str:
    """What each draft lacked, by its seed, in one line for people."""
    told = [f"seed {seed} {_lacks(opinion)}{' (kept)' if seed == kept else ''}" for seed, opinion in opinions]
    return "; ".join(told) if len(told) > 1 else f"the first draft {_lacks(opinions[0][1])}"


def _lacks(opinion: Opinion) -> str:
    if not opinion.shares:
        return "cannot be judged"
    return f"lacks {', '.join(opinion.missing)} ({opinion.score:.2f})" if opinion.missing else "lacks nothing"
