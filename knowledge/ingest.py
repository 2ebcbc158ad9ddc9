"""Puts records, and the pictures of references, into a knowledge base: read, embed, store, and report on each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from pydantic import ValidationError

from knowledge.base import Item, KnowledgeBase, Report, Space
from knowledge.embedders import Embedder
from knowledge.problems import TryAgain
from knowledge.records import RECORD, LoraCard, Lore, Reference

TEXT, IMAGE = "text", "image"
"""The two spaces of a collection: what a record says, and what its picture shows. One encoder fills both."""
AT_ONCE = 64


def spaces(embedder: Embedder) -> tuple[Space, Space]:
    return Space(TEXT, embedder.fingerprint, embedder.dim), Space(IMAGE, embedder.fingerprint, embedder.dim)


def read_records(path: Path) -> list[Lore | Reference | LoraCard]:
    """One record of JSON a line; raises `TryAgain` naming the first line that is not one."""
    records: list[Lore | Reference | LoraCard] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
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
class Ingester:
    """`image_of` gives a reference's picture by its id, such as the gallery's `image`."""

    base: KnowledgeBase
    embedder: Embedder
    image_of: Callable[[str], Image.Image]

    def add(
        self,
        collection: str,
        records: Sequence[Lore | Reference | LoraCard],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Report:
        """Store all that can be; what the collection holds already, unchanged, is not embedded again."""
        self.base.ensure(collection, spaces(self.embedder))
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
        kept = {record.id: record for record in self.base.get(collection, [record.id for record in records])}
        fresh = [record for record in records if kept.get(record.id) != record]
        images, failed = self._images(fresh)
        missing = {record_id for record_id, _ in failed}
        good = [record for record in fresh if record.id not in missing]
        report = self.base.upsert(collection, self._items(good, images)) if good else Report()
        unchanged = tuple(record.id for record in records if kept.get(record.id) == record)
        return Report((*unchanged, *report.stored), (*failed, *report.failed))

    def _images(
        self, records: Sequence[Lore | Reference | LoraCard]
    ) -> tuple[dict[str, Image.Image], list[tuple[str, str]]]:
        """The pictures by record id, and why some cannot be had."""
        images: dict[str, Image.Image] = {}
        failed: list[tuple[str, str]] = []
        for record in records:
            if isinstance(record, Reference):
                try:
                    images[record.id] = self.image_of(record.image_id)
                except TryAgain as problem:
                    failed.append((record.id, str(problem)))
        return images, failed

    def _items(self, records: Sequence[Lore | Reference | LoraCard], images: dict[str, Image.Image]) -> list[Item]:
        texts = self.embedder.texts([record.text for record in records])
        pixels = dict(zip(images, self.embedder.images(list(images.values())), strict=True))
        vectors = [
            {TEXT: text} | ({IMAGE: pixels[record.id]} if record.id in pixels else {})
            for record, text in zip(records, texts, strict=True)
        ]
        return [Item(record, having) for record, having in zip(records, vectors, strict=True)]
