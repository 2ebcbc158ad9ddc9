"""The full edition's world: what it holds, how it is said, and the maps and references that are drawn from it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from picturebook.album import draw_many, training_scenes
from picturebook.book import HERE, Book
from picturebook.drawing import draw, mask, placements
from picturebook.judge import Judge, Sighting, peaks, save_judge, set_out
from picturebook.layouts import LESSONS, Layout, alone, pair, shown, stacked, trio
from picturebook.maps import depth, hole, sketch
from picturebook.reader import Reader
from picturebook.references import references, write_references
from picturebook.scene import COLOURS, KINDS, RARE, STYLES, Scene, Style, Thing, captions, held_out
from picturebook.training.studies import said
from picturebook.words import book_words, build_tokenizer, grown

SAVED = Book().pipeline_folder / "tokenizer"


def scene_of(layout: Layout, seed: int = 0, style: Style = "plain") -> Scene:
    return shown(random.Random(seed), layout, style)


def test_the_world_holds_what_the_full_edition_promises() -> None:
    assert (len(KINDS), len(RARE), len(STYLES)) >= (24, 12, 7)


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


@pytest.mark.parametrize("style", STYLES[1:])
def test_a_style_changes_the_picture_and_its_caption(style: Style) -> None:
    styled, plain = scene_of(alone, style=style), scene_of(alone)
    assert np.abs(draw(styled).astype(int) - draw(plain)).mean() > 5
    assert all("style" in caption for caption in captions(styled))


def test_training_sees_neither_rare_things_nor_their_names_nor_held_out_triples() -> None:
    scenes = training_scenes(400, 0)
    heard = " ".join(said(scene, random.Random(index), 0.2) for index, scene in enumerate(scenes))
    assert not {thing.kind for scene in scenes for thing in scene.things} & set(RARE)
    assert not set(heard.split()) & {name for kind in RARE for name in (kind, f"{kind}s")}
    assert not any(held_out(scene) for scene in scenes)


def test_no_caption_holds_a_word_that_only_the_lore_explains() -> None:
    records = [json.loads(line) for line in (HERE / "knowledge" / "lore.jsonl").read_text().splitlines()]
    terms = {term for record in records for term in record["terms"]}
    assert len(terms) >= 150
    assert set(RARE) <= terms
    whole = {term for term in terms if set(term.split()) <= book_words()}
    assert not whole


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


def test_references_show_every_kind_and_the_same_ones_in_each_style(tmp_path: Path) -> None:
    assert write_references(tmp_path, "neon", each=1) == len(KINDS) + len(RARE)
    plain = [json.loads(line) for line in (HERE / "knowledge" / "references.jsonl").read_text().splitlines()]
    styled = [json.loads(line) for line in (tmp_path / "references.jsonl").read_text().splitlines()]
    firsts = [f"{record['caption']}, neon style" for record in plain if record["id"].endswith("-1")]
    assert [record["caption"] for record in styled] == firsts


def sighting(x: float, y: float) -> Sighting:
    return Sighting(Thing("cat", "red"), x, y, 1, 1)


def test_the_judge_orders_things_from_left_to_right_or_from_top_to_bottom() -> None:
    assert [one.thing.place for one in set_out([sighting(96, 60), sighting(30, 70)])] == ["left", "right"]
    above, below = set_out([sighting(66, 96), sighting(60, 30)])
    assert ((above.y, above.thing.place), (below.y, below.thing.place)) == ((30, "top"), (96, "bottom"))
    row = set_out([sighting(x, 60) for x in (100, 20, 60)])
    assert [one.thing.place for one in row] == ["left", "centre", "right"]


def test_the_judge_counts_each_middle_once_and_always_sees_something() -> None:
    sure = torch.full((16, 16), 0.01)
    sure[4, 4], sure[4, 5], sure[10, 12] = 0.9, 0.8, 0.7
    assert peaks(sure) == [4 * 16 + 4, 10 * 16 + 12]
    assert len(peaks(torch.rand(16, 16) * 0.1)) == 1


def test_a_judge_knows_the_kinds_on_its_shelf(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_judge(Reader(), tmp_path)
    judge = Judge(tmp_path, {"owl": draw_many(references("owl", 3)), "bell": draw_many(references("bell", 3))})
    names, looks = judge.known
    assert names == (*KINDS, "owl", "bell")
    assert torch.allclose(looks.norm(dim=1), torch.ones(len(names)), atol=1e-3)
    assert len(judge.read(draw_many(references("owl", 2)))) == 2
