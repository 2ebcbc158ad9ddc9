"""How often the judge is wrong, on drawings whose content is known: the prompts' own, and the same with one fault."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from benchmarks.faithful.prompts import Task
from benchmarks.faithful.specification import ATTRIBUTES, Attribute, as_scene, broken, marks, whole
from picturebook.album import draw_many
from picturebook.book import Book
from picturebook.examiner import Examiner
from picturebook.exams_world import worn
from picturebook.scene import Scene
from tools.engine.quiet import quiet

VARIATIONS = 1 << 30


@dataclass(frozen=True)
class Calibration:
    """Whether each right drawing, and each wrong one, is read as right; by attribute, what is read of right ones."""

    right: tuple[bool, ...]
    wrong: tuple[bool, ...]
    marks: dict[Attribute, tuple[bool, ...]]

    @classmethod
    def of(cls, some: Sequence[Calibration]) -> Calibration:
        """All of them together."""
        found: dict[Attribute, tuple[bool, ...]] = {
            name: tuple(hit for one in some for hit in one.marks.get(name, ())) for name in ATTRIBUTES
        }
        right, wrong = (hit for one in some for hit in one.right), (hit for one in some for hit in one.wrong)
        return cls(tuple(right), tuple(wrong), {name: hits for name, hits in found.items() if hits})

    @property
    def told(self) -> str:
        """In one line for people."""
        errors = {name: 1 - sum(hits) / len(hits) for name, hits in self.marks.items()}
        parts = ", ".join(f"{name} {error:.1%}" for name, error in errors.items())
        missed, mistaken = 1 - sum(self.right) / len(self.right), sum(self.wrong) / len(self.wrong)
        return f"the judge misses {missed:.1%} of what is right ({parts}), and {mistaken:.1%} of what is wrong"


def calibrated(some: Sequence[Task], reads: Callable[[Image.Image], Scene]) -> Calibration:
    """Drawings go through the autoencoder, as whatever the model draws does."""
    rng = random.Random("the judge's own exam")
    wanted = [task.wanted for task in some]
    shown = [*wanted, *(broken(one, rng) for one in wanted)]
    scenes = [as_scene(one, rng.randrange(VARIATIONS)) for one in shown]
    with quiet():
        pictures = worn(Examiner(Book(), 1.0), draw_many(scenes))
    seen = [reads(Image.fromarray(picture)) for picture in pictures]
    right, wrong = seen[: len(wanted)], seen[len(wanted) :]
    found = [marks(one, seen) for one, seen in zip(wanted, right, strict=True)]
    return Calibration(
        tuple(all(one.values()) for one in found),
        tuple(whole(one, seen) for one, seen in zip(wanted, wrong, strict=True)),
        {name: hits for name in ATTRIBUTES if (hits := tuple(one[name] for one in found if name in one))},
    )
