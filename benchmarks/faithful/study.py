"""Draws tasks with systems through the workflow that users have; whatever is drawn or judged is so only once."""

from __future__ import annotations

import hashlib
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from agent.settings import Settings
from agent.showing import GAVE
from agent.wish import Wish
from agent.workflow import Plan, planned
from agent.workshop import open_workshop
from benchmarks.faithful.conversation import talked
from benchmarks.faithful.prompts import COUNTS, Task, tasks
from benchmarks.faithful.renderers import CountingCritic, CountingRenderer, KeptCritic, KeptRenderer, shape
from benchmarks.faithful.sources import Drawers, everything
from benchmarks.faithful.specification import as_scene
from benchmarks.faithful.systems import Critics, System
from benchmarks.faithful.trials import Trial, TrialBook
from benchmarks.suite import Extent
from knowledge.clip_embedder import ClipEmbedder
from knowledge.data_folder import write_whole
from knowledge.picture import Picture
from knowledge.problems import Problem
from knowledge.recipe import Recipe
from picturebook.book import Book
from picturebook.drawing import draw
from picturebook.maps import sketch
from picturebook.scene import Scene
from tools.call import Call
from tools.clip_critic import ClipCritic
from tools.critique import Critic
from tools.renderer import Renderer
from tools.toolbox import Bench

AT_ONCE = 12
PORTION = 120
"""Trials that are planned one after another, so that their time can be told, and then drawn together."""
QUICK_STEPS = 5
MODEL = "picturebook"
Reads = Callable[[Image.Image], Scene]


@dataclass(frozen=True)
class Job:
    """One picture that is wished for; with `talk` it is the last of that task's conversation."""

    wish: Wish
    critics: Critics = "judge"
    talk: Task | None = None

    @property
    def key(self) -> str:
        """The same for systems that wish for the same, so that they share it."""
        if self.talk:
            what = f"{self.talk.prompt} | {self.talk.edit} | {self.wish.seed} | {self.wish.steps}"
        else:
            what = f"{self.wish} | {self.critics if self.wish.tries > 1 else 'nobody'}"
        return hashlib.sha256(what.encode()).hexdigest()


@dataclass(frozen=True)
class Begun:
    """Without a `plan` it is a conversation, or there is a `fault`."""

    job: Job
    bench: Bench
    renderer: CountingRenderer
    critic: CountingCritic
    plan: Plan | None
    fault: str
    seconds: float


