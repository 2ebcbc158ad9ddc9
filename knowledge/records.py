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
    """
    A picture of something with its caption (Re-Imagen's pairs); `image_id` is the SHA-256 of the image file.

    `phash` is the picture's perceptual hash, 64 bits in hexadecimal; `consent` whether the people concerned agreed to
    its use; `rating` the owner's own, 1 to 5, 0 where none was given.
    """

    kind: Literal["reference"] = "reference"
    id: RecordId
    caption: str
    image_id: Identifier
    phash: Annotated[str, Field(pattern=r"^([0-9a-f]{16})?$")] = ""
    consent: Literal["unknown", "given", "refused"] = "unknown"
    rating: Annotated[int, Field(ge=0, le=5)] = 0
    licence: str = ""
    source: str = ""

    @property
    def title(self) -> str:
        return self.caption

    @property
    def text(self) -> str:
        return self.caption


class LoraCard(Value):
    """
    What is known of one LoRA file; `sha256` is of the whole file, `base_model` a family such as `sd1` or `sdxl`.

    `trigger_words` and `tags` are its author's, and a wish that says one asks for the LoRA; `topics` are labels such as
    "style" that sites sort by. `finetune` names the descendant of the family it was trained on, `autov3` is Civitai's
    hash of the tensors alone, and `notes` say what about the file or its sidecars is doubtful.
    """

    kind: Literal["lora"] = "lora"
    id: RecordId
    name: str
    aliases: tuple[str, ...] = ()
    about: str = ""
    trigger_words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    base_model: str
    finetune: str = ""
    weight: float = 1.0
    sha256: Identifier
    autov3: str = ""
    licence: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        return f"{self.name}. {self.about} {' '.join((*self.trigger_words, *self.tags, *self.aliases, *self.topics))}"

    @property
    def autov2(self) -> str:
        """How Civitai and most programs cite the whole file."""
        return self.sha256[:10]


Record = Annotated[Lore | Reference | LoraCard, Field(discriminator="kind")]
RECORD: TypeAdapter[Lore | Reference | LoraCard] = TypeAdapter(Record)
