"""The pictures kept on disk, each named by the SHA-256 of its file, with an index to find them again."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from knowledge.data_folder import write_whole
from knowledge.image_files import decode_image, encode_plain, open_image, read_provenance, write_picture
from knowledge.lora_hashes import file_hash
from knowledge.picture import Picture, Provenance
from knowledge.problems import GiveUp, TryAgain

SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS pictures (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    parent_id TEXT,
    provenance TEXT NOT NULL,
    seconds TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS pictures_by_parent ON pictures (parent_id);
CREATE TABLE IF NOT EXISTS ratings (id TEXT PRIMARY KEY, rating INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (text, tokenize = 'porter unicode61');
COMMIT;
"""
KEEP_ROW = """
INSERT INTO pictures (id, parent_id, provenance, seconds) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET seconds = excluded.seconds RETURNING number
"""
ROW = "SELECT pictures.id, provenance, seconds FROM pictures"
NEWEST = "ORDER BY number DESC LIMIT ?"
MOST_WORDS = 32
AMBIGUOUS = "Several pictures have an id that begins with {!r}: give more of it."


@dataclass(frozen=True)
class Gallery:
    """Files first, then the row: what a killed process leaves half-done is never listed. Safe for several processes.
    Raises `GiveUp` where the folder cannot be used, from the start."""

    folder: Path

    def __post_init__(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GiveUp(_refusal(error.strerror)) from error
        with self._index() as index:
            if index.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                index.execute("PRAGMA journal_mode = WAL")
            index.executescript(SCHEMA)

    def add(self, image: Image.Image, provenance: Provenance, seconds: Mapping[str, float]) -> Picture:
        """Keep a picture with its record and the images its recipe needs. The same picture is kept once."""
        inputs = {image_id: self._file_of(image_id).read_bytes() for image_id in provenance.recipe.image_ids}
        data = write_picture(image, provenance, inputs, "PNG")
        picture = Picture(hashlib.sha256(data).hexdigest(), provenance, dict(seconds))
        write_whole(self._place("pictures", picture.id), data)
        with self._index() as index:
            self._list(index, picture)
        return picture

    def get(self, picture_id: str) -> Picture:
        found = self._pictures(f"{ROW} WHERE id = ?", picture_id)
        if not found:
            raise _unknown(picture_id)
        return found[0]

    def parent(self, picture: Picture) -> Picture | None:
        """The picture it was made from; None where there was none, or where it is no longer here."""
        found = self._pictures(f"{ROW} WHERE id = ?", picture.provenance.parent_id or "")
        return found[0] if found else None

    def path(self, picture_id: str) -> Path:
        """The picture's PNG file, for reading only."""
        path = self._place("pictures", self.get(picture_id).id)
        if not path.is_file():
            raise _unknown(picture_id)
        return path

    def image(self, image_id: str) -> Image.Image:
        """RGB, of a picture or of a kept input."""
        return open_image(self._file_of(image_id))

    def keep(self, image: Image.Image) -> str:
        """Keep an image that a recipe needs; its id is the SHA-256 of its PNG without metadata."""
        return self._keep_bytes(encode_plain(image))

    def keep_file(self, path: Path) -> str:
        """Keep the image in a user's file. Raises `TryAgain` as `open_image` does."""
        return self.keep(open_image(path))

    def keep_inputs(self, inputs: Mapping[str, bytes]) -> None:
        """Keep images that came inside a picture file, byte for byte, so that their ids stay."""
        for image_id, data in inputs.items():
            decode_image(data, image_id)
            if self._keep_bytes(data) != image_id:
                raise TryAgain(f"The image {image_id!r} was changed on its way: use the original file.")

    def find(self, text: str, limit: int) -> list[Picture]:
        """Pictures whose recipe or wish has all the words, or words that begin so; newest first."""
        words = re.findall(r"[^\W_]+", text)[:MOST_WORDS]
        if not words:
            return []
        asked = " ".join(f'"{word}"*' for word in words)
        return self._pictures(f"{ROW} JOIN words ON number = words.rowid WHERE words MATCH ? {NEWEST}", asked, limit)

    def recent(self, limit: int) -> list[Picture]:
        """Newest first."""
        return self._pictures(f"{ROW} {NEWEST}", limit)

    def children(self, picture_id: str) -> list[Picture]:
        """The pictures made from this one, oldest first."""
        return self._pictures(f"{ROW} WHERE parent_id = ? ORDER BY number", picture_id)

    def of_record(self, provenance: Provenance) -> Picture | None:
        """The newest with just this record, if there is one."""
        return next(iter(self._pictures(f"{ROW} WHERE provenance = ? {NEWEST}", provenance.canonical(), 1)), None)

    def of_file(self, path: Path) -> Picture:
        """The kept picture that is in this file, in whichever format. Raises `TryAgain` if there is none."""
        same = self._pictures(f"{ROW} WHERE id = ?", file_hash(path))
        kept = same[0] if same else self.of_record(read_provenance(path)[0])
        if kept is None:
            raise TryAgain(f"{path.name!r} is no picture of this gallery: it was drawn elsewhere, or changed.")
        return kept

    def beginning(self, start: str) -> Picture:
        """The one whose id begins so, with six digits or more."""
        if not re.fullmatch(r"[0-9a-f]{6,64}", start):
            raise _unknown(start)
        found = self._pictures(f"{ROW} WHERE id GLOB ? LIMIT 2", f"{start}*")
        if len(found) != 1:
            raise TryAgain(AMBIGUOUS.format(start)) if found else _unknown(start)
        return found[0]

    def rate(self, picture_id: str, rating: int) -> None:
        """1 to 5, instead of any rating before. It is no part of the picture's file."""
        with self._index() as index:
            index.execute("INSERT OR REPLACE INTO ratings VALUES (?, ?)", (self.get(picture_id).id, rating))

    def rating(self, picture_id: str) -> int:
        """0 where none was given."""
        with self._index() as index:
            row = index.execute("SELECT rating FROM ratings WHERE id = ?", (self.get(picture_id).id,)).fetchone()
        return row[0] if row else 0

    def _pictures(self, query: str, *values: str | int) -> list[Picture]:
        with self._index() as index:
            rows = index.execute(query, values).fetchall()
        return [Picture(id, Provenance.model_validate_json(record), json.loads(spent)) for id, record, spent in rows]

    def _list(self, index: sqlite3.Connection, picture: Picture) -> None:
        provenance = picture.provenance
        row = (picture.id, provenance.parent_id, provenance.canonical(), json.dumps(picture.seconds))
        (number,) = index.execute(KEEP_ROW, row).fetchone()
        index.execute("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)", (number, _words(provenance)))

    @contextmanager
    def _index(self) -> Iterator[sqlite3.Connection]:
        """A connection of this call alone, committed at its end; with WAL, SQLite's default is a full sync."""
        try:
            with closing(sqlite3.connect(self.folder / "gallery.sqlite", timeout=30)) as index, index:
                yield index
        except sqlite3.DatabaseError as error:
            raise GiveUp(_refusal(str(error))) from error

    def _keep_bytes(self, data: bytes) -> str:
        image_id = hashlib.sha256(data).hexdigest()
        if not (path := self._place("inputs", image_id)).is_file():
            write_whole(path, data)
        return image_id

    def _file_of(self, image_id: str) -> Path:
        path = self._place("inputs", image_id)
        return path if path.is_file() else self.path(image_id)

    def _place(self, kind: Literal["pictures", "inputs"], image_id: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", image_id):
            raise _unknown(image_id)
        return self.folder / kind / image_id[:2] / f"{image_id}.png"


def _words(provenance: Provenance) -> str:
    recipe = provenance.recipe
    names = (recipe.model, recipe.scheduler, *(use.name for use in recipe.loras))
    return "\n".join((recipe.prompt, provenance.wish, recipe.negative_prompt, *names))


def _unknown(image_id: str) -> TryAgain:
    return TryAgain(f"There is no picture or image {image_id[:80]!r}: use an id that was given before.")


def _refusal(reason: str | None) -> str:
    return f"The gallery cannot be used ({reason}): free some space, or set ATELIER_DATA to a writable folder."
