"""Prompts with their exact specifications, made from a seed: a suite for each thing that can be wished for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import cycle, islice

from benchmarks.faithful.rare_words import rare_words
from benchmarks.faithful.specification import Asked, Attribute, Specification, specified
from picturebook.exams_world import PLACED, rare_scene, wanted
from picturebook.layouts import alone, any_thing, pair, set_out, side_by_side, stacked, trio
from picturebook.references import DATABASES
from picturebook.scene import (
    COLOURS,
    KINDS,
    STYLES,
    TRIGGERS,
    WHERE,
    Scene,
    captions,
    held_out,
    held_out_scene,
    phrase,
)


@dataclass(frozen=True)
class Task:
    """
    One prompt, and what its picture must show.

    `rare` is what its rare word says; a `sketch` comes with it; things are looked up in the `database`, if it names
    one; the `edit` is said when the first picture is there, and `changed` is what it asks for.
    """

    prompt: str
    wanted: Specification
    seed: int
    rare: Attribute | None = None
    sketch: Scene | None = None
    database: str = ""
    edit: str = ""
    changed: Asked | None = None


Tasks = Iterator[Task]


def single(rng: random.Random) -> Tasks:
    while True:
        yield _said(rng, held_out_scene(rng, 1))


def two(rng: random.Random) -> Tasks:
    """Side by side, wherever each stands."""
    while True:
        scene = wanted(rng, side_by_side)
        yield _task(rng, rng.choice([said for said in captions(scene) if not _placed(said)]), specified(scene))


def counting(rng: random.Random) -> Tasks:
    for layout in cycle((pair, trio)):
        yield _said(rng, wanted(rng, layout))


def relations(rng: random.Random) -> Tasks:
    for layout in cycle((side_by_side, stacked)):
        scene = wanted(rng, layout)
        said = rng.choice([said for said in captions(scene) if _placed(said)])
        yield _task(rng, said, specified(scene, "above" if layout is stacked else "beside"))


def binding(rng: random.Random) -> Tasks:
    """The same two things twice, their colours exchanged: who paints what is usual cannot be right both times."""
    while True:
        first = set_out(rng, side_by_side)
        both = (first, exchanged(first))
        if first != both[1] and all(map(held_out, both)):
            seed, form = rng.randrange(1 << 31), rng.randrange(1 << 31)
            for scene in both:
                said = [said for said in captions(scene) if not _placed(said)]
                yield Task(said[form % len(said)], specified(scene), seed)


def rare(rng: random.Random) -> Tasks:
    """One word of a caption is one that no caption says: of the thing, its colour or the place."""
    words = rare_words()
    said_by: tuple[Attribute, ...] = ("thing", "colour", "background")
    for what in cycle(said_by):
        scene = held_out_scene(rng, 1)
        (thing,) = scene.things
        if what == "thing":
            word, kind = rng.choice(words.kinds)
            thing, said = replace(thing, kind=kind), f"{_a(thing.colour)} {word} {_where(rng, scene)}"
        elif what == "colour":
            word, colour = rng.choice(words.colours)
            thing, said = replace(thing, colour=colour), f"{_a(word)} {thing.kind} {_where(rng, scene)}"
        else:
            word, ground = rng.choice(words.places)
            scene, said = replace(scene, background=ground), f"{phrase(thing)}, {word}"
        yield replace(_task(rng, said, specified(replace(scene, things=(thing,)))), rare=what)


def unseen(rng: random.Random) -> Tasks:
    """Half by the thing's own name, half by another."""
    names = rare_words().unseen
    for own in cycle((True, False)):
        scene = rare_scene(rng)
        (thing,) = scene.things
        name = rng.choice([name for name, kind in names if kind == thing.kind and (name == kind) == own])
        yield _task(rng, f"{_a(thing.colour)} {name} {_where(rng, scene)}", specified(scene))


def style(rng: random.Random) -> Tasks:
    for style in cycle(STYLES[1:]):
        scene = held_out_scene(rng, 1)
        said = f"{rng.choice(captions(scene))}, {rng.choice((TRIGGERS[style], style))}"
        yield _task(rng, said, specified(replace(scene, style=style)))


def swap(rng: random.Random) -> Tasks:
    """The same prompt and seed with one database of a style, then with the other; the prompt names no style."""
    while True:
        task = _said(rng, held_out_scene(rng, 1))
        for style, name in DATABASES.items():
            yield replace(task, wanted=replace(task.wanted, style=style), database=name)


def sketch(rng: random.Random) -> Tasks:
    """Only the sketch says what it is."""
    while True:
        scene = wanted(rng, alone)
        unnamed = replace(scene, things=(replace(scene.things[0], kind="thing"),))
        yield replace(_task(rng, captions(unnamed)[0], specified(scene)), sketch=scene)


def edits(rng: random.Random) -> Tasks:
    for change in cycle((kept, recoloured, added)):
        yield change(rng)


def recoloured(rng: random.Random) -> Task:
    task = _said(rng, held_out_scene(rng, 1))
    (thing,) = task.wanted.things
    new = replace(thing, colour=rng.choice([colour for colour in COLOURS if colour != thing.colour]))
    return _edited(task, f"make it {new.colour}", new)


def added(rng: random.Random) -> Task:
    task = _said(rng, held_out_scene(rng, 1))
    new = any_thing(rng, tuple(kind for kind in KINDS if kind != task.wanted.things[0].kind))
    return _edited(task, f"add {phrase(new)}", Asked(new.kind, new.colour), *task.wanted.things)


def kept(rng: random.Random) -> Task:
    """Of two things one is to stay as it is."""
    task = _said(rng, held_out_scene(rng, 2))
    first, second = task.wanted.things
    new = replace(first, colour=rng.choice([colour for colour in COLOURS if colour != first.colour]))
    task = _edited(task, f"make the {first.kind} {new.colour}, keep the {second.kind}", new, second)
    return replace(task, wanted=replace(task.wanted, unchanged=(second,)))


SUITES: Mapping[str, Callable[[random.Random], Tasks]] = {
    "single": single,
    "two objects": two,
    "counting": counting,
    "relations": relations,
    "colour binding": binding,
    "rare words": rare,
    "unseen objects": unseen,
    "style by name": style,
    "style by database": swap,
    "sketch": sketch,
    "edits": edits,
}
COUNTS: Mapping[str, int] = dict.fromkeys(SUITES, 100) | {"rare words": 102, "style by name": 150, "edits": 102}
"""Prompts of each suite: as many of each of its forms."""
KNOWN = ("single", "two objects", "counting", "relations", "colour binding")
"""Suites whose every word and thing the model was trained on."""


def tasks(suite: str, count: int, seed: int) -> list[Task]:
    return list(islice(SUITES[suite](random.Random(f"{suite} {seed}")), count))


def exchanged(scene: Scene) -> Scene:
    """Each of two things in the other's colour."""
    left, right = scene.things
    return replace(scene, things=(replace(left, colour=right.colour), replace(right, colour=left.colour)))


def _said(rng: random.Random, scene: Scene) -> Task:
    return _task(rng, rng.choice(captions(scene)), specified(scene))


def _task(rng: random.Random, said: str, wanted: Specification) -> Task:
    return Task(said, wanted, rng.randrange(1 << 31))


def _edited(task: Task, edit: str, changed: Asked, *rest: Asked) -> Task:
    return replace(task, wanted=replace(task.wanted, things=(changed, *rest)), edit=edit, changed=changed)


def _placed(said: str) -> bool:
    return any(word in said for word in PLACED)


def _where(rng: random.Random, scene: Scene) -> str:
    return rng.choice(WHERE[scene.background])


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
