"""Text, Markdown, PDF, HTML and feeds as lore: each piece under its headings, with where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from knowledge.front_matter import front_matter
from knowledge.problems import TryAgain
from knowledge.readers.limits import Limits
from knowledge.readers.page_process import Document, PageProcess
from knowledge.readers.pictures import words_of
from knowledge.readers.source import Reading, Source
from knowledge.readers.tables import meaning, taught, worded
from knowledge.readers.texts import Piece, clean, line, pieces, read_text, sized
from knowledge.records import Lore

LONGEST = 200
"""Characters of a title."""


@dataclass(frozen=True)
class DocumentReader:
    process: PageProcess
    limits: Limits

    def text(self, source: Source) -> Reading:
        text = read_text(source.file, self.limits.bytes["text"], self.limits.characters)
        return whole(self._lore(source, Document(id="", title=words_of(source.name), link="", texts=(("", text),))))

    def markdown(self, source: Source) -> Reading:
        text = read_text(source.file, self.limits.bytes["markdown"], self.limits.characters)
        try:
            facts = front_matter(text)
        except ValueError:  # it only began with a line
            facts = {}
        if facts:
            text = text.split("\n---", 1)[1].partition("\n")[2].strip() or text
        said = {name: worded(fact) for key, fact in facts.items() if (name := meaning(key))}
        document = Document(id="", title=said.get("title", ""), link=said.get("source", ""), texts=(("", text),))
        return whole(self._lore(source, document, markdown=True, said=said))

    def page(self, source: Source, kind: Literal["pdf", "html"]) -> Reading:
        (document,) = self.process.documents(source.file, kind)
        return whole(self._lore(source, document, markdown=kind == "html"))

    def feed(self, source: Source) -> Reading:
        posts = self.process.documents(source.file, "feed")
        return {post.id: tuple(self._lore(source, post, markdown=True)) for post in posts if has_words(post)}

    def _lore(
        self, source: Source, document: Document, *, markdown: bool = False, said: Mapping[str, str] | None = None
    ) -> Iterator[Lore]:
        name = document.link or source.name
        if not has_words(document):
            raise TryAgain(f"{source.name!r} holds no words: if its pages are pictures, have them read first.")
        sized("".join(text for _, text in document.texts), source.name, self.limits.characters)
        for place, text in document.texts:
            for piece in pieces(clean(text), source.name, self.limits, markdown=markdown):
                title = titled(line(document.title) or ("" if piece.headings else words_of(name)), piece)
                yield Lore(
                    id=source.record_id(document.id, title, piece.body),
                    title=title,
                    body=piece.body,
                    source=" § ".join((", ".join(filter(None, (name, place))), *map(line, piece.headings[-1:]))),
                    **taught(said or {}),
                )


def has_words(document: Document) -> bool:
    return any(clean(text) for _, text in document.texts)


def whole(lore: Iterable[Lore]) -> Reading:
    """One part; of pieces that are the same, the first."""
    return {"": tuple({record.id: record for record in reversed(list(lore))}.values())[::-1]}


def titled(title: str, piece: Piece) -> str:
    """The document's title and the headings, each once."""
    names = dict.fromkeys(filter(None, (title, *map(line, piece.headings))))
    return " › ".join(names)[:LONGEST]
