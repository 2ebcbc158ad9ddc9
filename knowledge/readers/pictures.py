"""A picture and what is said of it: beside it, in a table, inside it, or by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image
from pydantic import ValidationError
from pydantic_core import from_json

from knowledge.gallery import Gallery
from knowledge.image_files import open_image, read_provenance
from knowledge.problems import TryAgain
from knowledge.readers.limits import Limits, content
from knowledge.readers.source import Reading, Source
from knowledge.readers.tables import meaning, worded
from knowledge.readers.texts import line, read_text
from knowledge.records import Reference

LONGEST = 2_000
"""Characters of a caption."""
WORDS_BESIDE = (".txt", ".caption")
FACTS_BESIDE = ".json"
"""Suffixes of a picture's sidecars: its caption, and a JSON object with the names of a table's columns."""
SETTINGS = re.compile(r"\n(?:Negative prompt|Steps):")
"""Where the caption ends in the text files that A1111 writes beside its pictures."""


class Captioner(Protocol):
    """Says what a picture shows, in words that a prompt could use."""

    def caption(self, image: Image.Image) -> str: ...


@dataclass(frozen=True)
class PictureReader:
    gallery: Gallery
    limits: Limits
    captioner: Captioner | None = None

    def read(self, source: Source) -> Reading:
        image = open_image(source.file)
        said = {**source.row, **self._facts(source)}
        caption = self._caption(source, said, image)[:LONGEST]
        about = {
            "caption": caption,
            "image_id": self.gallery.keep(image),
            "phash": perceptual_hash(image),
            "consent": said.get("consent", "unknown").lower(),
            "rating": int(rating) if (rating := said.get("rating", "")) in ("1", "2", "3", "4", "5") else 0,
            "licence": said.get("licence", ""),
            "source": said.get("source") or source.name,
        }
        try:
            return {"": (Reference.model_validate({"id": source.record_id(*map(str, about.values())), **about}),)}
        except ValidationError as error:
            raise TryAgain(f"The consent to {source.name!r} is wrong: say given, refused or unknown.") from error

    def _caption(self, source: Source, said: Mapping[str, str], image: Image.Image) -> str:
        """Of whoever knows best; the words of its name if nobody does."""
        captions = map(line, self._captions(source, said, image))
        return next((caption for caption in captions if caption), "") or words_of(source.name)

    def _captions(self, source: Source, said: Mapping[str, str], image: Image.Image) -> Iterator[str]:
        for path in source.beside:
            if path.suffix.lower() in WORDS_BESIDE:
                text = read_text(path, self.limits.bytes["text"], self.limits.characters)
                yield SETTINGS.split(text)[0]
        for name in ("caption", "body", "title", "terms"):
            yield said.get(name, "")
        yield prompt_in(source.file)
        if self.captioner:
            yield self.captioner.caption(image)

    def _facts(self, source: Source) -> dict[str, str]:
        facts: dict[str, str] = {}
        for path in source.beside:
            if path.suffix.lower() == FACTS_BESIDE:
                facts |= read_facts(path, self.limits.bytes["text"])
        return facts


def read_facts(path: Path, most: int) -> dict[str, str]:
    try:
        found = from_json(content(path, most))
    except ValueError as error:
        raise TryAgain(f"{path.name!r} beside a picture is not JSON: correct it or take it away.") from error
    if not isinstance(found, dict):
        raise TryAgain(f"{path.name!r} beside a picture is no JSON object: correct it or take it away.")
    return {name: words for key, cell in found.items() if (name := meaning(key)) and (words := worded(cell).strip())}


def prompt_in(path: Path) -> str:
    """What the picture was drawn from, if it says so."""
    try:
        return read_provenance(path)[0].recipe.prompt
    except TryAgain:
        return ""


def words_of(name: str) -> str:
    """The last part of a path or URL in words."""
    stem = Path(name.rstrip("/").rpartition("/")[2]).stem
    return line(re.sub(r"[\W_]+", " ", stem)) or line(name) or "picture"


def perceptual_hash(image: Image.Image) -> str:
    """64 bits of the low frequencies of its lightness (pHash), in hexadecimal."""
    from imagehash import phash

    return str(phash(image))
