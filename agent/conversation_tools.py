"""The tools a conversation has: those of the toolbox, the whole workflow as one, and the question back to the user."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from agent.showing import GAVE, shown_instead
from agent.wish import Wish, looked_in
from agent.workflow import planned
from knowledge.picture import Picture
from knowledge.recipe import Fraction, Guidance, NegativePrompt, Patch, Prompt, Scheduler, Seed, Side, Steps
from tools.call import Call
from tools.compare import Comparison
from tools.toolbox import Bench, Tool, tool, toolbox

MOST = 4
"""Pictures of one wish."""
DRAWING = ("draw", "refine", "merge", "render")
"""The tools that draw pictures."""
NOT_FOR_MODELS = {"rate"}
"""A rating is the user's own: what a text planted somewhere praises must not become a reference."""


def _sides(size: Any) -> Any:
    """Numbers as they are, so that whoever takes no text for a number can take "128x128" for a size."""
    if isinstance(size, str):
        parts = size.lower().replace("×", "x").split("x")
        return tuple(int(part) if part.isdecimal() and len(part) < 10 else part for part in parts)
    return tuple(size) if isinstance(size, list) else size


Size = Annotated[tuple[Side, ...], BeforeValidator(_sides), Field(min_length=2, max_length=2)]
"""Width and height in pixels."""
PictureId = Annotated[str, Field(min_length=6, max_length=64, description="a picture_id, or how it begins")]
Names = Annotated[tuple[str, ...], Field(max_length=8)]


@dataclass(frozen=True)
class Artist:
    """Draws with one model; everything else is up to the one who asks."""

    bench: Bench
    model: str

    def draw(
        self,
        prompt: Prompt,
        *,
        call: Call,
        count: Annotated[int, Field(ge=1, le=MOST)] = 1,
        negative_prompt: NegativePrompt = "",
        seed: Seed | None = None,
        size: Size | None = None,
        steps: Steps | None = None,
        guidance: Guidance | None = None,
        scheduler: Scheduler | None = None,
        style: bool = True,
        loras: Names = (),
        collections: Names = (),
        retrieve: bool = True,
        control: str | None = None,
        reference_id: str | None = None,
        mask_id: str | None = None,
        strength: Fraction | None = None,
    ) -> tuple[Picture, ...]:
        """
        Draw something new: look the wish up, rewrite it, pick LoRAs that fit, and render.

        `prompt` says all that is to be seen, in plain words. `count` pictures differ in their seeds. `size` is width
        and height in pixels, multiples of 8. `style` lets a LoRA be picked; `loras` are NAME or NAME:WEIGHT.
        `collections` are the only ones to look in; without `retrieve` nothing is looked up or rewritten. `control`
        (canny, depth, …) follows the shapes of `reference_id`, or of a reference that is found; without it the drawing
        starts from `reference_id`, goes `strength` far, and only where `mask_id` is white. Leave out whatever the user
        did not say.
        """
        first = secrets.randbelow(2**31) if seed is None else seed
        wish = Wish(
            prompt=prompt, model=self.model, seed=first, negative_prompt=negative_prompt, steps=steps,
            guidance=guidance, scheduler=scheduler, size=(size[0], size[1]) if size else None, retrieve=retrieve,
            collections=collections or looked_in(self.model), pinned=bool(collections), style=style, loras=loras,
            control=control, reference_id=reference_id, mask_id=mask_id, strength=strength,
        )  # fmt: skip
        plan = planned(self.bench, wish)
        seeds = enumerate((first + step) % 2**32 for step in range(count))
        # One after another: each is then, to the bit, what its recipe gives alone.
        return tuple(plan.drawn(self.bench, call.nth(done, count), seed) for done, seed in seeds)

    def refine(self, picture_id: PictureId, patch: Patch, keep: Names = (), only: Names = (), *, call: Call) -> Picture:
        """
        Draw a picture once more with some fields of its recipe changed; everything else, the seed too, stays.

        `patch` holds only the fields that change; a changed `prompt` is written out whole. `keep` names things of the
        picture whose pixels do not move, `only` those that alone may change, such as "red house" for its colour.
        """
        before = self.bench.gallery.beginning(picture_id)
        shown, refine = shown_instead(self.bench, before, patch), self.bench.refiner.refine
        if shown is None:
            return refine(before.id, patch, call, keep, only)
        cited = (*(one for one in before.provenance.citations if not one.gave.startswith(GAVE)), *shown.citations)
        looks = {"references": shown.uses, "controls": shown.controls}
        looking = Patch.model_validate(patch.model_dump(exclude_unset=True) | looks)
        return refine(before.id, looking, call, keep, only, shown.why, cited)

    def merge(self, one: PictureId, other: PictureId, *, call: Call) -> Picture:
        """Draw one picture with the changes of two that were made from the same picture; the seed stays."""
        known = [self.bench.gallery.beginning(picture_id).id for picture_id in (one, other)]
        return self.bench.merger.merge(known[0], known[1], call)

    def compare(self, one: PictureId, other: PictureId) -> Comparison:
        """How the second picture differs from the first: what its recipe changes, and how many pixels moved."""
        known = (self.bench.gallery.beginning(picture_id).id for picture_id in (one, other))
        return self.bench.comparer.compare(*known)


def ask(question: Annotated[str, Field(min_length=1, max_length=500)]) -> dict[str, str]:
    """Ask the user one question, and wait. Only for a wish that cannot be drawn without the answer."""
    return {"question": question}


def conversation_tools(bench: Bench, model: str) -> tuple[Tool, ...]:
    """Each name once; `model` is what draws. None of them reaches the network: a text that was read may ask for it."""
    bench = replace(bench, detectors=replace(bench.detectors, download=False))
    artist = Artist(bench, model)
    own: Sequence[Tool] = (tool(artist.draw), tool(artist.refine), tool(artist.merge), tool(artist.compare), tool(ask))
    named = {one.name: one for one in (*toolbox(bench), *own)}
    return tuple(one for name, one in named.items() if name not in NOT_FOR_MODELS)
