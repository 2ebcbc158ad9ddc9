"""What is to be drawn and why, as far as the steps have gone; and the drawing of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from agent.drafts import Redrafting
from agent.showing import pictures, shown
from agent.wish import Wish
from knowledge.picture import Citation, Decision, Picture, Provenance, Step
from knowledge.recipe import Patch, Recipe
from knowledge.records import Lore
from tools.call import Call
from tools.toolbox import Bench


@dataclass
class Notes:
    """What the steps did so far: gathered on the way, and kept with the picture."""

    citations: list[Citation] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[what] = time.perf_counter() - start

    def add(self, step: Step, why: str, citations: Sequence[Citation] = ()) -> None:
        self.decisions.append(Decision(step=step, why=why))
        self.citations.extend(citations)


@dataclass(frozen=True)
class Plan:
    """What is to be drawn, and why; `lore` is what was found of it."""

    wish: Wish
    recipe: Recipe
    notes: Notes
    lore: tuple[Lore, ...] = ()

    def drawn(self, bench: Bench, call: Call, seed: int | None = None, beside: int = 0) -> Picture:
        """With another seed, if one is given; `beside` others that are asked for at once. For any number of threads."""
        picture = self._painted(bench, self.provenance(seed, beside), call)
        return replace(picture, seconds=self.notes.seconds | picture.seconds)

    def provenance(self, seed: int | None = None, beside: int = 0) -> Provenance:
        """All that is known of why, before it is drawn."""
        recipe = self.recipe if seed is None else self.recipe.patched(Patch(seed=seed))
        decisions = (*self.notes.decisions, *([_shared(beside)] if beside else ()))
        return Provenance(
            recipe=recipe, wish=self.wish.prompt, citations=tuple(self.notes.citations), decisions=decisions
        )

    def _painted(self, bench: Bench, provenance: Provenance, call: Call) -> Picture:
        if self.wish.tries == 1:
            return bench.painter.paint(provenance, call)
        critic = bench.critic.of(self.wish.model)
        redrafting = Redrafting(bench.painter, critic, self.wish.tries, partial(self._mended, bench))
        return redrafting.best(provenance, self.wish.prompt, call)

    def _mended(self, bench: Bench, provenance: Provenance, missing: Sequence[str]) -> Provenance:
        """
        What the next draft is drawn from: of models of which it is not known what they can draw, nothing but a draft
        says what they need to be shown.
        """
        wanted = self.wish.retrieve and self.wish.references and self.wish.model not in bench.worlds
        if not wanted or provenance.recipe.references or not missing or not bench.renderer.looks(self.wish.model):
            return provenance
        found = shown(missing, self.lore, partial(pictures, bench, self.wish), "the draft before lacks it")
        return found.added(provenance)


def _shared(beside: int) -> Decision:
    others = "1 other" if beside == 1 else f"{beside} others"
    return Decision(step="render", why=f"together with {others}: drawn alone, shades may differ by one of 255 levels")
