"""The engine draws many pictures together, and each is the picture that diffusers draws alone."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionInpaintPipeline, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image, ImageDraw

from knowledge.problems import Problem, TryAgain
from knowledge.recipe import ControlUse, LoraUse, Recipe, Scheduler
from tests import tiny_models
from tests.diffusers_oracle import alone, decoded
from tools.call import Asked, Call
from tools.engine.engine import Engine
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.job import Job
from tools.engine.model_files import KnownModel
from tools.engine.quiet import quiet
from tools.engine.row import Row
from tools.engine.waiting_line import Busy, WaitingLine
from tools.renderer import Cancelled, Rendered

PICTURE, MASK, MAP = "a" * 64, "b" * 64, "c" * 64
GOOD, OTHER, FOREIGN = "1" * 64, "2" * 64, "3" * 64
SIZE = (64, 64)


def drawn(shape: str, box: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("RGB", SIZE, "black")
    getattr(ImageDraw.Draw(image), shape)(box, fill="white")
    return image


IMAGES = {
    PICTURE: Image.effect_mandelbrot(SIZE, (-2, -1, 1, 1), 20).convert("RGB"),
    MASK: drawn("rectangle", (16, 24, 39, 63)),
    MAP: drawn("ellipse", (10, 10, 50, 40)),
}
CONTROL = (ControlUse(kind="canny", image_id=MAP),)
TASKS: dict[str, dict[str, Any]] = {
    "from noise": {},
    "from a picture": {"init_image_id": PICTURE, "strength": 0.7},
    "repainted": {"init_image_id": PICTURE, "mask_id": MASK, "strength": 1.0},
    "partly repainted": {"init_image_id": PICTURE, "mask_id": MASK, "strength": 0.7},
    "controlled": {"controls": CONTROL},
    "controlled for a while": {"controls": (CONTROL[0].model_copy(update={"conditioning_scale": 0.5, "end": 0.5}),)},
    "controlled twice": {"controls": (*CONTROL, ControlUse(kind="canny", image_id=PICTURE, conditioning_scale=0.7))},
    "controlled where it is repainted": {"controls": CONTROL, "init_image_id": PICTURE, "mask_id": MASK},
    "controlled from a picture": {"controls": CONTROL, "init_image_id": PICTURE, "strength": 0.7},
    "not guided": {"guidance_scale": 1.0},
    "against words": {"negative_prompt": "a dog", "guidance_scale": 7.5},
}


@dataclass(frozen=True)
class Bench:
    folder: Path
    renderer: EngineRenderer
    rows: dict[Job, Row] = field(default_factory=dict)

    def engine(self, **changes: Any) -> Engine:
        """One whose rows can be looked at afterwards."""

        def begin(job: Job) -> Row | Rendered:
            row = self.renderer._begin(job)  # pyright: ignore[reportPrivateUsage]
            assert isinstance(row, Row)
            self.rows[job] = row
            return row

        return Engine(begin, **changes)

    def recipe(self, **changes: Any) -> Recipe:
        plain = {"model": "tiny", "prompt": "a fox", "width": 64, "height": 64, "num_inference_steps": 4}
        return Recipe.model_validate(plain | changes)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("models")
    known = {}
    for name, build in (("tiny", tiny_models.sd15), ("tiny-xl", tiny_models.sdxl)):
        model = build(folder / name)
        net = tiny_models.controlnet(folder / f"{name}-net", model)
        known[name] = KnownModel(str(model), name, {"canny": str(net)}, 64)
    loras = {
        GOOD: tiny_models.kohya_lora(folder / "good.safetensors", folder / "tiny", strength=0.1),
        OTHER: tiny_models.kohya_lora(folder / "other.safetensors", folder / "tiny", strength=0.1, seed=3),
        FOREIGN: tiny_models.kohya_lora(folder / "foreign.safetensors", folder / "tiny-xl"),
    }
    return Bench(folder, EngineRenderer(IMAGES.__getitem__, loras.__getitem__, known, "cpu"))


@pytest.mark.parametrize("model", ["tiny", "tiny-xl"])
def test_every_sampler_and_task_in_one_crowd_gives_what_diffusers_gives_alone(bench: Bench, model: str) -> None:
    """They join at different steps, since each has as many as its place in the crowd says."""
    cases = list(product(get_args(Scheduler), TASKS.values()))
    recipes = [
        bench.recipe(model=model, scheduler=name, seed=n, num_inference_steps=3 + n % 4, **task)
        for n, (name, task) in enumerate(cases)
    ]
    jobs = [Job(recipe, dict(IMAGES)) for recipe in recipes]
    engine = bench.engine(line=WaitingLine(room=2 * len(jobs)), most=7)
    for job in jobs:
        engine.submit(job)
    for job in jobs:
        job.outcome()
    loaded: Any = bench.renderer.store.model(model).pipeline
    net = bench.folder / f"{model}-net"
    for job, (name, task) in zip(jobs, cases, strict=True):
        expected = decoded(loaded, alone(loaded, job.recipe, IMAGES, net))
        difference = (decoded(loaded, bench.rows[job].latents) - expected).abs().max().item()
        assert difference <= 1e-4, (name, task, difference)


def test_a_model_made_for_inpainting_reads_the_mask_itself(bench: Bench, tmp_path: Path) -> None:
    """Where the mask's edges lie between latents, too."""
    plain: Any = StableDiffusionPipeline.from_pretrained(bench.folder / "tiny")
    torch.manual_seed(7)
    unet = UNet2DConditionModel.from_config({**plain.unet.config, "in_channels": 9})
    StableDiffusionInpaintPipeline(**plain.components | {"unet": unet}).save_pretrained(tmp_path / "painter")
    images = {PICTURE: IMAGES[PICTURE], MASK: drawn("rectangle", (13, 22, 41, 50))}
    task = {"model": str(tmp_path / "painter"), "init_image_id": PICTURE, "mask_id": MASK}
    jobs = [
        Job(bench.recipe(seed=n, scheduler=name, strength=strength, **task), dict(images))
        for n, (name, strength) in enumerate(product(("euler", "euler_a", "dpmpp_2m"), (1.0, 0.6)))
    ]
    outcomes(bench.engine(), jobs)
    model: Any = bench.renderer.store.model(task["model"]).pipeline
    for job in jobs:
        expected = decoded(model, alone(model, job.recipe, images, tmp_path))
        assert (decoded(model, bench.rows[job].latents) - expected).abs().max() <= 1e-4
    whole = Job(bench.recipe(model=task["model"]))
    assert outcomes(bench.engine(), [whole])[0].image.size == SIZE


