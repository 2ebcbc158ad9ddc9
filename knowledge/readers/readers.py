"""A source becomes records: the one table of who reads what."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from knowledge.gallery import Gallery
from knowledge.lora_files import read_card
from knowledge.readers.documents import DocumentReader
from knowledge.readers.limits import Limits, kind_of
from knowledge.readers.page_process import PageProcess
from knowledge.readers.pictures import Captioner, PictureReader
from knowledge.readers.source import Reading, Source
from knowledge.readers.tables import table


@dataclass(frozen=True)
class Readers:
    """Pictures are kept in the gallery as they are read. `captioner` says what those show of which nothing is said."""

    gallery: Gallery
    limits: Limits = field(default_factory=Limits)
    captioner: Captioner | None = None

    def read(self, source: Source) -> Reading:
        """Raises `TryAgain` for what cannot be read: a source is read whole or not at all."""
        kind = kind_of(source.file)
        match kind:
            case "text":
                return self._documents.text(source)
            case "markdown":
                return self._documents.markdown(source)
            case "pdf" | "html":
                return self._documents.page(source, kind)
            case "feed":
                return self._documents.feed(source)
            case "table":
                return table(source, self.limits)
            case "image":
                return PictureReader(self.gallery, self.limits, self.captioner).read(source)
            case "lora":
                return {"": (read_card(source.file),)}

    def close(self) -> None:
        """End the process that parses documents; it starts again when it is needed."""
        self._documents.process.close()

    @cached_property
    def _documents(self) -> DocumentReader:
        return DocumentReader(PageProcess(self.limits), self.limits)
