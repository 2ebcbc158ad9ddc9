"""Models are loaded one after another, whichever threads ask for them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from pathlib import Path

import pytest

from agent.settings import read_settings
from agent.workshop import bare_bench
from knowledge.clip_embedder import ClipEmbedder
from knowledge.loading import LOADING
from knowledge.recipe import Recipe
from tools.call import Call

A_WHILE = 0.5
"""Seconds; what does not wait is done earlier, or fails."""


def encoded(book: Path) -> None:
    ClipEmbedder(str(book / "models" / "clip")).texts(["a fox"])


def drawn(book: Path) -> None:
    recipe = Recipe(model="picturebook", prompt="a fox", num_inference_steps=1, width=64, height=64)
    bare_bench(read_settings()).renderer.render(recipe, Call())


@pytest.mark.parametrize("load", [encoded, drawn])
def test_a_model_waits_until_another_is_loaded(load: Callable[[Path], None], book: Path) -> None:
    load(book)  # what it imports is there by now
    with ThreadPoolExecutor(1) as pool:
        with LOADING:
            loading = pool.submit(load, book)
            with pytest.raises(Late):
                loading.result(A_WHILE)
        loading.result()


def test_encoders_and_painters_are_loaded_at_the_same_time_from_many_threads(book: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(load, book) for _ in range(3) for load in (encoded, drawn)]:
            done.result()
