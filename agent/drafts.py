"""Several drafts of one picture, of which the best is kept: drawn while what is missing can be hoped for."""

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
WORTH = 0.12
"""
How likely the next draft must be to have a part that is missing, for it to be drawn: four drafts without it are enough.
Of 31 wishes whose first draft lacked something, three more drafts mended 27 and seven 28.
"""
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Judged(Generic[Drawn]):
    draft: Drawn
    opinion: Opinion


@dataclass(frozen=True)
class Redrafting:
    """
    Draws with `painter` as often as `tries` allows, and asks the critic. `mended` is what is drawn instead, once the
    draft before is known to lack something.
    """

    painter: PictureRenderer
    critic: Critic
    tries: int
    mended: Callable[[Provenance, Sequence[str]], Provenance] = lambda provenance, missing: provenance

    def best(self, provenance: Provenance, wish: str, call: Call) -> Picture:
        """The best draft alone is kept, and says what the others lacked. Raises as the renderer does."""
        started, faults, missing = time.perf_counter(), list[str](), list[str]()

        def looks(draft: Draft) -> Iterator[Sequence[Verdict]]:
            missing.clear()
            try:
                for view in views(draft.rendered.image, self.critic.looks):
                    seen = self.critic.look(view, wish, draft.provenance.recipe.prompt)
                    missing.extend(one.part for one in seen if not (one.there or one.part in missing))
                    yield seen
            except Problem as problem:  # what is drawn is not lost to a critic that fails
                faults.append(str(problem))

        kept, every = best_of(self.drafts(provenance, call, missing), looks)
        why = said([(one.draft.seed, one.opinion) for one in every], kept.draft.seed)
        given_up = kept.opinion.missing and len(every) < self.tries and not faults
        ended = ["another would hardly mend it"] if given_up else faults
        told = Decision(step="critique", why="; ".join((why, *ended)))
        signed = kept.draft.provenance.model_copy(update={"decisions": (*kept.draft.provenance.decisions, told)})
        picture = self.painter.keep(replace(kept.draft, provenance=signed), call)
        own = sum(picture.seconds.values())
        return replace(picture, seconds=picture.seconds | {"critique": max(0.0, time.perf_counter() - started - own)})

    def drafts(self, provenance: Provenance, call: Call, missing: Sequence[str] = ()) -> Iterator[Draft]:
        """Each drawn when it is asked for, mended by what is `missing` then; the first is what one try would draw."""
        first = provenance.recipe.seed
        for number in range(self.tries):
            if number:
                seed = Patch(seed=(first + number * APART) % 2**32)
                provenance = self.mended(provenance, tuple(missing))
                provenance = provenance.model_copy(update={"recipe": provenance.recipe.patched(seed)})
            yield self.painter.draft(provenance, call.nth(number, self.tries))


def best_of(
    drafts: Iterable[Drawn], looks: Callable[[Drawn], Iterable[Sequence[Verdict]]]
) -> tuple[Judged[Drawn], list[Judged[Drawn]]]:
    """
    The best, and all in the order they were made; no more are made once nothing is missing, nothing can be told, or
    what is missing is not to be hoped for.

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
        if not judged.opinion.shares or hope(kept.opinion, [one.opinion for one in every]) < WORTH:
            break
    assert kept is not None
    return kept, every


def hope(kept: Opinion, every: Sequence[Opinion]) -> float:
    """
    How likely the next draft has the likeliest of the parts that are missing in the one kept; 0 where none is.

    A part that so many of n drafts had is in the next with (many + 1/2) / (n + 1) (Krichevsky and Trofimov 1981): 1/4
    after one draft without it, 1/6 after two, 1/10 after four; and more than that where another draft had it.
    """
    had = [sum(part in one.shares and part not in one.missing for one in every) for part in kept.missing]
    return max(((many + 0.5) / (len(every) + 1) for many in had), default=0.0)


def said(opinions: Sequence[tuple[int, Opinion]], kept: int) -> str:
    """What each draft lacked, by its seed, in one line for people."""
    told = [f"seed {seed} {_lacks(opinion)}{' (kept)' if seed == kept else ''}" for seed, opinion in opinions]
    return "; ".join(told) if len(told) > 1 else f"the first draft {_lacks(opinions[0][1])}"


def _lacks(opinion: Opinion) -> str:
    if not opinion.shares:
        return "cannot be judged"
    return f"lacks {', '.join(opinion.missing)} ({opinion.score:.2f})" if opinion.missing else "lacks nothing"