def test_pictures_of_one_kind_share_the_calls_of_the_unet(bench: Bench) -> None:
    sizes = calls(bench, [bench.recipe(seed=n, scheduler=name) for n, name in enumerate(("euler", "ddim", "unipc"))])
    assert sizes == [6, 6, 6, 6]
    assert sorted(calls(bench, [bench.recipe(), bench.recipe(width=128)])) == [2] * 8
    assert calls(bench, [bench.recipe(), bench.recipe(guidance_scale=1.0)]) == [3] * 4


def test_who_asks_for_it_is_drawn_alone_and_the_same_to_the_bit(bench: Bench) -> None:
    recipes = [bench.recipe(seed=seed) for seed in range(3)]
    jobs = [Job(recipe, call=Call(asked=Asked(strict=True))) for recipe in recipes]
    with watched(bench) as sizes:
        together = outcomes(bench.engine(), jobs)
    assert sizes == [2] * 12
    assert [one.image.tobytes() for one in together] == [
        bench.renderer.render(recipe, Call()).image.tobytes() for recipe in recipes
    ]


def test_outside_the_mask_nothing_changes_at_all(bench: Bench) -> None:
    for task in ("repainted", "partly repainted"):
        made = np.asarray(bench.renderer.render(bench.recipe(**TASKS[task]), Call()).image)
        before, inside = np.asarray(IMAGES[PICTURE]), np.asarray(IMAGES[MASK])[..., 0] > 127
        assert (made[~inside] == before[~inside]).all()
        assert (made[inside] != before[inside]).mean() > 0.7


