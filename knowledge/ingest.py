"""Puts records, and the pictures of references, into a knowledge base: read, embed, store, and report on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from pydantic import ValidationError

from knowledge.base import Item, KnowledgeBase, Report, Vector
from knowledge.embedders import IMAGE, TEXT, Encoders
from knowledge.problems import TryAgain
from knowledge.records import RECORD, LoraCard, Lore, Reference
from knowledge.versions import ready

AT_ONCE = 64
PIXELS_AT_ONCE = 16_000_000


def read_records(path: Path) -> list[Lore | Reference | LoraCard]:
    """One record of JSON a line; raises `TryAgain` naming the first line that is not one."""
    records: list[Lore | Reference | LoraCard] = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TryAgain(f"The file {path.name!r} cannot be read: give a text file of one JSON record a line.") from error
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                records.append(RECORD.validate_json(line))
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            raise TryAgain(f"Line {number} of {path.name!r} is not a record ({said}): correct that line.") from error
    return records


@dataclass(frozen=True)
class Encoded:
    """Records on their way into a collection: `items` with their vectors, ids that are there already, and failures."""

    items: tuple[Item, ...]
    unchanged: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ingester:
    """`image_of` gives a reference's picture by its id, such as the gallery's `image`."""

    base: KnowledgeBase
    encoders: Encoders
    image_of: Callable[[str], Image.Image]

    def add(
        self,
        collection: str,
        records: Sequence[Lore | Reference | LoraCard],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Report:
        """Store all that can be; what the collection holds already, unchanged, is not embedded again."""
        ready(self.base, collection, self.encoders)
        stored: list[str] = []
        failed: list[tuple[str, str]] = []
        for start in range(0, len(records), AT_ONCE):
            some = records[start : start + AT_ONCE]
            report = self._add_some(collection, some)
            stored += report.stored
            failed += report.failed
            if on_progress:
                on_progress(start + len(some), len(records))
        return Report(tuple(stored), tuple(failed))

    def _add_some(self, collection: str, records: Sequence[Lore | Reference | LoraCard]) -> Report:
        return self.store(collection, self.encode(collection, records))

    def encode(self, collection: str, records: Sequence[Lore | Reference | LoraCard]) -> Encoded:
        """The vectors of those that the collection, which must be ready, does not hold already as they are."""
        kept = {record.id: record for record in self.base.get(collection, [record.id for record in records])}
        fresh = [record for record in records if kept.get(record.id) != record]
        pixels, failed = self._pixels(fresh)
        missing = {record_id for record_id, _ in failed}
        good = [record for record in fresh if record.id not in missing]
        texts = self.encoders.text.texts([record.text for record in good]) if good else ()
        items = tuple(
            Item(record, {TEXT: text} | ({IMAGE: pixels[record.id]} if record.id in pixels else {}))
            for record, text in zip(good, texts, strict=True)
        )
        unchanged = tuple(record.id for record in records if kept.get(record.id) == record)
        return Encoded(items, unchanged, tuple(failed))

    def store(self, collection: str, encoded: Encoded) -> Report:
        report = self.base.upsert(collection, encoded.items) if encoded.items else Report()
        return Report((*encoded.unchanged, *report.stored), (*encoded.failed, *report.failed))

    def _pixels(
        self, records: Sequence[Lore | Reference | LoraCard]
    ) -> tuple[dict[str, Vector], list[tuple[str, str]]]:
        """What the pictures show, by record id, and why some cannot be had; never all of them in memory at once."""
        vectors: dict[str, Vector] = {}
        failed: list[tuple[str, str]] = []
        images: dict[str, Image.Image] = {}
        for record in records:
            if isinstance(record, Reference):
                try:
                    images[record.id] = self.image_of(record.image_id)
                except TryAgain as problem:
                    failed.append((record.id, str(problem)))
            if sum(image.width * image.height for image in images.values()) > PIXELS_AT_ONCE:
                vectors |= self._seen(images)
                images = {}
        return vectors | self._seen(images), failed

    def _seen(self, images: Mapping[str, Image.Image]) -> dict[str, Vector]:
        return dict(zip(images, self.encoders.image.images(list(images.values())), strict=True)) if images else {}
