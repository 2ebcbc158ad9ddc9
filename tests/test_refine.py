"""A refined picture is the same picture but for what was asked: proved on drawings whose things are known."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from agent.settings import Settings
from agent.workshop import open_workshop
from knowledge.picture import Picture
from knowledge.problems import TryAgain
from knowledge.recipe import Patch, Recipe
from picturebook.book import Book
from picturebook.drawing import draw, mask
from picturebook.judge import Judge
from picturebook.scene import Scene, captions, held_out_scene
from tools.call import Call
from tools.locate import Locator
from tools.render import PictureRenderer
from tools.toolbox import Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return open_workshop(Settings(data=tmp_path_factory.mktemp("data"))).bench


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Book().judge()


@pytest.fixture(scope="module")
def pair(bench: Bench) -> Picture:
    return drawn(bench, "a red house and a green tree in a meadow")


def drawn(bench: Bench, prompt: str, **fields: object) -> Picture:
    recipe = Recipe.model_validate({"prompt": prompt, "seed": 4} | fields)
    return PictureRenderer(bench.renderer, bench.gallery).render(recipe, Call())


def pixels(bench: Bench, picture: Picture) -> np.ndarray:
    return np.asarray(bench.gallery.image(picture.id))


def things(judge: Judge, picture: np.ndarray) -> set[tuple[str, str]]:
    (scene,) = judge.read(picture[None])
    return {(thing.colour, thing.kind) for thing in scene.things}


def test_the_house_turns_blue_and_not_one_pixel_of_the_tree_moves(bench: Bench, pair: Picture, judge: Judge) -> None:
    patch = Patch(prompt="a blue house and a green tree in a meadow")
    after = bench.refiner.refine(pair.id, patch, Call(), keep=("the tree",))
    assert things(judge, pixels(bench, after)) == {("blue", "house"), ("green", "tree")}
    assert after.recipe.mask_id is not None
    kept = np.asarray(bench.gallery.image(after.recipe.mask_id).convert("L")) < 128
    assert 0.03 < kept.mean() < 0.4
    assert (pixels(bench, after)[kept] == pixels(bench, pair)[kept]).all()
    assert after.provenance.parent_id == pair.id
    assert after.provenance.decisions[-1].why.endswith("kept the tree")


def test_only_the_house_changes(bench: Bench, pair: Picture, judge: Judge) -> None:
    patch = Patch(prompt="a blue house and a green tree in a meadow")
    after = bench.refiner.refine(pair.id, patch, Call(), only=("the red house",))
    assert things(judge, pixels(bench, after)) == {("blue", "house"), ("green", "tree")}
    moved = (pixels(bench, after) != pixels(bench, pair)).any(axis=2)
    assert 0.05 < moved.mean() < 0.35
    assert after.provenance.decisions[-1].why.endswith("only the red house")


def test_what_is_not_mentioned_stays_the_seed_too(bench: Bench, pair: Picture) -> None:
    after = bench.refiner.refine(pair.id, Patch(num_inference_steps=6), Call())
    assert pair.recipe.patch_to(after.recipe) == Patch(num_inference_steps=6)
    difference = bench.comparer.compare(pair.id, after.id)
    assert difference.patch == Patch(num_inference_steps=6)
    assert difference.moved is not None
    assert difference.moved > 0.1
    assert bench.comparer.compare(pair.id, pair.id).moved == 0


def test_a_thing_is_found_where_it_was_drawn(bench: Bench) -> None:
    overlaps = [overlap for number in range(8) for overlap in found(bench, number)]
    assert np.mean(overlaps) > 0.65
    assert min(overlaps) > 0.3


def found(bench: Bench, number: int) -> Iterator[float]:
    """Intersection over union of each thing's mask with its true one."""
    rng = random.Random(number)
    scene: Scene = held_out_scene(rng, 2)
    recipe = Recipe(prompt=rng.choice(captions(scene)))
    for index, thing in enumerate(scene.things):
        named = (f"the {thing.colour} {thing.kind}",)
        (said,) = Locator(bench.renderer).masks(recipe, Image.fromarray(draw(scene)), named)
        seen, true = np.asarray(said) > 127, mask(scene, index)
        yield float((seen & true).sum() / (seen | true).sum())


def test_a_change_that_changes_nothing_is_refused(bench: Bench, pair: Picture) -> None:
    with pytest.raises(TryAgain, match="This changes nothing"):
        bench.refiner.refine(pair.id, Patch(seed=4), Call())


def test_pixels_cannot_be_kept_at_another_size(bench: Bench, pair: Picture) -> None:
    with pytest.raises(TryAgain, match=r"only at the picture's own size, 128x128"):
        bench.refiner.refine(pair.id, Patch(width=192), Call(), keep=("the tree",))


@pytest.mark.parametrize("name", ["", "the", "…"])
def test_what_is_kept_needs_a_name(bench: Bench, pair: Picture, name: str) -> None:
    with pytest.raises(TryAgain, match="name a thing"):
        bench.refiner.refine(pair.id, Patch(seed=5), Call(), keep=(name,))
