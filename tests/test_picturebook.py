"""The small world: its scenes, its drawings, its judge, and the models as the repository ships them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from picturebook.book import Book
from picturebook.drawing import draw, mask
from picturebook.edges import edge_f1, edges
from picturebook.scene import (
    BACKGROUNDS,
    COLOURS,
    KINDS,
    STYLES,
    TRIGGERS,
    Scene,
    Thing,
    any_scene,
    captions,
    held_out,
    held_out_scene,
    training_scene,
)

book = pytest.mark.skipif(not Book().pipeline_folder.joinpath("model_index.json").exists(), reason="no weights yet")


def scenes(count: int, seed: int = 0) -> list[Scene]:
    rng = random.Random(seed)
    return [any_scene(rng) for _ in range(count)]


def test_the_world_is_as_large_as_promised() -> None:
    assert (len(KINDS), len(COLOURS), len(BACKGROUNDS)) >= (20, 10, 7)


def test_a_scene_is_always_drawn_the_same_way() -> None:
    for scene in scenes(5):
        assert np.array_equal(draw(scene), draw(scene))
        assert draw(scene).shape == (128, 128, 3)


def test_every_kind_colour_and_background_changes_the_picture() -> None:
    def alone(kind: str = "cat", colour: str = "red", background: str = "meadow") -> bytes:
        return draw(Scene((Thing(kind, colour),), background)).tobytes()  # pyright: ignore[reportArgumentType]

    assert len({alone(kind=kind) for kind in KINDS}) == len(KINDS)
    assert len({alone(colour=colour) for colour in COLOURS}) == len(COLOURS)
    assert len({alone(background=background) for background in BACKGROUNDS}) == len(BACKGROUNDS)


def test_two_things_stand_apart_and_each_has_its_own_pixels() -> None:
    for scene in scenes(20):
        masks = [mask(scene, index) for index in range(len(scene.things))]
        assert all(own.sum() > 400 for own in masks)
        if len(masks) == 2:
            assert not (masks[0] & masks[1]).any()
            assert np.argwhere(masks[0])[:, 1].mean() < np.argwhere(masks[1])[:, 1].mean()


def test_training_never_sees_a_held_out_triple() -> None:
    rng = random.Random(1)
    assert not any(held_out(training_scene(rng)) for _ in range(300))
    assert all(held_out(held_out_scene(rng)) for _ in range(30))


def test_every_caption_names_everything_in_the_scene() -> None:
    for scene in scenes(20):
        for caption in captions(scene):
            for thing in scene.things:
                assert f"{thing.colour} {thing.kind}" in caption


def test_edges_follow_themselves_and_not_another_drawing() -> None:
    first, second = (edges(draw(scene)) for scene in scenes(2, seed=3))
    assert edge_f1(first, first) == 1
    assert edge_f1(first, second) < 0.6


@book
def test_the_weights_are_few_half_precision_and_no_pickles() -> None:
    from safetensors import safe_open

    files = [path for path in Book().models.rglob("*") if path.is_file()]
    weights = [path for path in files if path.suffix == ".safetensors"]
    assert not [path for path in files if path.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl"}]
    assert sum(path.stat().st_size for path in weights) <= 40e6
    for path in weights:
        with safe_open(path, "pt") as opened:
            kinds = {opened.get_slice(name).get_dtype() for name in opened.keys()}  # noqa: SIM118
        assert kinds <= {"F16", "I64"}, path.name


@book
def test_the_pipeline_is_one_that_diffusers_opens_by_itself() -> None:
    from diffusers import DiffusionPipeline, StableDiffusionPipeline

    opened = DiffusionPipeline.from_pretrained(Book().pipeline_folder, local_files_only=True)
    assert isinstance(opened, StableDiffusionPipeline)


@book
@pytest.mark.parametrize("style", STYLES[1:])
def test_the_loras_say_who_they_are(style: str) -> None:
    from knowledge.lora_files import read_card

    card = read_card(Book().lora(style))  # pyright: ignore[reportArgumentType]
    assert card.base_model == "picturebook"
    assert TRIGGERS[style] in card.trigger_words  # pyright: ignore[reportArgumentType]


@book
def test_the_judge_reads_fresh_drawings() -> None:
    asked = scenes(60, seed=9)
    seen = Book().judge().read(np.stack([draw(scene) for scene in asked]))
    right = [
        (want.things, want.background) == (got.things, got.background) for want, got in zip(asked, seen, strict=True)
    ]
    assert sum(right) >= 54


@book
def test_the_painter_paints_what_it_is_told() -> None:
    """A few held-out wishes; the full figures are `python -m picturebook evaluate`'s."""
    from picturebook.examiner import painted

    rng = random.Random(4)
    asked = [held_out_scene(rng, 1) for _ in range(8)]
    seen = Book().judge().read(painted(Book().pipeline(), [captions(scene)[0] for scene in asked]))
    kinds = [want.things[0].kind == got.things[0].kind for want, got in zip(asked, seen, strict=True)]
    grounds = [want.background == got.background for want, got in zip(asked, seen, strict=True)]
    assert sum(kinds) >= 6
    assert sum(grounds) >= 6


def test_the_model_card_names_every_figure(tmp_path: Path) -> None:
    from benchmarks.results import rate
    from picturebook.card import write_card

    write_card(tmp_path, [rate("PB1", "the judge", [True] * 99 + [False], 0.99)])
    assert "PB1" in (tmp_path / "README.md").read_text()
