"""What the knowledge base keeps: lore (text), references (image and caption) and LoRA cards."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from knowledge.recipe import Identifier, Value

RecordId = Annotated[str, Field(min_length=1, max_length=200)]


class Lore(Value):
    """What some words mean or how something is best asked for. `adds` are the words a prompt gains from it."""

    kind: Literal["lore"] = "lore"
    id: RecordId
    title: str
    body: str
    terms: tuple[str, ...] = ()
    adds: str = ""
    base_models: tuple[str, ...] = ()
    licence: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        return f"{self.title}. {self.body} {' '.join(self.terms)}"


class Reference(Value):
    """A picture of something with its caption (Re-Imagen's pairs); `image_id` is the SHA-256 of the image file."""

    kind: Literal["reference"] = "reference"
    id: RecordId
    caption: str
    image_id: Identifier
    licence: str = ""
    source: str = ""

    @property
    def title(self) -> str:
        return self.caption

    @property
    def text(self) -> str:
        return self.caption


class LoraCard(Value):
    """What is known of one LoRA file; `sha256` is of the whole file, `base_model` a family such as `sd1` or `sdxl`."""

    kind: Literal["lora"] = "lora"
    id: RecordId
    name: str
    about: str = ""
    trigger_words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    base_model: str
    weight: float = 1.0
    sha256: Identifier
    licence: str = ""
    source: str = ""

    @property
    def title(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        return f"{self.name}. {self.about} {' '.join((*self.trigger_words, *self.tags))}"


Record = Annotated[Lore | Reference | LoraCard, Field(discriminator="kind")]
RECORD: TypeAdapter[Lore | Reference | LoraCard] = TypeAdapter(Record)