def test_a_picture_that_is_cancelled_takes_no_more_than_the_step_it_is_in(bench: Bench) -> None:
    stop, recipes = threading.Event(), [bench.recipe(seed=seed, num_inference_steps=6) for seed in range(2)]
    jobs = [Job(recipes[0], call=Call(cancelled=stop)), Job(recipes[1])]
    engine = bench.engine()
    begin = engine.begin

    def stopped_after_two(job: Job) -> Row | Rendered:
        row = begin(job)
        assert isinstance(row, Row)
        advance = row.advance

        def counted(prediction: torch.Tensor) -> None:
            advance(prediction)
            if row.job is jobs[0] and row.step == 2:
                stop.set()

        row.advance = counted
        return row

    engine.begin = stopped_after_two
    submit(engine, jobs)
    with pytest.raises(Cancelled):
        jobs[0].outcome()
    image = jobs[1].outcome().image
    assert bench.rows[jobs[0]].step == 2
    assert image.tobytes() == bench.renderer.render(recipes[1], Call()).image.tobytes()


def test_nobody_waits_longer_than_they_want_to(bench: Bench) -> None:
    late, early = Job(bench.recipe(), call=Call(asked=Asked(within=0.0))), Job(bench.recipe())
    submit(bench.engine(), [late, early])
    with pytest.raises(TryAgain, match="within 0 s"):
        late.outcome()
    assert early.outcome().image.size == SIZE


def test_a_full_line_says_when_to_ask_again(bench: Bench) -> None:
    line = WaitingLine(room=2, pace=3.0)
    line.put(Job(bench.recipe()))
    line.put(Job(bench.recipe()))
    with pytest.raises(Busy, match=r"2 pictures are waiting already: ask again in 6 s\.") as busy:
        line.put(Job(bench.recipe()))
    assert busy.value.retry_after == 6


def test_one_caller_never_takes_all_the_room(bench: Bench) -> None:
    line = WaitingLine(room=8)
    greedy, modest = (Call(asked=Asked(caller=caller)) for caller in ("greedy", "modest"))
    for _ in range(6):
        line.put(Job(bench.recipe(), call=greedy))
    with pytest.raises(Busy):
        line.put(Job(bench.recipe(), call=greedy))
    line.put(Job(bench.recipe(), call=modest))


def test_callers_take_turns_and_the_urgent_go_first(bench: Bench) -> None:
    line = WaitingLine()
    asked = [*["greedy"] * 4, "modest", "other", "modest"]
    for number, caller in enumerate(asked):
        line.put(Job(bench.recipe(seed=number), call=Call(asked=Asked(caller=caller))))
    line.put(Job(bench.recipe(seed=99), call=Call(asked=Asked(caller="greedy", priority=1))))
    served = []
    while (job := line.first()) is not None:
        line.take(job)
        served.append(job.recipe.seed)
    assert served == [99, 0, 4, 5, 1, 6, 2, 3]


def test_where_memory_runs_out_the_batch_is_halved_and_nothing_is_lost(bench: Bench) -> None:
    recipes = [bench.recipe(seed=seed) for seed in range(5)]
    engine = bench.engine()
    with memory_for(bench, entries=4):
        images = [one.image for one in outcomes(engine, [Job(recipe) for recipe in recipes])]
    with watched(bench) as sizes:
        outcomes(engine, [Job(recipe) for recipe in recipes])
    assert sizes == [10] * 4, "batches stay small though there is room again"
    for recipe, image in zip(recipes, images, strict=True):
        assert difference(image, bench.renderer.render(recipe, Call()).image) <= 1


def test_a_picture_that_does_not_fit_alone_is_refused_and_the_engine_goes_on(bench: Bench) -> None:
    engine = bench.engine()
    large = Job(bench.recipe())
    with memory_for(bench, entries=1):
        submit(engine, [large])
        with pytest.raises(TryAgain, match="64x64 does not fit into this GPU's memory: ask for a smaller picture"):
            large.outcome()
    assert outcomes(engine, [Job(bench.recipe())])[0].image.size == SIZE


