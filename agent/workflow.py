"""The six steps from a wish to a picture, each of them optional, and no language model needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agent.guide import guide
from agent.plan import Notes, Plan
from agent.showing import Shown, pictures, shown_to
from agent.wish import CONTROLS, Wish, looked_in
from knowledge.base import Hit
from knowledge.picture import Citation, Picture
from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, Patch, Recipe
from knowledge.records import Lore
from tools.call import Call
from tools.loras import LoraPick
from tools.mentions import mentions
from tools.styles import StyleDatabases, said_by_all, style_databases
from tools.toolbox import Bench

UNGUIDED = 1.0
"""Of 20 sketches of what the words call a thing, 17 then became the right one, and 10 with a guidance of 4."""


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
        styles = _style_databases(bench, wish)
        wish = replace(wish, collections=(*wish.collections, *styles.names))
        style_words = _style_words(bench, wish)
        hits = _retrieve(bench, wish, styles, style_words, notes)
        lore = tuple(hit.record for hit in hits if isinstance(hit.record, Lore))
    with notes.timed("rewrite"):
        prompt = _rewrite(bench, wish, hits, notes)
    with notes.timed("pick_loras"):
        pick = _pick_loras(bench, wish, style_words, notes)
    with notes.timed("prepare_control"):
        controls = _prepare_control(bench, wish, plain.patched(Patch(prompt=prompt)), notes)
    guidance = _guidance(bench, wish, prompt, controls, notes)
    with notes.timed("show_references"):
        shown = _show_references(bench, wish, plain.patched(Patch(prompt=prompt, controls=controls)), lore, notes)
    start = wish.reference_id if wish.mask_id or not controls else None
    triggers = [word for word in (*style_words, *pick.trigger_words) if not mentions(prompt, word)]
    patch = Patch(
        prompt=_with_triggers(bench, wish.model, prompt, triggers), loras=pick.loras,
        controls=(*controls, *shown.controls), guidance_scale=guidance,
        references=shown.uses, init_image_id=start, mask_id=wish.mask_id,
    )  # fmt: skip
    return Plan(wish, plain.patched(patch), notes, lore)


def _style_databases(bench: Bench, wish: Wish) -> StyleDatabases:
    if not wish.retrieve or wish.pinned:
        return StyleDatabases()
    return style_databases(bench.base, wish.prompt, bench.renderer.family(wish.model))


def _style_words(bench: Bench, wish: Wish) -> dict[str, str]:
    """What all the pictures of a style database say of themselves, and which database that is."""
    special = [name for name in wish.collections if name not in looked_in(wish.model)] if wish.retrieve else []
    return {words: name for name in special for words in said_by_all(pictures(bench, wish, wish.prompt, name))}


def _retrieve(
    bench: Bench, wish: Wish, styles: StyleDatabases, style_words: Mapping[str, str], notes: Notes
) -> list[Hit]:
    if not wish.retrieve:
        notes.add("retrieve", "nothing: retrieval is off")
        return []
    family = bench.renderer.family(wish.model)
    found = bench.retriever.retrieve(wish.prompt, wish.collections, wish.reference_id, family=family)
    said = [f"{hit.record.title} ({hit.score:.2f})" for hit in found.hits] or ["nothing"]
    said += [f"also from {style.why}" for style in styles.chosen]
    said += [f"{words!r} because all pictures in {name!r} say so" for words, name in style_words.items()]
    said += [f"but not {name}: {why}" for name, why in {**styles.missing, **found.missing}.items()]
    notes.add(
        "retrieve", ", ".join(said), [style.card.cited(f"the collection {style.name}") for style in styles.chosen]
    )
    return list(found.hits)


def _rewrite(bench: Bench, wish: Wish, hits: Sequence[Hit], notes: Notes) -> str:
    if not (wish.retrieve and wish.rewrite):
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


def _pick_loras(bench: Bench, wish: Wish, style_words: Iterable[str], notes: Notes) -> LoraPick:
    if not wish.style and not wish.loras:
        pick = LoraPick(why="styles are off")
    else:
        pick = bench.picker.pick_loras(", ".join((wish.prompt, *style_words)), wish.model, wish.loras)
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
    looked_for = wish.control is not None and not wish.reference_id and wish.retrieve
    found = guide(wish, pictures(bench, wish, recipe.prompt) if looked_for else (), recipe.prompt)
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


def _guidance(bench: Bench, wish: Wish, prompt: str, controls: Sequence[ControlUse], notes: Notes) -> float | None:
    """None: the model's own, or what was asked for."""
    world = bench.worlds.get(wish.model)
    if not controls or wish.guidance is not None or world is None or world.names(prompt):
        return None
    notes.add(
        "prepare_control", f"guidance {UNGUIDED:g}: the words name nothing that the model can draw, so the map leads"
    )
    return UNGUIDED


def _show_references(bench: Bench, wish: Wish, recipe: Recipe, lore: Sequence[Lore], notes: Notes) -> Shown:
    if not (wish.retrieve and wish.references):
        return Shown()
    found = shown_to(bench, wish, recipe, lore)
    if found.why:
        notes.add("show_references", found.why, found.citations)
    return found
