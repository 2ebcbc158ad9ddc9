"""What there is to ingest at the paths and URLs a user names, and what is passed over and why."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from knowledge.problems import TryAgain
from knowledge.readers.folders import Folder, folders, shown
from knowledge.readers.limits import KINDS, Limits, kind_of
from knowledge.readers.source import Source
from knowledge.readers.tables import Row, read_rows

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass
class Plan:
    """What was `asked` for, the sources by key, each once, and the names of what is no source, with the reason."""

    limits: Limits
    asked: set[str] = field(default_factory=set)
    sources: dict[str, Source] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, asked: str) -> None:
        """Raises `TryAgain` if there is no such thing."""
        if URL.match(asked):
            url = asked.partition("#")[0]
            self.asked.add(url)
            self.sources.setdefault(url, Source(url, url, url))
            return
        path = os.path.expanduser(asked)
        if not asked.strip() or not os.path.exists(path):
            raise TryAgain(f"There is no file or folder {asked[:300]!r}: check its name.")
        found = Path(os.path.realpath(path))
        self.asked.add(shown(found))
        if os.path.isfile(found):
            folder = next(folders(shown(found), found.parent))
            self._add_files(replace(folder, files={**folder.files, found.name: found}), [found])
            return
        count = 0
        for folder in folders(shown(found), found):
            count += len(folder.files)
            if count > self.limits.files:
                raise TryAgain(f"{asked!r} holds more than {self.limits.files:,} files: name the folders in it.")
            self._add_folder(folder)

    def _add_folder(self, folder: Folder) -> None:
        if folder.trouble:
            key = shown(folder.path)
            self.sources[key] = Source(key, folder.name(folder.path), folder.asked, trouble=folder.trouble)
        for name, why in folder.skipped.items():
            self.skipped[folder.name(folder.path / name)] = why
        self._add_files(folder, [file for file in folder.files.values() if file not in folder.sidecars])

    def _add_files(self, folder: Folder, chosen: Iterable[Path]) -> None:
        for file in chosen:
            source = folder.source(file)
            try:
                kind_of(file)
            except TryAgain as problem:
                self.skipped[source.name] = str(problem)
            else:
                self.sources.setdefault(source.key, source)
        tables = (file for file in folder.files.values() if KINDS.get(file.suffix.lower()) == "table")
        for file in tables:
            for row in self._rows(file):
                listed = pictured(folder, file, row)
                if listed.key in self.sources or shown(file) in self.sources:
                    self.sources[listed.key] = listed

    def _rows(self, file: Path) -> list[Row]:
        """Those about pictures. Of a table that is wrong there are none: reading it says why."""
        try:
            return [row for row in read_rows(file, self.limits) if "image" in row.said]
        except TryAgain:
            return []


def pictured(folder: Folder, table: Path, row: Row) -> Source:
    """The picture that a row of a table speaks of."""
    image = row.said["image"]
    if URL.match(image):
        return Source(image, image, folder.asked, row=row.said, listed=table)
    file = Path(os.path.realpath(table.parent / image))
    if file.is_relative_to(folder.root) and os.path.isfile(file):
        return replace(folder.source(file), row=row.said, listed=table)
    where = "there is no such file" if file.is_relative_to(folder.root) else "it is outside the folder"
    trouble = f"Line {row.number} of {table.name!r} names the picture {image[:200]!r}, but {where}: correct that line."
    return Source(
        f"{shown(table)}#{image}", f"{folder.name(table)}: {image}", folder.asked, listed=table, trouble=trouble
    )
