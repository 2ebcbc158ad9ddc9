"""How a picture is told to people: a few calm lines after drawing, or everything that shaped it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from knowledge import lora_blocks
from knowledge.picture import Picture, Provenance
from knowledge.prompt_diff import marked
from knowledge.recipe import Recipe

if TYPE_CHECKING:
    from agent.events import Cost

STEPS = {
    "retrieve": "retrieved",
    "rewrite": "added",
    "pick_loras": "LoRA",
    "prepare_control": "control",
    "show_references": "shown",
    "critique": "critique",
}
WIDTH = 11
NEAR = 2
"""Levels of 255 by which shades may differ that were drawn together with other pictures."""


def drawn(picture: Picture, where: str) -> list[str]:
    """What the steps did, the prompt they led to, the seed, the time and the file."""
    provenance, start = picture.provenance, picture.seconds.get("start", 0.0)
    took = f"{sum(picture.seconds.values()) - start:.1f} s"
    device = provenance.versions.get("device", "an unknown device")
    return [
        *(line(STEPS[decision.step], decision.why) for decision in provenance.decisions if decision.step in STEPS),
        line("prompt", picture.recipe.prompt),
        line(
            "seed",
            f"{picture.recipe.seed}, {took} on {device}"
            + (f", after {start:.1f} s of starting up" if start >= 0.1 else ""),
        ),
        line("file", where),
    ]


def compared(identical: bool | None, levels: int | None) -> str:
    """How a redrawn picture's pixels relate to the file's."""
    if identical is None:
        return "not to be compared: a JPEG does not keep them exactly"
    if identical:
        return "identical to the file's"
    if levels is not None and levels <= NEAR:
        return f"those of the file to {levels} of 255 levels, which drawing pictures together can change"
    return "not those of the file"


def as_json(picture: Picture, where: str) -> dict[str, object]:
    """What a program reads: the file, and everything that shaped the picture."""
    told = picture.provenance.model_dump(mode="json", exclude_none=True)
    return {"id": picture.id, "file": where, "seconds": picture.seconds, **told}


def shown(provenance: Provenance, before: str | None = None) -> list[str]:
    """Everything the image file says of itself; `before` is the prompt of the picture it was made from, if known."""
    return [line(name, text) for name, text in (*_words(provenance, before), *_facts(provenance))]


def cost(cost: Cost) -> str:
    """What a turn took, in one line."""
    calls = f"{cost.model_calls} calls of the chat model" if cost.model_calls != 1 else "1 call of the chat model"
    tokens = f"{cost.tokens_in} tokens read and {cost.tokens_out} written{' (estimated)' if cost.estimated else ''}"
    asked = f"{calls}, {tokens}" if cost.model_calls else "no chat model asked"
    return f"{asked}, {cost.pictures} picture{'s' * (cost.pictures != 1)}, {cost.seconds:.1f} s"


def line(name: str, text: str) -> str:
    """Characters that could steer a terminal are replaced: what files say of themselves is not to be trusted."""
    return f"{name:<{WIDTH}} {plain(text)}"


def plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _words(provenance: Provenance, before: str | None) -> Iterator[tuple[str, str]]:
    recipe = provenance.recipe
    if provenance.wish:
        yield "wish", provenance.wish
    yield "prompt", recipe.prompt
    was = provenance.wish if provenance.parent_id is None else before
    if was and was != recipe.prompt:
        yield "reworded", marked(was, recipe.prompt)
    if recipe.negative_prompt:
        yield "negative", recipe.negative_prompt


def _facts(provenance: Provenance) -> Iterator[tuple[str, str]]:
    for decision in provenance.decisions:
        yield STEPS.get(decision.step, decision.step), decision.why
    for citation in provenance.citations:
        yield "cites", citation.told
    yield from _recipe_facts(provenance.recipe)
    for followed in provenance.adherence:
        yield "follows", f"its {followed.kind} map: {followed.measure} {followed.value:.2f}"
    if provenance.versions:
        yield "made with", ", ".join(f"{name} {version}" for name, version in provenance.versions.items())
    if provenance.parent_id:
        yield "parent", provenance.parent_id


def _recipe_facts(recipe: Recipe) -> Iterator[tuple[str, str]]:
    yield "model", recipe.model
    yield "size", f"{recipe.width}×{recipe.height}"
    sampling = f"{recipe.num_inference_steps} steps of {recipe.scheduler}, guidance {recipe.guidance_scale:g}"
    yield "sampling", f"{sampling}, clip skip {recipe.clip_skip}" if recipe.clip_skip else sampling
    yield "seed", str(recipe.seed)
    for lora in recipe.loras:
        blocks = f", {lora_blocks.written(lora.blocks)}" if lora.blocks else ""
        yield "LoRA", f"{lora.name} at {lora.weight:g}{blocks}, {lora.sha256}"
    for control in recipe.controls:
        reach = f"steps {control.start:.0%} to {control.end:.0%}"
        yield "control", f"{control.kind} at {control.conditioning_scale:g}, {reach}, {control.image_id}"
    for reference in recipe.references:
        yield "looks at", f"{reference.image_id} at {reference.scale:g}"
    if hires := recipe.hires:
        steps = f"{hires.steps or recipe.num_inference_steps} steps, strength {hires.strength:g}"
        yield "second pass", f"at {'×'.join(map(str, recipe.drawn_size))}, {steps}, enlarged by {hires.upscaler}"
    if recipe.init_image_id:
        yield "started from", f"{recipe.init_image_id}, strength {recipe.strength:g}"
