"""Two engines behind Ray Serve draw what one draws here, and when one is killed nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from knowledge.problems import TryAgain
from knowledge.recipe import Recipe
from tests import tiny_models
from tools.call import Call
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.model_files import KnownModel
from tools.engine.waiting_line import Busy
from tools.renderer import Cancelled, Renderer

pytestmark = pytest.mark.scale
ray = pytest.importorskip("ray")


def engine(folder: str) -> Renderer:
    """As each replica makes its own."""
    known = {name: KnownModel(f"{folder}/{name}", name, {}, 64) for name in ("tiny", "tiny-xl")}
    return EngineRenderer({}.__getitem__, {}.__getitem__, known, "cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tiny_models.sd15(folder / "tiny")
    tiny_models.sdxl(folder / "tiny-xl")
    return folder


@pytest.fixture(scope="module")
def renderer(folder: Path) -> Iterator[Any]:
    from tools.engine.ray_renderer import RayRenderer

    renderer = RayRenderer.of(partial(engine, str(folder)), "auto", replicas=2, room=4)
    try:
        yield renderer
    finally:
        renderer.close()


def recipe(**changes: Any) -> Recipe:
    plain = {"model": "tiny", "prompt": "a fox", "width": 64, "height": 64, "num_inference_steps": 4}
    return Recipe.model_validate(plain | changes)


def replicas() -> list[Any]:
    named = ray.util.list_named_actors(all_namespaces=True)
    return [ray.get_actor(**one) for one in named if one["name"].startswith("SERVE_REPLICA")]


def test_it_listens_on_loopback_alone(renderer: Any) -> None:
    mine = psutil.Process().children(recursive=True)
    assert len(mine) > 3
    heard = [link.laddr.ip for one in mine for link in one.net_connections() if link.status == psutil.CONN_LISTEN]
    assert heard
    assert {ip for ip in heard if not ip.startswith("127.") and ip not in ("::1", "::ffff:127.0.0.1")} == set()


def test_it_draws_what_one_engine_draws_here(renderer: Any, folder: Path) -> None:
    here = engine(str(folder))
    steps: list[tuple[int, int]] = []
    made = renderer.render(recipe(seed=5), Call(lambda done, of: steps.append((done, of))))
    assert made.image.tobytes() == here.render(recipe(seed=5), Call()).image.tobytes()
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert renderer.tokens("tiny", "fox") == here.tokens("tiny", "fox")
    assert (renderer.family("tiny-xl"), renderer.side("tiny")) == ("tiny-xl", 64)
    with pytest.raises(TryAgain, match="clip_skip"):
        renderer.render(recipe(clip_skip=12), Call())


def test_a_picture_is_cancelled_where_it_is_drawn(renderer: Any) -> None:
    stop = threading.Event()
    with pytest.raises(Cancelled):
        renderer.render(recipe(num_inference_steps=200), Call(lambda done, of: stop.set(), stop))
    assert renderer.render(recipe(), Call()).image.size == (64, 64)


def test_a_replica_that_is_killed_while_it_draws_loses_nothing(renderer: Any, folder: Path) -> None:
    recipes = [recipe(seed=seed, num_inference_steps=30, model=("tiny", "tiny-xl")[seed % 2]) for seed in range(6)]
    begun = [threading.Event() for _ in recipes]

    def ask(number: int) -> Any:
        return renderer.render(recipes[number], Call(lambda done, of: begun[number].set()))

    with ThreadPoolExecutor(len(recipes)) as pool:
        asked = [pool.submit(ask, number) for number in range(len(recipes))]
        assert all(one.wait(60) for one in begun)
        ray.kill(replicas()[0])
        made = [one.result(120) for one in asked]
    here = engine(str(folder))
    for one, wanted in zip(made, recipes, strict=True):
        expected = here.render(wanted, Call()).image
        assert np.abs(np.asarray(one.image, np.int16) - np.asarray(expected, np.int16)).max() <= 1


def test_who_comes_when_too_many_wait_is_told_when_to_ask_again(renderer: Any) -> None:
    """A replica takes 16, and 4 wait; the one that was killed may be back by now or not."""

    def ask(seed: int) -> Any:
        try:
            return renderer.render(recipe(seed=seed, num_inference_steps=30), Call())
        except Busy as busy:
            return busy

    with ThreadPoolExecutor(48) as pool:
        answers = list(pool.map(ask, range(48)))
    turned_away = [one for one in answers if isinstance(one, Busy)]
    assert 0 < len(turned_away) <= 28
    assert all(one.retry_after >= 1 for one in turned_away)
