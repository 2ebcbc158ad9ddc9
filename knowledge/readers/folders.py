"""Folders as ingestion sees them: plain files and what lies beside them; no link leads out, nothing hidden is seen."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from knowledge.lora_neighbours import README, Neighbours
from knowledge.readers.limits import KINDS
from knowledge.readers.pictures import FACTS_BESIDE, WORDS_BESIDE
from knowledge.readers.source import Source


@dataclass(frozen=True)
class Folder:
    """
    One folder below `root`: its plain files by name, with links followed, and why other names are passed over.

    `trouble` is why it cannot be looked into.
    """

    asked: str
    root: Path
    path: Path
    files: Mapping[str, Path]
    skipped: Mapping[str, str]
    trouble: str = ""

    def source(self, file: Path) -> Source:
        return Source(shown(file), self.name(file), self.asked, file, self.beside(file))

    def name(self, path: Path) -> str:
        return shown(path.relative_to(self.root)) if path != self.root else shown(path)

    def beside(self, file: Path) -> tuple[Path, ...]:
        """The sidecars of a picture or LoRA that are not empty."""
        match KINDS.get(file.suffix.lower()):
            case "lora":
                found = self._neighbours.sidecars(file).values()
            case "image":
                found = (file.with_suffix(suffix) for suffix in (*WORDS_BESIDE, FACTS_BESIDE))
            case _:
                found = ()
        return tuple(
            sorted(one for one in found if os.path.isfile(one) and not one.is_symlink() and one.stat().st_size)
        )

    @cached_property
    def sidecars(self) -> frozenset[Path]:
        """The files that only speak of another, or show it."""
        loras = [file for file in self.files.values() if KINDS.get(file.suffix.lower()) == "lora"]
        previews = {preview for lora in loras if (preview := self._neighbours.preview(lora))}
        spoken = {one for file in self.files.values() for one in self.beside(file) if one.name != README}
        return frozenset(previews | spoken)

    @cached_property
    def _neighbours(self) -> Neighbours:
        loras = sum(name.lower().endswith(".safetensors") for name in self.files)
        return Neighbours(self.path, frozenset(self.files), loras)


def folders(asked: str, root: Path) -> Iterator[Folder]:
    """The folder and all those in it, by name."""
    waiting = [root]
    while waiting:
        path = waiting.pop()
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as error:
            yield Folder(asked, root, path, {}, {}, f"The folder cannot be read ({error.strerror}): open it.")
            continue
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        inner = [path / entry.name for entry in seen if entry.is_dir(follow_symlinks=False)]
        waiting += reversed(inner)
        others = {entry.name: Path(os.path.realpath(entry.path)) for entry in seen if path / entry.name not in inner}
        reasons = {name: strange(root, file) for name, file in others.items()}
        files = {name: file for name, file in others.items() if not reasons[name]}
        yield Folder(asked, root, path, files, {name: why for name, why in reasons.items() if why})


def strange(root: Path, file: Path) -> str:
    """Why a file is no plain one of this folder, or nothing."""
    if not file.is_relative_to(root):
        return "It is a link that leads out of the folder: name what it points to."
    if os.path.isdir(file):
        return "It is a link to a folder: name what it points to."
    return "" if os.path.isfile(file) else "It is no plain file."


def shown(path: Path) -> str:
    """A path as text that can be stored, whatever bytes are in its name."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
