"""What a system spends on a prompt: renders, looks, calls of a chat model, tokens, and seconds of one processor."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache

from benchmarks.faithful.study import Study, study
from benchmarks.faithful.trials import Trial
from benchmarks.suite import Extent
from knowledge.recipe import Patch, Recipe
from tools.call import Asked, Call

WARM = Patch(num_inference_steps=2)


@cache
def drawing(extent: Extent, shape: str) -> float:
    """One picture of that shape, drawn alone by a model that is loaded, in processor seconds."""
    here = study(extent)
    recipe = Recipe.model_validate_json((here.examples / f"{shape}.json").read_bytes())
    here.renderer.render(recipe.patched(WARM), Call(asked=Asked(strict=True)))
    started = time.process_time()
    here.renderer.render(recipe, Call(asked=Asked(strict=True)))
    return time.process_time() - started


@cache
def looking(extent: Extent) -> float:
    here: Study = study(extent)
    critic, task = here.critics["judge"], here.tasks("single")[0]
    image = here.drawing(task)
    critic.look(image, task.prompt, task.prompt)
    started = time.process_time()
    critic.look(image, task.prompt, task.prompt)
    return time.process_time() - started


def spent(extent: Extent, done: Sequence[Trial]) -> dict[str, float]:
    """The means over the trials, by unit."""
    renders = sum(one.renders for one in done)
    looks = sum(one.looks for one in done)
    drawn = sum(drawing(extent, shape) for one in done for shape in one.shapes)
    thought = sum(one.seconds for one in done)
    seconds = drawn + thought + (looks * looking(extent) if looks else 0.0)
    calls, tokens = sum(one.calls for one in done), sum(one.tokens for one in done)
    whole = {"renders": renders, "looks": looks, "calls": calls, "tokens": tokens, "CPU s": seconds}
    return {unit: amount / len(done) for unit, amount in whole.items()}
