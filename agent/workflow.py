"""The six steps from a wish to a picture, each of them optional, and no language model needed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.drafts import Redrafting
from agent.guide import guide
from agent.wish import CONTROLS, Wish
from knowledge.base import Hit
from knowledge.picture import Citation, Decision, Picture, Provenance, Step
from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, Patch, Recipe
from tools.call import Call
from tools.loras import LoraPick
from tools.styles import StyleDatabases, style_databases
from tools.toolbox import Bench

GUIDES = 12
"""Records of a collection among which one that can guide is looked for."""


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
    """What is to be drawn, and why."""

    wish: Wish
    recipe: Recipe
    notes: Notes

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
        return Redrafting(bench.painter, critic, self.wish.tries).best(provenance, self.wish.prompt, call)


def _shared(beside: int) -> Decision:
    others = "1 other" if beside == 1 else f"{beside} others"
    return Decision(step="render", why=f"together with {others}: drawn alone, shades may differ by one of 255 levels")


def draw(bench: Bench, wish: Wish, call: Call) -> Picture:
    """Retrieve, rewrite, pick LoRAs, prepare the control, render. Raises `TryAgain` or `GiveUp`."""
    return planned(bench, wish).drawn(bench, call)


def planned(bench: Bench, wish: Wish) -> Plan:
    """All steps but the last."""
    wish.refuse_nonsense()
    for name in wish.collections if wish.retrieve else ():
        bench.base.spaces(name)  # an unknown collection is refused before anything heavy loads
    _refuse_unusable(bench, wish.loras)
    bench.picker.refuse_unknown(wish.loras)
    if wish.tries > 1:
        bench.critic.of(wish.model)  # nobody to judge is refused now, and not after the first draft
    notes = Notes()
    with notes.timed("start"):  # the renderer's libraries load now, if they have not
        plain = wish.as_recipe(bench.renderer)
        _refuse_control(bench, wish)
    with notes.timed("retrieve"):
        styles = style_databases(bench.base, wish.prompt) if wish.retrieve and not wish.pinned else StyleDatabases()
        wish = replace(wish, collections=(*wish.collections, *styles.names))
        hits = _retrieve(bench, wish, styles, notes)
    with notes.timed("rewrite"):
        prompt = _rewrite(bench, wish, hits, notes)
    with notes.timed("pick_loras"):
        pick = _pick_loras(bench, wish, notes)
    with notes.timed("prepare_control"):
        controls = _prepare_control(bench, wish, plain.patched(Patch(prompt=prompt)), notes)
    start = wish.reference_id if wish.mask_id or not controls else None
    prompt = _with_triggers(bench, wish.model, prompt, pick.trigger_words)
    patch = Patch(prompt=prompt, loras=pick.loras, controls=controls, init_image_id=start, mask_id=wish.mask_id)
    return Plan(wish, plain.patched(patch), notes)


def _retrieve(bench: Bench, wish: Wish, styles: StyleDatabases, notes: Notes) -> list[Hit]:
    if not wish.retrieve:
        notes.add("retrieve", "nothing: retrieval is off")
        return []
    family = bench.renderer.family(wish.model)
    found = bench.retriever.retrieve(wish.prompt, wish.collections, wish.reference_id, family=family)
    said = [f"{hit.record.title} ({hit.score:.2f})" for hit in found.hits] or ["nothing"]
    said += [f"also from {style.why}" for style in styles.chosen]
    said += [f"but not {name}: {why}" for name, why in {**styles.missing, **found.missing}.items()]
    notes.add(
        "retrieve", ", ".join(said), [style.card.cited(f"the collection {style.name}") for style in styles.chosen]
    )
    return list(found.hits)


def _rewrite(bench: Bench, wish: Wish, hits: Sequence[Hit], notes: Notes) -> str:
    if not wish.retrieve:
        notes.add("rewrite", "nothing: the prompt is drawn as written")
        return wish.prompt.strip()
    scores = {f"{hit.collection}/{hit.record.id}": hit.score for hit in hits if hit.record.kind != "lora"}
    rewritten = bench.rewriter.rewrite(wish.prompt, tuple(scores), wish.model)
    # The rewriter sees names only: how near each record was is known here.
    notes.add("rewrite", rewritten.why, [_scored(citation, scores) for citation in rewritten.citations])
    return rewritten.prompt


def _scored(citation: Citation, scores: dict[str, float]) -> Citation:
    score = scores.get(f"{citation.collection}/{citation.record_id}", citation.score)
    return citation.model_copy(update={"score": score})


def _pick_loras(bench: Bench, wish: Wish, notes: Notes) -> LoraPick:
    if not wish.style and not wish.loras:
        pick = LoraPick(why="styles are off")
    else:
        pick = bench.picker.pick_loras(wish.prompt, wish.model, wish.loras)
    notes.add("pick_loras", pick.why if pick.loras else f"none: {pick.why}", pick.citations)
    return pick


def _refuse_unusable(bench: Bench, names: Sequence[str]) -> None:
    """A file that is there and has no card is told by its own fault, not as unknown."""
    plain = [name.partition(":lbw=")[0] for name in names]
    asked = {name.rpartition(":")[0] if ":" in name else name for name in plain}
    for file, why in bench.shelf.refused() if names else ():
        if asked & {file, Path(file).stem}:
            raise TryAgain(why)


def _refuse_control(bench: Bench, wish: Wish) -> None:
    kind = (wish.control or "").partition(":")[0]
    if kind and kind not in (can := bench.renderer.controls(wish.model)):
        there = f"choose {' or '.join(can)}, or " if can else ""
        raise TryAgain(f"There is no {kind!r} ControlNet for {wish.model!r}: {there}leave the control out.")


def _with_triggers(bench: Bench, model: str, prompt: str, triggers: Sequence[str]) -> str:
    """Trigger words come last, but first where the model would not read the end."""
    joined = ", ".join((prompt, *triggers))
    used, limit = bench.renderer.tokens(model, joined)
    return joined if used <= limit else ", ".join((*triggers, prompt))


def _prepare_control(bench: Bench, wish: Wish, recipe: Recipe, notes: Notes) -> tuple[ControlUse, ...]:
    found = guide(wish, _shown(bench, wish, recipe.prompt), recipe.prompt)
    notes.add("prepare_control", found.why, found.citations)
    if found.image_id is None or wish.control is None:
        return ()
    kind, _, preprocessor = wish.control.partition(":")
    size = recipe.width, recipe.height
    mask_id = wish.mask_id if kind == "inpaint" else None
    made = bench.preparer.prepare_control(
        found.image_id, CONTROLS[kind], *size, preprocessor=preprocessor, mask_id=mask_id
    )
    return (made,)


def _shown(bench: Bench, wish: Wish, prompt: str) -> list[Hit]:
    """
    What may guide: asked with the rewritten prompt, since the captions of references use known words; and without a
    splitter, so that no chat model is paid for the same wish twice.
    """
    if wish.control is None or wish.reference_id or not wish.retrieve:
        return []
    retriever = replace(bench.retriever, splitter=None)
    return [hit for name in wish.collections for hit in retriever.retrieve(prompt, (name,), limit=GUIDES).hits]