def test_where_memory_runs_out_at_the_end_pictures_are_decoded_one_by_one(bench: Bench) -> None:
    vae, seen = loaded(bench).vae, list[int]()

    def full(decoder: Any, args: Any) -> None:
        seen.append(len(args[0]))
        if len(args[0]) > 1:
            raise torch.OutOfMemoryError

    hook = vae.decoder.register_forward_pre_hook(full)
    try:
        images = [one.image for one in outcomes(bench.engine(), [Job(bench.recipe(seed=n)) for n in range(3)])]
    finally:
        hook.remove()
    assert seen == [3, 1, 1, 1]
    assert len({image.tobytes() for image in images}) == 3


def test_what_breaks_one_request_at_its_start_or_its_end_is_told_to_that_one_alone(bench: Bench) -> None:
    engine = bench.engine()
    begin, jobs = engine.begin, [Job(bench.recipe(seed=seed)) for seed in range(3)]

    def breaking(job: Job) -> Row | Rendered:
        if job is jobs[0]:
            raise ZeroDivisionError
        row = begin(job)
        if job is jobs[1] and isinstance(row, Row):
            row.advance = lost
        return row

    engine.begin = breaking
    submit(engine, jobs)
    for job in jobs[:2]:
        with pytest.raises(ZeroDivisionError):
            job.outcome()
    assert jobs[2].outcome().image.size == SIZE


def test_a_picture_with_a_lora_is_the_same_whatever_was_drawn_before(bench: Bench) -> None:
    worn = {"loras": (LoraUse(name="good", sha256=GOOD),)}
    first = bench.renderer.render(bench.recipe(**worn), Call()).image.tobytes()
    for before in ({}, worn, {"loras": (LoraUse(name="other", sha256=OTHER),)}):
        bench.renderer.render(bench.recipe(seed=5, **before), Call())
        assert bench.renderer.render(bench.recipe(**worn), Call()).image.tobytes() == first


def test_what_was_kept_of_a_picture_is_found_for_the_next_like_it_and_counted(bench: Bench) -> None:
    renderer = replace(bench.renderer)
    assert renderer.hit_rates() == {}
    recipe = bench.recipe(loras=(LoraUse(name="good", sha256=GOOD),))
    renderer.render(recipe, Call())
    assert renderer.hit_rates()["loras"] == 0
    renderer.render(recipe, Call())
    rates = renderer.hit_rates()
    assert rates["loras"] == 1 / 2
    assert rates["prompts"] >= 1 / 2
    assert "embedded maps" not in rates


def test_too_many_steps_for_a_sampler_are_refused(bench: Bench) -> None:
    with pytest.raises(TryAgain, match="'lcm' cannot draw in 51 steps"):
        bench.renderer.render(bench.recipe(scheduler="lcm", num_inference_steps=51), Call())


def test_who_waits_behind_a_busy_engine_can_stop(bench: Bench) -> None:
    engine, free, stop = bench.engine(), threading.Event(), threading.Event()
    begin = engine.begin

    def slow(job: Job) -> Row | Rendered:
        free.wait(20)
        return begin(job)

    engine.begin = slow
    jobs = [Job(bench.recipe()), Job(bench.recipe(), call=Call(cancelled=stop))]
    submit(engine, jobs)
    stop.set()
    with pytest.raises(Cancelled):
        jobs[1].outcome()
    free.set()
    assert jobs[0].outcome().image.size == SIZE


def test_one_bad_request_harms_no_other(bench: Bench) -> None:
    bad = Job(bench.recipe(clip_skip=12))
    good = [Job(bench.recipe(seed=seed)) for seed in range(2)]
    submit(bench.engine(), [good[0], bad, good[1]])
    with pytest.raises(TryAgain, match="clip_skip"):
        bad.outcome()
    assert [job.outcome().image.size for job in good] == [SIZE, SIZE]


