"""CSV and JSON lines: records as they are, rows of words as lore, and what rows say of pictures."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from knowledge.problems import TryAgain
from knowledge.readers.limits import Limits
from knowledge.readers.source import Reading, Source
from knowledge.readers.texts import clean, line, pieces, read_text
from knowledge.records import RECORD, LoraCard, Lore, Reference

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "name", "term", "heading"),
    "body": ("body", "text", "description", "content", "definition"),
    "caption": ("caption", "prompt"),
    "image": ("image", "file_name", "filename", "file"),
    "adds": ("adds",),
    "terms": ("terms", "tags"),
    "base_models": ("base_models", "base_model"),
    "licence": ("licence", "license"),
    "consent": ("consent",),
    "rating": ("rating",),
    "source": ("source", "url"),
}
"""What a column means, and the names it may have."""


@dataclass(frozen=True)
class Row:
    """One line: either a whole record, or what its columns say."""

    number: int
    said: Mapping[str, str] = field(default_factory=dict)
    record: Lore | Reference | LoraCard | None = None


def read_rows(path: Path, limits: Limits) -> list[Row]:
    """Raises `TryAgain` naming the first line that is wrong: a table is read whole or not at all."""
    text = read_text(path, limits.bytes["table"], limits.bytes["table"])
    lines = _of_csv(path, text) if path.suffix.lower() in (".csv", ".tsv") else _of_json(path, text)
    rows: list[Row] = []
    for row in lines:
        if len(rows) == limits.rows:
            raise TryAgain(f"{path.name!r} has more than the {limits.rows:,} rows that are read: split it.")
        rows.append(row)
    return rows


def table(source: Source, limits: Limits) -> Reading:
    """The records and the lore of a table; rows about pictures belong to the pictures."""
    records: dict[str, Lore | Reference | LoraCard] = {}
    for row in read_rows(source.file, limits):
        if "image" in row.said:
            continue
        for record in (row.record,) if row.record else _lore(source, row, limits):
            if row.record and record.id in records:
                raise wrong(source.file, row.number, f"its id {record.id[:60]!r} was used before")
            records.setdefault(record.id, record)
    return {"": tuple(records.values())}


def _lore(source: Source, row: Row, limits: Limits) -> Iterator[Lore]:
    said = row.said
    body = clean(said.get("body") or said.get("caption") or said["title"])
    title = line(said.get("title") or body[:80])[:200]
    every = [f"{name}={said[name]}" for name in sorted(said)]
    for number, piece in enumerate(pieces(body, source.name, limits)):
        yield Lore(
            id=source.record_id(str(number), *every),
            title=title,
            body=piece.body,
            source=said.get("source") or f"{source.name}, line {row.number}",
            **taught(said),
        )


def _of_csv(path: Path, text: str) -> Iterator[Row]:
    head, _, _ = text.partition("\n")
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [meaning(name) for name in next(reader)]
        for cells in reader:
            if len(cells) > len(columns):
                raise wrong(path, reader.line_num, f"it has {len(cells)} cells for {len(columns)} columns")
            if any(cells):
                yield _row(path, reader.line_num, zip(columns, cells, strict=False))
    except csv.Error as error:
        raise wrong(path, reader.line_num, str(error)) from error


def _of_json(path: Path, text: str) -> Iterator[Row]:
    for number, said in enumerate(text.split("\n"), 1):
        if not said.strip():
            continue
        try:
            value = from_json(said)
            if isinstance(value, dict) and "kind" in value:
                yield Row(number, record=RECORD.validate_python(value))
                continue
        except ValidationError as error:
            raise wrong(path, number, error.errors()[0]["msg"]) from error
        except ValueError as error:
            raise wrong(path, number, f"it is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise wrong(path, number, "it is not an object")
        yield _row(path, number, ((meaning(name), worded(cell)) for name, cell in value.items()))


def _row(path: Path, number: int, cells: Iterator[tuple[str, str]]) -> Row:
    said: dict[str, str] = {}
    for name, cell in cells:
        if name and (words := clean(cell)):
            said[name] = f"{said[name]}\n{words}" if name in said else words
    if not said.keys() & {"title", "body", "caption", "image"}:
        raise wrong(path, number, "it has no title, body, caption or image: name its columns so")
    return Row(number, said)


def worded(cell: object) -> str:
    if isinstance(cell, list):
        return "; ".join(map(str, cell))
    return "" if cell is None else str(cell)


def taught(said: Mapping[str, str]) -> dict[str, Any]:
    """What columns, or the front matter of a text, say of lore; the word that a row explains is one of its terms."""
    return {
        "terms": tuple(dict.fromkeys((*filter(None, [line(said.get("title", ""))]), *several(said.get("terms", ""))))),
        "adds": line(said.get("adds", "")),
        "base_models": several(said.get("base_models", "")),
        "licence": line(said.get("licence", "")),
    }


def several(cell: str) -> tuple[str, ...]:
    """The values between semicolons or commas."""
    return tuple(part.strip() for part in re.split("[;,]", cell) if part.strip())


def meaning(column: str) -> str:
    """What a column of that name means; nothing if it is of no use here."""
    name = column.strip().lower().replace(" ", "_")
    return next((field for field, names in COLUMNS.items() if name in names), "")


def wrong(path: Path, number: int, why: str) -> TryAgain:
    return TryAgain(f"Line {number} of {path.name!r} is wrong ({clean(why)[:200]}): correct that line.")
