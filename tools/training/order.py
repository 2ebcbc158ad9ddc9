"""What a training is asked for, as a value, and the names of the files that keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from knowledge.recipe import Fraction, ModelName, Seed, Side, Value

RECORD, LESSONS, CHECKPOINT = "training.json", "lessons.safetensors", "checkpoint.pt"
Kind = Literal["style", "subject"]
"""A style is learnt by the convolutions too, where brushwork is; a subject by the attention alone."""
NAME = r"\w(?:[\w .-]{0,58}\w)?"
LoraName = Annotated[str, Field(pattern=f"^{NAME}$")]
"""Also a file's name, without its suffix."""
Words = Annotated[str, Field(min_length=1, max_length=100)]
Steps = Annotated[int, Field(ge=1, le=1_000_000)]
Rank = Annotated[int, Field(ge=1, le=256)]
Batch = Annotated[int, Field(ge=1, le=256)]
LearningRate = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True)
class Pace:
    """How a kind of model is best taught: peak learning rate, pictures a step, steps in all."""

    learning_rate: float
    batch: int
    steps: int


PACES: Mapping[str, Pace] = {"picturebook": Pace(2e-3, 16, 300)}
"""By family: a small model takes larger steps."""
USUAL = Pace(1e-4, 4, 1000)


class Training(Value):
    """
    Everything that decides the weights, besides the pictures.

    `trigger` is in every caption; it, the name, and whatever people `also` say call for the LoRA. `min_snr_gamma`
    weighs the timesteps (Hang et al. 2023), 0 leaves them alike; of `caption_dropout` of the pictures nothing is said,
    for classifier-free guidance (Ho and Salimans 2022).
    """

    name: LoraName
    kind: Kind
    trigger: Words
    also: tuple[Words, ...] = ()
    about: Annotated[str, Field(max_length=2000)] = ""
    model: ModelName
    family: str
    side: Side
    steps: Steps
    rank: Rank = 16
    learning_rate: LearningRate
    batch: Batch
    text_encoder: bool = False
    caption_dropout: Fraction = 0.1
    min_snr_gamma: Annotated[float, Field(ge=0, le=100)] = 5.0
    seed: Seed = 0
    samples: Annotated[int, Field(ge=0, le=16)] = 2
    """Pictures drawn on the way, each time; none at 0."""
    times: Annotated[int, Field(ge=1, le=100)] = 4
    """How often on the way, at its end included."""

    @property
    def warm_up(self) -> int:
        """Steps in which the learning rate rises."""
        return max(1, min(200, self.steps // 50))

    @property
    def sampled(self) -> frozenset[int]:
        """The steps after which pictures are drawn."""
        return frozenset(round(self.steps * time / self.times) for time in range(1, self.times + 1)) - {0}