def test_whatever_breaks_everybody_is_answered_and_the_next_are_drawn(bench: Bench) -> None:
    engine, unet = bench.engine(), loaded(bench).unet
    jobs = [Job(bench.recipe(seed=seed)) for seed in range(3)]
    hook = unet.register_forward_pre_hook(broken)
    try:
        submit(engine, jobs)
        for job in jobs:
            with pytest.raises(ZeroDivisionError):
                job.outcome()
    finally:
        hook.remove()
    assert outcomes(engine, [Job(bench.recipe())])[0].image.size == SIZE


def test_threads_that_render_at_once_get_their_own_pictures(bench: Bench) -> None:
    recipes = [bench.recipe(seed=seed, model=("tiny", "tiny-xl")[seed % 2]) for seed in range(6)]
    alone_ = [bench.renderer.render(recipe, Call()).image for recipe in recipes]
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda recipe: bench.renderer.render(recipe, Call()).image, recipes))
    assert all(difference(a, b) <= 1 for a, b in zip(alone_, made, strict=True))


def test_whatever_a_crowd_of_callers_does_everyone_is_answered(bench: Bench) -> None:
    """Some are cancelled, some wear what does not fit; the rest get their own pictures."""
    rng = random.Random(0)
    loras = [LoraUse(name=name[:1], sha256=name, weight=0.5) for name in (GOOD, OTHER, FOREIGN)]
    recipes = [
        bench.recipe(seed=n, scheduler=rng.choice(get_args(Scheduler)), loras=rng.sample(loras, rng.choice((0, 1, 2))),
                     num_inference_steps=rng.choice((2, 5)), **rng.choice(list(TASKS.values())))
        for n in range(40)
    ]  # fmt: skip

    def ask(recipe: Recipe) -> Rendered | Problem | Cancelled:
        stop = threading.Event()
        until = rng.choice((1, 99, 99, 99))
        try:
            return bench.renderer.render(recipe, Call(lambda done, of: stop.set() if done >= until else None, stop))
        except (Problem, Cancelled) as answer:
            return answer

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, recipes))
    drawn_ = [n for n, answer in enumerate(answers) if isinstance(answer, Rendered)]
    unfit = [n for n, recipe in enumerate(recipes) if loras[2] in recipe.loras]
    assert all(isinstance(answers[n], TryAgain | Cancelled) for n in unfit)
    assert len(drawn_) > 10
    for n in drawn_[:6]:
        answer = answers[n]
        assert isinstance(answer, Rendered)
        assert difference(answer.image, bench.renderer.render(recipes[n], Call()).image) <= 1


def submit(engine: Engine, jobs: list[Job]) -> None:
    """All at once: the engine sees them together."""
    with engine._lock:  # pyright: ignore[reportPrivateUsage]
        for job in jobs[:-1]:
            engine.line.put(job)
    engine.submit(jobs[-1])


def outcomes(engine: Engine, jobs: list[Job]) -> list[Rendered]:
    submit(engine, jobs)
    return [job.outcome() for job in jobs]


def loaded(bench: Bench) -> Any:
    with quiet():
        return bench.renderer.store.model("tiny").pipeline


def calls(bench: Bench, recipes: list[Recipe]) -> list[int]:
    with watched(bench) as sizes:
        outcomes(bench.engine(), [Job(recipe) for recipe in recipes])
    return sizes


@contextmanager
def watched(bench: Bench) -> Iterator[list[int]]:
    """How many entries each call of the UNet has."""
    sizes: list[int] = []
    hook = loaded(bench).unet.register_forward_pre_hook(
        lambda unet, args, given: sizes.append(len(given["sample"])), with_kwargs=True
    )
    try:
        yield sizes
    finally:
        hook.remove()


@contextmanager
def memory_for(bench: Bench, entries: int) -> Iterator[None]:
    """A UNet that runs out of memory above so many entries."""

    def full(unet: Any, args: Any, given: dict[str, Any]) -> None:
        if len(given["sample"]) > entries:
            raise torch.OutOfMemoryError

    hook = loaded(bench).unet.register_forward_pre_hook(full, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def broken(*_: Any) -> None:
    raise ZeroDivisionError


def lost(prediction: torch.Tensor) -> None:
    raise ZeroDivisionError


def difference(one: Image.Image, other: Image.Image) -> int:
    """The largest, in levels of 255."""
    return int(np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).max())
