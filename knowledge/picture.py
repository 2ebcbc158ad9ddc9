"""A picture and why it looks as it does: its recipe, what was cited, what was decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from knowledge.recipe import ControlKind, Identifier, Recipe, Value

Step = Literal[
    "retrieve", "rewrite", "pick_loras", "prepare_control", "show_references", "render", "critique", "refine", "train"
]


class Citation(Value):
    """One record of the knowledge base that shaped the picture, and what it gave."""

    record_id: str
    collection: str
    kind: Literal["lore", "reference", "lora"]
    title: str
    score: float
    gave: str = ""
    licence: str = ""
    source: str = ""

    @property
    def told(self) -> str:
        """In one line for people."""
        said = [f"{self.kind} {self.title!r} ({self.score:.2f})"]
        said += [f"gave {self.gave!r}"] if self.gave else []
        said += [f"licence {self.licence}"] if self.licence else []
        said += [f"from {self.source}"] if self.source else []
        return ", ".join([*said, f"{self.collection}/{self.record_id}"])


class Decision(Value):
    """What one step of the workflow did, or why it did nothing, in one line for people."""

    step: Step
    why: str


class Adherence(Value):
    """How well the finished picture follows one control map, `image_id`; 1 is wholly.

    `edge F1` counts lines that are where the other has one, `rank correlation` compares what is before what.
    """

    kind: ControlKind
    image_id: Identifier
    measure: Literal["edge F1", "rank correlation"]
    value: Annotated[float, Field(ge=-1, le=1)]


class Provenance(Value):
    """
    The full record that travels inside the image file: enough to explain the picture and to draw it again.

    `lora_hashes` are the AutoV3 of the recipe's LoRAs by SHA-256, where they are known: other programs look for those.
    """

    recipe: Recipe
    wish: str = ""
    parent_id: Identifier | None = None
    citations: tuple[Citation, ...] = ()
    decisions: tuple[Decision, ...] = ()
    adherence: tuple[Adherence, ...] = ()
    versions: dict[str, str] = {}
    lora_hashes: dict[Identifier, str] = {}


@dataclass(frozen=True)
class Picture:
    """An image kept by the gallery; `id` is the SHA-256 of its file, `seconds` the time each step took."""

    id: str
    provenance: Provenance
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def recipe(self) -> Recipe:
        return self.provenance.recipe
