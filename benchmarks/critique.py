"""What a critic is worth: `atelier bench critique [--only F15]… [--share 0.1]`.

Critics are asked about drawings whose content is known; then several drafts of each picture are drawn, and chosen among
by the judge of the picture book while it lies at random.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean as average

from PIL import Image

from agent.drafts import Redrafting, best_of
from agent.settings import Settings
from agent.wish import Wish
from agent.workflow import planned
from agent.workshop import open_workshop
from benchmarks.results import Row, mean, rate
from benchmarks.suite import Suite
from knowledge.clip_embedder import ClipEmbedder
from picturebook.album import draw_many
from picturebook.book import HERE, Book
from picturebook.critic import reader
from picturebook.scene import Scene, any_scene, captions, held_out_scene
from tools.call import Call
from tools.clip_critic import ClipCritic
from tools.critique import Critic, Verdict, WorldCritic, views

SUITE = Suite(
    "critique",
    {"CR1": "benchmarks.critique:judge", "CR2": "benchmarks.critique:clip", "F15": "benchmarks.critique:drafts"},
)
DRAWINGS, PROMPTS, TRIES = 150, 72, 3
ROUNDS = 40
"""Times each prompt is chosen for, with other lies."""
AT_ONCE = 12
LIES = (0.0, 0.1, 0.2)


@dataclass(frozen=True)
class Shown:
    """One draft: what the judge sees in it at each look, part by part, and what is so: its plain first look."""

    looks: tuple[tuple[Verdict, ...], ...]

    @property
    def right(self) -> int:
        return sum(verdict.there for verdict in self.looks[0])

    @property
    def whole(self) -> bool:
        return self.right == len(self.looks[0])


def world() -> WorldCritic:
    return WorldCritic(lambda: reader(HERE / "models"))


def judge(share: float) -> list[Row]:
    return told("CR1", "the book's judge", world(), share)


def clip(share: float) -> list[Row]:
    return told("CR2", "the book's CLIP", ClipCritic(ClipEmbedder(str(Book().clip_folder))), share)


def told(id: str, who: str, critic: Critic, share: float) -> list[Row]:
    """How often a part that is there is seen, and one that is not is missed: half of the wishes are others'."""
    rng = random.Random("wishes and drawings")
    scenes = [any_scene(rng, 1) for _ in range(max(8, round(DRAWINGS * share)))]
    seen: dict[bool, list[bool]] = {True: [], False: []}
    for scene, other, drawing in zip(scenes, scenes[1:] + scenes[:1], draw_many(scenes), strict=True):
        for wished in (scene, other):
            said = captions(wished)[0]
            for verdict in critic.look(Image.fromarray(drawing), said, said):
                seen[so(verdict.part, scene)].append(verdict.there)
    return [
        rate(f"{id}-there", f"{who}: parts that are there, and are seen", seen[True], None),
        rate(
            f"{id}-absent", f"{who}: parts that are not there, and are missed", [not one for one in seen[False]], None
        ),
    ]


def so(part: str, scene: Scene) -> bool:
    """Whether that part of a caption is true of a drawing with one thing."""
    (thing,) = scene.things
    return part.endswith(f"{thing.colour} {thing.kind}") or any(part in said for said in places(scene))


def places(scene: Scene) -> list[str]:
    return [said.partition(scene.things[0].kind)[2] for said in captions(scene)]


def drafts(share: float) -> list[Row]:
    shown = drawn(share)
    rows = [kept_well(shown, lies, steady=False) for lies in LIES]
    rows.append(kept_well(shown, LIES[-1], steady=True))
    honest = [best_of(each, lying(0.0, random.Random(0), False)) for each in shown]
    return [
        *rows,
        rate("CR3-first", "all parts of the wish are in the first draft", [each[0].whole for each in shown], None),
        rate("CR3-kept", f"all are in the best of at most {TRIES}", [kept.draft.whole for kept, _ in honest], None),
        mean("CR3-renders", "pictures drawn for it", [len(every) for _, every in honest], "a prompt", None, "lower"),
    ]


def kept_well(shown: Sequence[Sequence[Shown]], lies: float, steady: bool) -> Row:
    """Whether what is kept has at least as many parts as the first draft."""
    well = [average(one_round(each, lies, steady, number) for number in range(ROUNDS)) for each in shown]
    how = "the same lie at each look" if steady else "another at each look"
    id = f"F15-{lies:.0%}".replace("%", "") + ("-steady" if steady else "")
    what = f"kept is at least as good as the first draft; {lies:.0%} of what the judge says is wrong"
    row = mean(id, f"{what}, {how}" if lies else what, well, "rate", None if steady else 0.99)
    note = f"{len(shown)} prompts, {ROUNDS} times each, at most {max(map(len, shown))} drafts"
    return Row(row.id, row.what, row.value, row.low, min(1.0, row.high), row.unit, row.better, row.target, note)


def one_round(each: Sequence[Shown], lies: float, steady: bool, number: int) -> bool:
    rng = random.Random(f"{number} {lies} {each[0].looks[0]}")
    kept, _ = best_of(each, lying(lies, rng, steady))
    return kept.draft.right >= each[0].right


def lying(lies: float, rng: random.Random, steady: bool) -> Callable[[Shown], Iterator[list[Verdict]]]:
    """The judge, who says the opposite of a share of the parts; `steady` of the same ones at every look."""

    def look(draft: Shown) -> Iterator[list[Verdict]]:
        same = [rng.random() < lies for _ in draft.looks[0]]
        for seen in draft.looks:
            wrong = same if steady else [rng.random() < lies for _ in seen]
            yield [Verdict(one.part, one.there != lie) for one, lie in zip(seen, wrong, strict=True)]

    return look


@cache
def drawn(share: float) -> list[list[Shown]]:
    """Drafts of wishes for two things, which the base model often gets wrong."""
    rng, critic = random.Random("wishes to be drawn again"), world()
    with tempfile.TemporaryDirectory() as folder:
        bench = open_workshop(Settings(data=Path(folder), loras=(), chat="none")).bench

        def several(wish: Wish) -> list[Shown]:
            plan = planned(bench, wish)
            made = Redrafting(bench.painter, critic, TRIES).drafts(plan.provenance(), Call())
            return [read(critic, draft.rendered.image, plan.recipe.prompt) for draft in made]

        count = max(4, round(PROMPTS * share))
        wishes = [Wish(rng.choice(captions(held_out_scene(rng, 2))), "picturebook", seed) for seed in range(count)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(several, wishes))


def read(critic: WorldCritic, image: Image.Image, prompt: str) -> Shown:
    return Shown(tuple(tuple(critic.look(view, prompt, prompt)) for view in views(image, critic.looks)))
