"""Reference pictures for what the model cannot draw by name: looked for only there, and cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from agent.guide import subject_of
from agent.wish import Wish
from knowledge.base import Hit
from knowledge.picture import Citation, Decision, Picture, Provenance
from knowledge.recipe import ControlUse, Patch, Recipe, ReferenceUse
from knowledge.records import Lore, Reference
from tools.mentions import first_mention, mentions
from tools.preprocess import NONE
from tools.toolbox import Bench

GAVE = "the looks of "
"""How citations of what was shown begin to say what it gave."""
MOST = 2
"""Things shown in one picture."""
TILE = "tile"
"""The control by which models without an IP-Adapter are shown a thing."""
LOOKED_AT = 12
"""Records of a collection among which those that can guide, or be shown, are looked for."""
Pictures = Callable[[str], Sequence[Hit]]
"""What the collections hold that may show some words."""


@dataclass(frozen=True)
class Shown:
    """
    What is to be looked at, by an IP-Adapter or as a map; `why` says so in a line for people, and is empty where
    nothing was found.
    """

    why: str = ""
    uses: tuple[ReferenceUse, ...] = ()
    citations: tuple[Citation, ...] = ()
    controls: tuple[ControlUse, ...] = ()

    def added(self, provenance: Provenance) -> Provenance:
        """What is drawn then, and why."""
        if not self.uses:
            return provenance
        return provenance.model_copy(
            update={
                "recipe": provenance.recipe.patched(Patch(references=self.uses)),
                "citations": (*provenance.citations, *self.citations),
                "decisions": (*provenance.decisions, Decision(step="show_references", why=self.why)),
            }
        )


def shown(lacking: Sequence[str], lore: Sequence[Lore], found_for: Pictures, because: str, most: int = MOST) -> Shown:
    """The nearest reference of each thing that a phrase of `lacking` names, itself or through lore it mentions."""
    found: dict[str, tuple[str, Hit, Reference]] = {}
    for phrase in lacking:
        names = ", ".join((phrase, *(term for one in lore if first_mention(phrase, one.terms) for term in one.terms)))
        for hit in found_for(names):
            if isinstance(hit.record, Reference) and mentions(names, thing := subject_of(hit.record.caption)):
                found.setdefault(thing.casefold(), (phrase, hit, hit.record))
                break
    chosen = list(found.values())[:most]
    return Shown(
        "; ".join(
            f"the reference {one.caption!r} ({hit.score:.2f}) for {said!r}: {because}" for said, hit, one in chosen
        ),
        tuple(ReferenceUse(image_id=one.image_id) for _, _, one in chosen),
        tuple(hit.cited(f"{GAVE}{said}") for said, hit, _ in chosen),
    )


def shown_to(bench: Bench, wish: Wish, recipe: Recipe, lore: Sequence[Lore]) -> Shown:
    """
    What the model was never told of, in the way that it can take it: by its IP-Adapter; else one thing as a tile, if
    it follows no other map.
    """
    world = bench.worlds.get(recipe.model)
    lacking = world.unknown(recipe.prompt) if world else ()
    if world is None or not lacking:
        return Shown()
    looks = bench.renderer.looks(recipe.model)
    because, most = "the model was never told of it", MOST if looks else 1
    found = shown(lacking, lore, partial(pictures, bench, wish), because, most)
    if looks or not found.uses:
        return found
    if recipe.controls or TILE not in bench.renderer.controls(recipe.model):
        return Shown(f"not {found.why}, because it has nothing to look at it with")
    size = recipe.width, recipe.height
    map = bench.preparer.prepare_control(found.uses[0].image_id, TILE, *size, preprocessor=NONE)
    return Shown(found.why, (), found.citations, (map,))


def shown_instead(bench: Bench, before: Picture, patch: Patch) -> Shown | None:
    """What is looked at once the picture's prompt is another; None where that stays as it is."""
    known = things(before.provenance.citations)
    recipe = before.recipe.patched(patch)
    world = bench.worlds.get(recipe.model)
    if world is None or patch.prompt is None or patch.references is not None:
        return None
    if not known and not world.unknown(recipe.prompt):
        return None  # nothing is looked up for what the model knows
    own = tuple(use for use in recipe.controls if not (known and use.kind == TILE))
    recipe = recipe.patched(Patch(controls=own, references=()))
    wish = Wish(recipe.prompt, recipe.model, recipe.seed)
    found = bench.retriever.retrieve(recipe.prompt, wish.collections, family=bench.renderer.family(recipe.model))
    new = shown_to(bench, wish, recipe, [hit.record for hit in found.hits if isinstance(hit.record, Lore)])
    return None if things(new.citations) == known else replace(new, controls=(*own, *new.controls))


def things(citations: Sequence[Citation]) -> set[str]:
    """What was shown."""
    return {subject_of(one.title).casefold() for one in citations if one.gave.startswith(GAVE)}


def pictures(bench: Bench, wish: Wish, words: str, *names: str) -> list[Hit]:
    """
    What may guide or be shown, of each collection as many: asked with words of captions, such as the rewritten
    prompt's; and without a splitter, so that no chat model is paid for the same wish twice.
    """
    asked = replace(bench.retriever, splitter=None)
    return [hit for name in names or wish.collections for hit in asked.retrieve(words, (name,), limit=LOOKED_AT).hits]
