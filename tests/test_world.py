"""The full edition's world: what it holds, how it is said, and the maps and references that are drawn from it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from picturebook.book import Book
from picturebook.drawing import draw, mask, placements
from picturebook.layouts import LESSONS, Layout, alone, pair, shown, stacked, trio
from picturebook.maps import depth, hole, sketch
from picturebook.scene import COLOURS, KINDS, RARE, Scene, Thing, captions
from picturebook.words import book_words, build_tokenizer, grown

SAVED = Book().pipeline_folder / "tokenizer"


def scene_of(layout: Layout, seed: int = 0) -> Scene:
    return shown(random.Random(seed), layout)


def test_the_world_holds_what_the_full_edition_promises() -> None:
    assert (len(KINDS), len(RARE)) >= (24, 12)


def test_each_rare_thing_is_drawn_like_no_other_and_in_its_colour() -> None:
    drawn = [draw(Scene((Thing(kind, colour),), "snow")).tobytes() for kind in RARE for colour in COLOURS[:2]]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("layout", LESSONS)
def test_things_are_said_where_they_are_drawn_and_do_not_cover_each_other(layout: Layout) -> None:
    for seed in range(6):
        scene = scene_of(layout, seed)
        masks = [mask(scene, index) for index in range(len(scene.things))]
        assert all(own.sum() > 150 for own in masks)
        assert np.sum(masks, axis=0).max() == 1
        for thing in scene.things:
            assert all(thing.colour in caption for caption in captions(scene))


def test_what_is_above_is_drawn_above() -> None:
    for seed in range(10):
        top, bottom = placements(scene_of(stacked, seed))
        assert top.y + top.half < bottom.y + bottom.half - 30


def test_several_alike_are_counted() -> None:
    assert " two " in f" {captions(scene_of(pair))[0]} "
    three = scene_of(trio)
    assert captions(three)[0].startswith("three ")
    assert len({(place.x, place.y) for place in placements(three)}) == 3


def test_new_words_come_after_the_known_ones_which_keep_their_numbers() -> None:
    from transformers import CLIPTokenizer

    before = CLIPTokenizer.from_pretrained(SAVED)
    after = grown(before)
    numbers = after.get_vocab()
    assert {word: numbers[word] for word in before.get_vocab()} == before.get_vocab()
    assert all(len(after.tokenize(word)) == 1 for word in book_words())
    assert grown(after).get_vocab() == numbers


def test_a_vocabulary_from_nothing_needs_no_growing() -> None:
    made = build_tokenizer()
    assert grown(made).get_vocab() == made.get_vocab()


def test_a_depth_map_has_its_things_nearest() -> None:
    scene = scene_of(stacked, 3)
    near = depth(scene)
    grounds = ~np.logical_or(mask(scene, 0), mask(scene, 1))
    assert np.median(near[mask(scene, 1)]) > np.median(near[mask(scene, 0)]) > near[grounds].mean()


def test_a_sketch_has_lines_and_a_hole_is_in_the_picture() -> None:
    rng = random.Random(2)
    for seed in range(8):
        scene = scene_of(alone, seed)
        assert 100 < sketch(scene, draw(scene), rng).sum() < 128 * 64
        assert 50 < hole(scene, rng).sum() < 128 * 128
