"""Any recipe and any record of a picture, for tests that must hold for all of them."""

from __future__ import annotations

from typing import get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from knowledge.picture import Citation, Decision, Provenance, Step
from knowledge.recipe import ControlUse, Hires, LoraUse, Recipe, ReferenceUse, Scheduler, Upscaler

every = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no failure."""
identifiers = st.binary(min_size=32, max_size=32).map(bytes.hex)
sides = st.integers(8, 512).map(lambda eighth: eighth * 8)
fractions = st.floats(0, 1)


def lists(values: st.SearchStrategy) -> st.SearchStrategy[tuple]:
    return st.lists(values, max_size=3).map(tuple)


fields: dict[str, st.SearchStrategy] = {
    "model": st.text(min_size=1, max_size=20),
    "prompt": st.text(min_size=1, max_size=200),
    "negative_prompt": st.text(max_size=50),
    "width": sides,
    "height": sides,
    "num_inference_steps": st.integers(1, 200),
    "guidance_scale": st.floats(0, 30),
    "scheduler": st.sampled_from(get_args(Scheduler)),
    "seed": st.integers(0, 2**32 - 1),
    "clip_skip": st.integers(0, 12),
    "loras": lists(
        st.builds(
            LoraUse,
            name=st.text(min_size=1, max_size=9),
            sha256=identifiers,
            weight=st.floats(-4, 4),
            blocks=st.sampled_from((0, 12, 17)).flatmap(
                lambda count: st.lists(st.floats(-4, 4), min_size=count, max_size=count).map(tuple)
            ),
        )
    ),
    "controls": lists(
        st.builds(
            ControlUse,
            kind=st.just("canny"),
            image_id=identifiers,
            conditioning_scale=st.floats(0, 2),
            start=fractions,
            end=fractions,
        )
    ),
    "references": lists(st.builds(ReferenceUse, image_id=identifiers, scale=st.floats(0, 2))),
    "init_image_id": st.none() | identifiers,
    "mask_id": st.none() | identifiers,
    "strength": fractions,
    "hires": st.none()
    | st.builds(
        Hires,
        scale=st.floats(1, 4, exclude_min=True),
        steps=st.integers(0, 200),
        strength=fractions,
        upscaler=st.sampled_from(get_args(Upscaler)),
    ),
}


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Some fields chosen, the others left to their defaults."""
    chosen = {"prompt", *draw(st.sets(st.sampled_from(sorted(fields))))}
    return Recipe(**{name: draw(fields[name]) for name in sorted(chosen)})


citations = st.builds(
    Citation,
    record_id=st.text(max_size=9),
    collection=st.text(max_size=9),
    kind=st.sampled_from(["lore", "reference", "lora"]),
    title=st.text(max_size=20),
    score=st.floats(allow_nan=False, allow_infinity=False),
    gave=st.text(max_size=40),
)
provenances = st.builds(
    Provenance,
    recipe=recipes(),
    wish=st.text(max_size=60),
    parent_id=st.none() | identifiers,
    citations=lists(citations),
    decisions=lists(st.builds(Decision, step=st.sampled_from(get_args(Step)), why=st.text(max_size=40))),
    versions=st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
)
