"""A renderer in a process of its own draws what it draws here, and whatever ends that process costs no picture."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from knowledge.problems import GiveUp, TryAgain
from knowledge.recipe import ControlUse, LoraUse, Recipe
from tests.fragile_renderer import ending, engine, fragile, hanging, refusing
from tools.call import Asked, Call
from tools.engine.messages import Ask, Unforeseen
from tools.engine.orders import FALLS, Order, Orders
from tools.engine.supervisor import SupervisedRenderer
from tools.engine.waiting_line import Busy
from tools.renderer import Cancelled, Renderer

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Two:
    """The same engine there and here, and recipes with all that they need."""

    there: SupervisedRenderer
    here: Renderer
    recipes: list[Recipe]


@pytest.fixture(scope="module")
def two(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    models, folder = book / "models", tmp_path_factory.mktemp("gallery")
    gallery = Gallery(folder)
    picture = Image.effect_mandelbrot((128, 128), (-2, -1, 1, 1), 30).convert("RGB")
    mask = Image.new("RGB", (128, 128))
    ImageDraw.Draw(mask).rectangle((32, 48, 79, 127), fill="white")
    begun, hole = gallery.keep(picture), gallery.keep(mask)
    lora = LoraShelf((models / "loras",)).cards()[0]
    plain = Recipe(prompt="a red house", num_inference_steps=4)
    changes = [
        {"loras": (LoraUse(name=lora.name, sha256=lora.sha256),), "scheduler": "dpmpp_2m"},
        {"controls": (ControlUse(kind="canny", image_id=begun),), "scheduler": "euler_a"},
        {"init_image_id": begun, "mask_id": hole},
    ]
    with closing(SupervisedRenderer(partial(engine, models, folder))) as there:
        yield Two(there, engine(models, folder), [plain.model_copy(update=change) for change in changes])


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("memory")


@pytest.fixture(scope="module")
def frail(memory: Path) -> Iterator[SupervisedRenderer]:
    with closing(SupervisedRenderer(partial(fragile, memory))) as renderer:
        yield renderer


def test_a_picture_drawn_elsewhere_is_the_same_byte_for_byte(two: Two) -> None:
    steps: list[tuple[int, int]] = []
    seen: list[Image.Image] = []
    looking = Call(lambda done, of: steps.append((done, of)), on_preview=seen.append)
    for recipe in two.recipes:
        there, here = two.there.render(recipe, looking), two.here.render(recipe, Call())
        assert there.image.tobytes() == here.image.tobytes()
        assert there.versions == here.versions
        assert set(there.seconds) == set(here.seconds)
    assert steps[:4] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [preview.size for preview in seen] == [(16, 16)] * len(steps)


def test_what_a_model_is_like_is_asked_elsewhere_too(two: Two) -> None:
    def known(renderer: Renderer) -> tuple[object, ...]:
        name = "picturebook"
        kind = renderer.family(name), renderer.side(name), renderer.controls(name), renderer.looks(name)
        return *kind, renderer.tokens(name, "a red house")

    assert known(two.there) == known(two.here)
    there, here = (one.attended(two.recipes[0], Image.new("RGB", (128, 128))) for one in (two.there, two.here))
    two.there.render(two.recipes[0], Call())
    assert two.there.hit_rates()["prompts"] > 0
    assert [one.word for one in there] == [one.word for one in here]
    assert all((one.heat == other.heat).all() for one, other in zip(there, here, strict=True))


def test_a_process_killed_while_it_draws_costs_no_picture(two: Two) -> None:
    victim = two.there.pid
    assert victim is not None

    def kill(done: int, of: int) -> None:
        if two.there.pid == victim and done == 2:
            os.kill(victim, signal.SIGKILL)

    calls = [Call(kill if n == 0 else None, asked=Asked(strict=True)) for n in range(3)]
    with ThreadPoolExecutor(3) as pool:
        there = [drawn.image for drawn in pool.map(two.there.render, two.recipes, calls)]
    assert two.there.pid != victim
    assert [image.tobytes() for image in there] == [two.here.render(one, Call()).image.tobytes() for one in two.recipes]


def test_what_cannot_be_drawn_is_refused_in_the_same_words(two: Two) -> None:
    for change in ({"loras": (LoraUse(name="gone", sha256="0" * 64),)}, {"init_image_id": "0" * 64}):
        recipe = two.recipes[0].model_copy(update=change)
        said: list[str] = []
        for renderer in (two.there, two.here):
            with pytest.raises(TryAgain) as refusal:
                renderer.render(recipe, Call())
            said.append(str(refusal.value))
        assert said[0] == said[1]


@pytest.mark.parametrize("end", ["segfault", "exit", "kill"])
def test_however_the_process_ends_once_the_picture_is_drawn(frail: SupervisedRenderer, end: str) -> None:
    assert colour(frail, f"once {end}", 40) == 40


def test_a_picture_that_always_ends_the_process_takes_no_other_with_it(frail: SupervisedRenderer) -> None:
    """Four are in hand when the fifth ends their process for the first time."""
    begun = threading.Semaphore(0)
    with ThreadPoolExecutor(5) as pool:
        four = [
            pool.submit(colour, frail, "held once", seed, Call(lambda done, of: begun.release())) for seed in range(4)
        ]
        for _ in four:
            assert begun.acquire(timeout=30)
        fifth = pool.submit(colour, frail, "always kill", 5)
        assert [one.result(60) for one in four] == [0, 1, 2, 3]
        with pytest.raises(GiveUp, match=r"'big' brought the process that draws down 3 times \(SIGKILL\)"):
            fifth.result(60)
    assert colour(frail, "calm", 6) == 6


def test_who_is_cancelled_is_let_go_of_elsewhere_too(frail: SupervisedRenderer) -> None:
    stop = threading.Event()
    with pytest.raises(Cancelled):
        colour(frail, "held", 1, Call(lambda done, of: stop.set(), stop))
    assert colour(frail, "after it", 7) == 7


def test_who_cannot_wait_for_the_process_to_start_need_not(memory: Path) -> None:
    renderer = SupervisedRenderer(partial(fragile, memory))
    with closing(renderer), pytest.raises(TryAgain, match=r"within 0\.01 s"):
        colour(renderer, "late", 1, Call(asked=Asked(within=0.01)))


def test_a_full_line_says_there_too_when_to_ask_again(frail: SupervisedRenderer) -> None:
    with pytest.raises(Busy, match="64 pictures are waiting already: ask again in 8 s") as busy:
        colour(frail, "busy", 1)
    assert busy.value.retry_after == 7.5


def test_what_breaks_there_is_told_by_type_and_text_and_where_only_to_the_log(frail: SupervisedRenderer) -> None:
    with pytest.raises(Unforeseen) as broken:
        colour(frail, "broken", 1)
    assert str(broken.value) == "LookupError: no such shelf"
    assert "fragile_renderer.py" in "".join(traceback.format_exception(broken.value))


def test_a_question_about_no_model_breaks_nothing(frail: SupervisedRenderer) -> None:
    with pytest.raises(Unforeseen, match="KeyError"):
        frail.family("unknown")
    assert frail.family("big") == "sdxl"


def test_ctrl_c_in_the_terminal_is_for_the_program_alone(frail: SupervisedRenderer) -> None:
    colour(frail, "calm", 1)
    before = frail.pid
    assert before is not None
    os.kill(before, signal.SIGINT)
    assert colour(frail, "calm", 2) == 2
    assert frail.pid == before


def test_closing_ends_the_process_and_answers_whoever_waits(memory: Path) -> None:
    renderer, begun = SupervisedRenderer(partial(fragile, memory)), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(colour, renderer, "held", 1, Call(lambda done, of: begun.set()))
        assert begun.wait(30)
        ended = renderer.pid
        renderer.close()
        with pytest.raises(Cancelled):
            waiting.result(30)
    assert ended is not None
    with pytest.raises(ProcessLookupError):
        os.kill(ended, 0)
    with pytest.raises(Cancelled):
        renderer.side("big")


def test_the_process_ends_with_a_program_that_is_killed_and_that_has_loaded_no_model_library(memory: Path) -> None:
    """The process shares its program's stdout, which is read until both are gone."""
    script = f"""
import os, signal, sys
from functools import partial
from pathlib import Path
from knowledge.recipe import Recipe
from tests.fragile_renderer import fragile
from tools.call import Call
from tools.engine.supervisor import SupervisedRenderer
renderer = SupervisedRenderer(partial(fragile, Path({str(memory)!r})))
renderer.render(Recipe(prompt="calm", seed=3), Call())
print(sorted({{"torch", "diffusers", "transformers"}} & set(sys.modules)), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "[]\n")


def test_why_there_can_be_no_renderer_is_told_to_all_who_ask() -> None:
    with closing(SupervisedRenderer(partial(refusing, "There is no device 'cuda' here."))) as renderer:
        for _ in range(2):
            with pytest.raises(GiveUp, match="There is no device 'cuda'"):
                renderer.side("big")


@pytest.mark.parametrize(("make", "within", "how"), [(ending, 60, "exit code 4"), (hanging, 0.5, "SIGKILL")])
def test_a_process_that_does_not_start_is_given_up(make: Callable[[], Renderer], within: float, how: str) -> None:
    renderer = SupervisedRenderer(make, within)
    with closing(renderer), pytest.raises(GiveUp, match=rf"did not start in 3 tries \({how}\)"):
        renderer.side("big")


def test_what_cannot_be_sent_to_another_process_is_said_at_once() -> None:
    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        SupervisedRenderer(lambda: refusing("never asked"))


def test_what_nobody_wants_any_more_is_not_blamed_on_its_neighbour() -> None:
    orders = Orders()
    for _ in range(FALLS):
        for number in (1, 2):
            orders.put(order(number))
            orders.take(order(number))
        orders.forget(1)
        assert orders.fell() == []
    assert [one.number for one in orders.due()] == [2]


def test_after_a_fall_the_suspects_are_tried_one_by_one_before_all_others() -> None:
    orders = Orders()
    for number in (1, 2, 3):
        orders.put(order(number))
    for one in orders.due()[:2]:
        orders.take(one)
    orders.fell()
    tried: list[list[int]] = []
    while due := orders.due():
        tried.append([one.number for one in due])
        orders.take(due[0])
        assert orders.due() == [] or not due[0].suspect
        orders.ended(due[0].number)
    assert tried == [[1], [2], [3]]


def colour(renderer: Renderer, prompt: str, seed: int, call: Call | None = None) -> int:
    """What the fragile renderer draws."""
    image = renderer.render(Recipe(model="big", prompt=prompt, seed=seed), call or Call()).image
    pixel = image.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel[0]


def order(number: int) -> Order:
    return Order(number, Ask("side", "big", ("big",)), Future[object]().set_result)
