"""Text as it is kept: decoded or refused, without control characters, cut into pieces that an encoder can read."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from knowledge.problems import TryAgain
from knowledge.readers.limits import Limits, content

LONGEST = 1_000
"""Characters of a piece: about 220 tokens, what sentence encoders were trained to read at once."""
OVERLAP = 100
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32's little-endian mark begins with UTF-16's, so it comes first."""
SPACES = re.compile(r"[^\S\n\t]")
UNPRINTED = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
SENTENCE = re.compile(r"(?<=[.!?。！？]\s)|(?<=[。！？])")
BETWEEN = "\x1f"


class Piece(NamedTuple):
    """One piece of a document under its headings, outermost first."""

    headings: tuple[str, ...]
    body: str


def read_text(path: Path, most: int, characters: int) -> str:
    """UTF-8, or UTF-16 and UTF-32 with their mark; raises `TryAgain` for anything else, as nothing is guessed."""
    data = content(path, most)
    coding = next((coding for mark, coding in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(coding)
    except UnicodeDecodeError as error:
        raise TryAgain(f"{path.name!r} is not text in UTF-8: save it as UTF-8.") from error
    if "\0" in text:
        raise TryAgain(f"{path.name!r} holds binary data under a text's name: rename or convert it.")
    return sized(clean(text), path.name, characters)


def sized(text: str, name: str, most: int) -> str:
    if len(text) > most:
        raise TryAgain(f"{name!r} has {len(text):,} characters, more than the {most:,} that are read: split it.")
    if not text:
        raise TryAgain(f"{name!r} holds no words: there is nothing to learn from it.")
    return text


def clean(text: str) -> str:
    """In one normal form, with plain spaces, and without what is neither printed nor a line's end."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    return UNPRINTED.sub("", SPACES.sub(" ", unicodedata.normalize("NFC", lines))).strip()


def line(text: str) -> str:
    """The same on one line."""
    return " ".join(clean(text).split())


def pieces(text: str, name: str, limits: Limits, *, markdown: bool = False) -> Iterator[Piece]:
    """The text by headings, if it is Markdown, and in pieces short enough; raises `TryAgain` if they are too many."""
    found = list(sections(text)) if markdown else [Piece((), text)]
    if not any(piece.body for piece in found):
        found = [Piece((), text)]
    count = 0
    for section in found:
        for body in chunks(section.body):
            count += 1
            if count > limits.pieces:
                raise TryAgain(f"{name!r} makes more than {limits.pieces:,} pieces: split it.")
            yield Piece(section.headings, body)


def sections(text: str) -> Iterator[Piece]:
    for path, part in parts(text):
        first, _, rest = part.partition("\n")
        if first.startswith("#") and first.lstrip("#")[:1].isspace():
            yield Piece((*path, first.strip("# ")), rest.strip())
        else:
            yield Piece(path, part)


def parts(text: str) -> list[tuple[tuple[str, ...], str]]:
    """Each part begins with its heading; with it come the headings above."""
    if not re.search(r"\n#+\s", text):
        return [((), text)]
    from llama_index.core.node_parser import MarkdownNodeParser
    from llama_index.core.schema import Document

    parser = MarkdownNodeParser(include_prev_next_rel=False, header_path_separator=BETWEEN)
    nodes = parser.get_nodes_from_documents([Document(text=text)])
    above = (str(node.metadata["header_path"]).split(BETWEEN) for node in nodes)
    return [(tuple(filter(None, path)), node.get_content()) for path, node in zip(above, nodes, strict=True)]


def chunks(text: str) -> list[str]:
    """The text whole if it is short: the splitter takes seconds to import."""
    if len(text) <= LONGEST:
        return [text] if text else []
    from llama_index.core.node_parser import SentenceSplitter

    # Its own sentences come from NLTK, which refuses data files that an installer has hard-linked.
    splitter = SentenceSplitter(
        chunk_size=LONGEST, chunk_overlap=OVERLAP, tokenizer=list, chunking_tokenizer_fn=sentences
    )
    return [chunk for chunk in map(str.strip, splitter.split_text(text)) if chunk]


def sentences(text: str) -> list[str]:
    return [sentence for sentence in SENTENCE.split(text) if sentence]