@dataclass(frozen=True)
class Study:
    """
    `critics` choose among drafts, `reads` counts. `bench` draws nothing twice; `renderer` does. `steps` are those of
    the model unless it must be quick.
    """

    settings: Settings
    bench: Bench
    renderer: Renderer
    critics: Mapping[Critics, Critic]
    reads: Reads
    book: TrialBook
    extent: Extent
    steps: int | None = None

    def tasks(self, suite: str, most: int | None = None) -> list[Task]:
        """An even number: some suites are made of pairs."""
        count = round((most or COUNTS[suite]) * min(1.0, self.extent.share) / 2)
        return tasks(suite, 2 * max(1, count), self.extent.seed)

    def trials(self, some: Sequence[Task], systems: Sequence[System]) -> list[list[Trial]]:
        """For each system its trials, in the order of the tasks."""
        jobs = [[self.job(task, system) for task in some] for system in systems]
        self.do([job for row in jobs for job in row])
        return [[self.book[job.key] for job in row] for row in jobs]

    def job(self, task: Task, system: System) -> Job:
        wish = replace(system.wish(task, self.sketch_id(task)), steps=self.steps)
        return Job(wish, system.critics, task if system.talks(task) else None)

    def do(self, jobs: Sequence[Job]) -> list[Trial]:
        new = list({job.key: job for job in jobs if job.key not in self.book}.values())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for start in range(0, len(new), PORTION):
                begun = [self._begun(job) for job in new[start : start + PORTION]]
                for _ in pool.map(self._finish, begun):
                    pass
                print(f"{min(start + PORTION, len(new))} of {len(new)} drawn")
        return [self.book[job.key] for job in jobs]

    def drawing(self, task: Task) -> Image.Image:
        """What is specified, as the book draws it."""
        return Image.fromarray(draw(as_scene(task.wanted, task.seed)))

    def sketch_id(self, task: Task) -> str | None:
        return self.bench.gallery.keep(sketched(task.sketch, task.seed)) if task.sketch else None

    def _begun(self, job: Job) -> Begun:
        renderer = CountingRenderer(lambda: self.bench.renderer)
        critic = CountingCritic(self.critics[job.critics])
        bench = replace(self.bench, renderer=renderer, critics={MODEL: critic})
        plan, fault, started = None, "", time.process_time()
        if not job.talk:
            try:
                plan = planned(bench, job.wish)
            except Problem as problem:
                fault = str(problem)
        return Begun(job, bench, renderer, critic, plan, fault, time.process_time() - started)

    def _finish(self, begun: Begun) -> None:
        trial = self._talked(begun, begun.job.talk) if begun.job.talk else self._drawn(begun)
        shapes = tuple(self._shape(recipe) for recipe in begun.renderer.asked)
        seconds = trial.seconds or begun.seconds
        self.book.add(begun.job.key, replace(trial, shapes=shapes, looks=len(begun.critic.asked), seconds=seconds))

    def _shape(self, recipe: Recipe) -> str:
        name = shape(recipe)
        self.examples.mkdir(parents=True, exist_ok=True)
        if not (path := self.examples / f"{name}.json").is_file():
            write_whole(path, recipe.canonical().encode())
        return name

    @property
    def examples(self) -> Path:
        """Where a recipe of each shape is kept, by which it is told what a drawing costs."""
        return self.book.path.parent / "examples"

    def _drawn(self, begun: Begun) -> Trial:
        if begun.plan is None:
            return Trial(fault=begun.fault)
        try:
            picture = begun.plan.drawn(begun.bench, Call())
        except Problem as problem:
            return Trial(fault=str(problem))
        followed = next((one.value for one in picture.provenance.adherence), None)
        return replace(self._read(picture), followed=followed)

    def _talked(self, begun: Begun, task: Task) -> Trial:
        started = time.thread_time()
        one = talked(begun.bench, self.settings, task, self.steps)
        read = self._read(one.picture) if one.picture else Trial(fault=one.fault)
        spent = time.thread_time() - started
        return replace(read, calls=one.calls, tokens=one.tokens, moved=one.moved, seconds=spent)

    def _read(self, picture: Picture) -> Trial:
        seen = self.reads(self.bench.gallery.image(picture.id))
        referred = any(cited.gave.startswith(GAVE) for cited in picture.provenance.citations)
        return Trial(seen, referred=referred)


@cache
def sketched(scene: Scene, seed: int) -> Image.Image:
    """By a hand that the seed moves: white on black."""
    lines = sketch(scene, draw(scene), random.Random(seed))
    return Image.fromarray(np.where(lines, 255, 0).astype(np.uint8)).convert("RGB")


def judged_by(book: Book) -> Reads:
    judge, known = book.judge(), dict[str, Scene]()

    def read(image: Image.Image) -> Scene:
        key = hashlib.sha256(image.tobytes()).hexdigest()
        if key not in known:
            known[key] = judge.read(np.asarray(image.convert("RGB"))[None])[0]
        return known[key]

    return read


def opened(extent: Extent, reads: Reads | None = None, critics: Mapping[Critics, Critic] | None = None) -> Study:
    """In the folder that is named, or in one of the temporary ones that outlives this process."""
    folder = extent.kept or Path(tempfile.gettempdir()) / "atelier-faithfulness"
    state = everything()
    settings = Settings(data=folder / state / "data", loras=(), chat="none")
    bench = open_workshop(settings).bench
    known: Mapping[Critics, Critic] = {
        "judge": KeptCritic(bench.critics[MODEL]),
        "CLIP": KeptCritic(ClipCritic(ClipEmbedder(str(Book().clip_folder)))),
    }
    kept = KeptRenderer(lambda: bench.renderer, folder / "drawings", Drawers())
    return Study(
        settings,
        replace(bench, renderer=kept),
        bench.renderer,
        critics or known,
        reads or judged_by(Book()),
        TrialBook(folder / state / "trials.jsonl"),
        extent,
        QUICK_STEPS if extent.quick else None,
    )


study = cache(opened)
"""The same for all measures of one run."""
