"""The tool that looks at a picture and says what of a wish is there and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from PIL.Image import Image, Resampling

from knowledge.gallery import Gallery
from knowledge.problems import GiveUp
from knowledge.recipe import Fraction, Identifier, Prompt, Value

CUT = 0.01
"""Of a side: by how much a second look is another one."""


@dataclass(frozen=True)
class Verdict:
    """Whether one part of the wish is there; `why` where there is more to say."""

    part: str
    there: bool
    why: str = ""


class Critic(Protocol):
    """Whoever can look at pictures; it may be wrong."""

    @property
    def looks(self) -> int:
        """How often it may look at one picture before it is believed; an odd number."""
        ...

    def look(self, image: Image, wish: str, prompt: str) -> Sequence[Verdict]:
        """
        On each part of the wish that it can tell; `prompt` is what was drawn, and says the same to the model.

        Raises `Problem` where it cannot look.
        """
        ...


class Critique(Value):
    """What of the wish the picture shows; `score` is the share of its parts that are there."""

    present: tuple[str, ...]
    missing: tuple[str, ...]
    score: Fraction
    why: str


@dataclass(frozen=True)
class Opinion:
    """What several looks came to: for each part of the wish, the share of the looks that saw it."""

    shares: Mapping[str, float]
    why: tuple[str, ...] = ()

    @classmethod
    def of(cls, looks: Sequence[Sequence[Verdict]]) -> Opinion:
        parts = dict.fromkeys(verdict.part for look in looks[:1] for verdict in look)
        seen = [{verdict.part: verdict.there for verdict in look} for look in looks]
        shares = {part: sum(look.get(part, False) for look in seen) / len(seen) for part in parts}
        return cls(shares, tuple(one.why for look in looks[:1] for one in look if one.why and not one.there))

    @property
    def missing(self) -> tuple[str, ...]:
        """Where there is no majority for it."""
        return tuple(part for part, share in self.shares.items() if share <= 0.5)

    @property
    def score(self) -> float:
        """1 also where nothing can be told."""
        return 1 - len(self.missing) / len(self.shares) if self.shares else 1.0

    @property
    def critique(self) -> Critique:
        missing = self.missing
        present = tuple(part for part in self.shares if part not in missing)
        lacks = f"missing: {', '.join(missing)}" if missing else "nothing is missing"
        said = lacks if self.shares else "nothing of the wish can be told from a picture"
        return Critique(present=present, missing=missing, score=self.score, why="; ".join((said, *self.why)))

    def better_than(self, other: Opinion) -> bool:
        """By the parts that are there, and not by how few votes more than half. What cannot be told is not better."""
        return bool(self.shares) and self.score > other.score and _mean(self.shares) > _mean(other.shares)


def views(image: Image, count: int) -> Iterator[Image]:
    """
    The picture, then the picture with a little cut away at one corner after the other: whoever looks again need not
    make the same mistake again.
    """
    yield image
    for number in range(count - 1):
        cut = CUT * (1 + number // 4)
        left, top = number % 2, number // 2 % 2
        right, bottom = 1 - left, 1 - top
        width, height = image.size
        box = (left * cut * width, top * cut * height, width * (1 - right * cut), height * (1 - bottom * cut))
        yield image.resize(image.size, Resampling.BICUBIC, box)


@dataclass(frozen=True)
class PictureCritic:
    """`own` are the critics of models whose world they know; `usual` is asked about all others."""

    gallery: Gallery
    own: Mapping[str, Critic]
    usual: Critic | None = None

    def critique(self, picture_id: Identifier, wish: Prompt) -> Critique:
        """
        Look at a picture and say which parts of a wish are there, which are missing, and a score from 0 to 1.

        `wish` says in plain words all that should be seen.
        """
        model = self.gallery.get(picture_id).recipe.model
        critic = self.of(model)
        image = self.gallery.image(picture_id)
        return Opinion.of([critic.look(view, wish, wish) for view in views(image, critic.looks)]).critique

    def of(self, model: str) -> Critic:
        """Who looks at this model's pictures. Raises `GiveUp` where nobody can."""
        critic = self.own.get(model, self.usual)
        if critic is None:
            raise GiveUp(
                f"Nobody here can look at the pictures of {model!r}: set ATELIER_CLIP to a CLIP model, "
                "or ATELIER_CHAT to a chat model that sees."
            )
        return critic


@dataclass(frozen=True)
class WorldCritic:
    """Of a model whose whole world can be read; what reads it is made when it is first needed."""

    reader: Callable[[], Callable[[Image, str], Sequence[tuple[str, bool]]]]
    looks: int = 5

    def look(self, image: Image, wish: str, prompt: str) -> Sequence[Verdict]:
        """By the prompt, in which the wish's rare words stand beside those that its world knows."""
        return [Verdict(part, there) for part, there in self._read(image, prompt)]

    @cached_property
    def _read(self) -> Callable[[Image, str], Sequence[tuple[str, bool]]]:
        return self.reader()


def _mean(shares: Mapping[str, float]) -> float:
    return sum(shares.values()) / len(shares) if shares else 1.0
