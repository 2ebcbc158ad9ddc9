"""The proof asks for exactly what its prompts say, draws nothing twice, and reckons as statisticians do."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.settings import Settings
from benchmarks.cheap_studio import CheapStudio
from benchmarks.faithful.intervals import corrected, mean_of_means, ratio
from benchmarks.faithful.prompts import COUNTS, SUITES, Task, exchanged, tasks
from benchmarks.faithful.rare_words import rare_words
from benchmarks.faithful.renderers import KeptRenderer, shape
from benchmarks.faithful.sources import everything
from benchmarks.faithful.specification import (
    ATTRIBUTES,
    Asked,
    Specification,
    as_scene,
    broken,
    content,
    marks,
    specified,
    whole,
)
from benchmarks.faithful.study import Study
from benchmarks.faithful.systems import ALL, BASE, PARTS, SYSTEMS, alone, without
from benchmarks.faithful.trials import Trial, TrialBook
from benchmarks.faithfulness import SUITE
from benchmarks.suite import Extent
from knowledge.recipe import ControlUse, LoraUse, Recipe
from picturebook.layouts import HEIGHTS, SIDES, at
from picturebook.scene import COLOURS, KINDS, Scene, Thing, captions
from picturebook.vocabulary import book_words
from tools.call import Call
from tools.critique import Verdict

CAT, STAR = Asked("cat", "blue"), Asked("star", "yellow")


def some_tasks(suite: str, seed: int = 0) -> list[Task]:
    return tasks(suite, 24, seed)


@pytest.mark.parametrize("suite", SUITES)
def test_a_scene_made_from_a_specification_shows_just_that(suite: str) -> None:
    rng = random.Random(suite)
    for task in some_tasks(suite):
        assert specified(as_scene(task.wanted), task.wanted.order) == replace(task.wanted, unchanged=())
        assert whole(task.wanted, as_scene(task.wanted))
        assert not whole(task.wanted, as_scene(broken(task.wanted, rng)))


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_is_made_from_its_seed(suite: str) -> None:
    assert COUNTS[suite] >= 100
    assert some_tasks(suite) == some_tasks(suite) != some_tasks(suite, seed=1)


@pytest.mark.parametrize("suite", ["single", "two objects", "counting", "relations", "colour binding"])
def test_what_is_known_is_said_as_captions_say_it(suite: str) -> None:
    for task in some_tasks(suite):
        assert task.prompt in captions(as_scene(task.wanted))


def test_a_relation_is_one_that_the_prompt_says() -> None:
    for task in some_tasks("relations"):
        assert any(word in task.prompt for word in ("left", "right", "above", "below", "top"))
        assert not whole(task.wanted, as_scene(replace(task.wanted, things=task.wanted.things[::-1])))


def test_colours_are_exchanged_between_two_prompts_of_one_seed() -> None:
    every = some_tasks("colour binding")
    for one, other in zip(every[::2], every[1::2], strict=True):
        assert one.seed == other.seed
        assert specified(exchanged(as_scene(one.wanted))) == other.wanted


def test_rare_words_are_in_no_caption_and_there_are_many() -> None:
    words, known = rare_words(), book_words()
    said = [term for terms in (words.kinds, words.colours, words.places, words.unseen) for term, _ in terms]
    assert len(set(said)) >= 150
    assert all(known.isdisjoint(term.lower().split()) for term in said)


def test_neither_a_sketch_nor_a_swap_is_told_in_words() -> None:
    assert all(task.wanted.things[0].kind not in task.prompt for task in some_tasks("sketch"))
    swaps = some_tasks("style by database")
    assert all(task.wanted.style not in task.prompt and task.database for task in swaps)
    assert all(one.prompt == other.prompt for one, other in zip(swaps[::2], swaps[1::2], strict=True))


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (Scene(at(SIDES, Thing("cat", "blue"), Thing("star", "yellow")), "night"), ()),
        (Scene(at(SIDES, Thing("star", "yellow"), Thing("cat", "blue")), "night"), ("relation",)),
        (Scene(at(HEIGHTS, Thing("cat", "blue"), Thing("star", "yellow")), "night"), ("relation",)),
        (Scene(at(SIDES, Thing("cat", "yellow"), Thing("star", "blue")), "night"), ("colour",)),
        (Scene(at(SIDES, Thing("cat", "blue"), Thing("cat", "blue")), "night"), ATTRIBUTES[:4]),
        (Scene((Thing("cat", "blue"),), "sea", "neon"), ATTRIBUTES),
    ],
)
def test_a_picture_is_told_attribute_by_attribute(seen: Scene, wrong: tuple[str, ...]) -> None:
    wanted = Specification((CAT, STAR), "night", order="beside")
    assert tuple(name for name, right in marks(wanted, seen).items() if not right) == wrong


def test_the_content_is_all_but_the_style() -> None:
    wanted = Specification((CAT,), "night", "neon")
    plain = Scene((Thing("cat", "blue"),), "night")
    assert content(wanted, plain)
    assert not whole(wanted, plain)
    assert not content(wanted, replace(plain, background="sea"))


def test_each_part_is_a_field_that_users_have() -> None:
    (task, *_), (swap, *_) = some_tasks("unseen objects"), some_tasks("style by database")
    (drawn,) = tasks("sketch", 1, 0)
    base, every = BASE.wish(task, None), ALL.wish(task, None)
    assert (base.retrieve, base.style, base.tries, base.control) == (False, False, 1, None)
    assert (every.retrieve, every.rewrite, every.references, every.style) == (True, True, True, True)
    assert every.collections == ("lore", "references")
    assert ALL.wish(swap, None).collections == ("lore", swap.database)
    assert ALL.wish(drawn, "0" * 64).control == "scribble:none"
    assert without("control").wish(drawn, "0" * 64).reference_id is None
    changed = [without(part).wish(drawn, "0" * 64) != ALL.wish(drawn, "0" * 64) for part in PARTS if part != "edit"]
    assert all(changed)
    assert alone("text").parts == {"text", "rewrite"}


def test_an_interval_is_what_theory_says() -> None:
    hits = [1.0] * 50 + [0.0] * 50
    found = mean_of_means([hits])
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx((0.402, 0.598), abs=0.011)
    several = mean_of_means([hits] * 4)
    assert several.high - several.low == pytest.approx((found.high - found.low) / 2, rel=0.15)


def test_what_never_differs_gains_nothing() -> None:
    same = mean_of_means([[0.0] * 20, [0.0] * 20])
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert same.holds_nothing
    assert not mean_of_means([[1.0] * 18 + [0.0] * 2]).holds_nothing


def test_a_judge_that_errs_is_corrected_for() -> None:
    """Rogan and Gladen: (0.8 - 0.1) / (0.9 - 0.1)."""
    found = corrected([([1.0] * 80 + [0.0] * 20, [True] * 90 + [False] * 10, [True] * 10 + [False] * 90)])
    assert found.value == pytest.approx(0.875)
    assert found.low < 0.875 < found.high
    perfect = corrected([([1.0] * 80 + [0.0] * 20, [True] * 50, [False] * 50)])
    assert perfect.value == pytest.approx(0.8)


def test_a_ratio_is_of_the_means() -> None:
    found = ratio([1, 0, 1, 0] * 10, [1, 1, 1, 1] * 10)
    assert found.value == 0.5
    assert found.low < 0.5 < found.high


def test_a_torn_line_is_read_over(tmp_path: Path) -> None:
    book, trial = TrialBook(tmp_path / "trials.jsonl"), Trial(as_scene(Specification((CAT,), "sea")), shapes=("plain",))
    book.add("one", trial)
    with book.path.open("a") as file:
        file.write('\n{"key": "two", "tri')
    again = TrialBook(book.path)
    again.add("three", Trial(fault="no"))
    assert "two" not in again
    assert TrialBook(book.path)["one"] == trial
    assert TrialBook(book.path)["three"].renders == 0


def test_a_recipe_is_drawn_once_whoever_asks(tmp_path: Path) -> None:
    real = CheapStudio(tmp_path / "studio").renderer
    kept = KeptRenderer(lambda: real, tmp_path / "kept", lambda recipe: "weights")
    recipe = Recipe(prompt="a cat", width=64, height=64)
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: kept.render(recipe, Call()).image.tobytes(), range(8)))
    assert len(set(drawn)) == len(real.drawn) == 1
    after_a_kill = KeptRenderer(lambda: real, tmp_path / "kept", lambda recipe: "weights")
    assert after_a_kill.render(recipe, Call()).image.tobytes() == drawn[0]
    assert len(real.drawn) == 1
    KeptRenderer(lambda: real, tmp_path / "kept", lambda recipe: "others").render(recipe, Call())
    assert len(real.drawn) == 2


def test_recipes_of_one_shape_take_the_same() -> None:
    recipe = Recipe(prompt="a cat")
    worn = LoraUse(name="neon", sha256="0" * 64)
    lines = ControlUse(kind="scribble", image_id="0" * 64)
    dressed = recipe.model_copy(update={"loras": (worn,), "controls": (lines,)})
    assert (shape(recipe), shape(dressed)) == ("plain", "LoRA+scribble")


@dataclass(frozen=True)
class NeverPleased:
    asked: list[str] = field(default_factory=list)
    looks: int = 1

    def look(self, image: Image.Image, wish: str, prompt: str) -> Sequence[Verdict]:
        self.asked.append(wish)
        return [Verdict("cat", False)]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return a_study(tmp_path)


def a_study(folder: Path) -> Study:
    """All is real but the encoders, the painter, the critic and the judge, who reads colours into stripes."""
    studio, critic = CheapStudio(folder / "studio"), NeverPleased()
    kept = KeptRenderer(lambda: studio.renderer, folder / "drawings", lambda recipe: "")
    return Study(
        Settings(data=folder / "data", loras=(), chat="none"),
        replace(studio.bench, renderer=kept),
        studio.renderer,
        {"judge": critic, "CLIP": critic},
        lambda image: Scene((Thing(KINDS[np.asarray(image).sum() % 24], COLOURS[0]),), "sea"),
        TrialBook(folder / "trials.jsonl"),
        Extent(0.02),
    )


def test_equal_systems_share_their_drawings(study: Study, tmp_path: Path) -> None:
    some = study.tasks("single")
    done = study.trials(some, SYSTEMS)
    drawn: list[Recipe] = study.renderer.drawn  # pyright: ignore[reportAttributeAccessIssue]
    assert len(drawn) == len({recipe.hash for recipe in drawn})
    assert len(done) == len(SYSTEMS)
    by_name = dict(zip((system.name for system in SYSTEMS), done, strict=True))
    assert [trial.renders for trial in by_name["base"]] == [1] * len(some)
    assert all(trial.renders > 1 and trial.looks for trial in by_name["all"])
    assert [trial.seen for trial in by_name["base"]] == [trial.seen for trial in by_name["+ retrieve images"]]
    again = a_study(tmp_path)
    assert again.trials(some, SYSTEMS) == done
    assert again.renderer.drawn == []  # pyright: ignore[reportAttributeAccessIssue]


def test_an_edit_is_said_to_the_assistant(study: Study) -> None:
    (task, *_) = study.tasks("edits")
    (talked,), (said_at_once,) = study.trials([task], (ALL, BASE))
    assert (talked.renders, talked.calls) == (2, 0)
    assert talked.moved is not None
    assert (said_at_once.renders, said_at_once.moved) == (1, None)


def test_what_cannot_be_drawn_is_missing_and_says_why(study: Study) -> None:
    (task, *_) = study.tasks("sketch")
    ((trial,),) = study.trials([task], (ALL,))
    assert (trial.seen, trial.renders) == (None, 0)
    assert "ControlNet" in trial.fault


def test_every_measure_can_be_called() -> None:
    assert all(callable(SUITE.function(name)) for name in SUITE.measures)


def test_it_works_with_the_models_of_the_book(filled: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    shutil.move(filled, kept / everything() / "data")
    base, every = SUITE.measure(["F4"], Extent(0.01, kept=kept, quick=True))
    assert (base.id, every.id) == ("F4", "F5")
    assert base.note.startswith("n = 2; the judge misses")
    assert len(list((kept / "drawings").iterdir())) >= 2
