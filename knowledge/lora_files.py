"""The LoRA files on this machine and the cards made of them; their tensors are hashed and never loaded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from knowledge.lora_card import HEADER, TRAINING, lora_card
from knowledge.lora_claims import said_by_header, said_by_training, tidy
from knowledge.lora_hashes import Hashes, hashes_of
from knowledge.lora_hashes import file_hash as file_hash
from knowledge.lora_header import read_header, unreadable
from knowledge.lora_layers import adapted_layers
from knowledge.lora_ledger import LoraLedger, Made, State
from knowledge.lora_neighbours import Neighbours
from knowledge.problems import TryAgain
from knowledge.records import LoraCard

ADAPTER_FILES = frozenset((".safetensors", ".ckpt", ".pt", ".pth", ".bin"))
"""What LoRAs come in; all but the first are pickled, and looked at only to say so."""


def read_card(path: Path, hashes: Hashes | None = None, beside: Neighbours | None = None) -> LoraCard:
    """
    The card of one LoRA file, judged by what is in it and not by its name, with what lies beside it.

    Raises `TryAgain` if it is missing, empty, damaged, pickled, or not a LoRA; sidecars never make it fail. `hashes`
    spares reading the whole file, `beside` listing its folder.
    """
    header = read_header(path)
    layers = adapted_layers(path.name, header.shapes)
    try:
        claims, notes = (beside or Neighbours.of(path.parent)).claims(path)
        hashes = hashes or hashes_of(path)
    except OSError as error:
        raise unreadable(path, error.strerror or "an input error") from error
    claims |= {HEADER: said_by_header(header.metadata), TRAINING: said_by_training(header.metadata)}
    return lora_card(path.stem, layers, hashes, claims, notes)


def nowhere(sha256: str) -> tuple[Path, ...]:
    return ()


@dataclass(frozen=True)
class LoraShelf:
    """
    The LoRA files below some folders. A file is read again only when it or a sidecar of it has changed.

    `ledger` is a file that carries this over from one run to the next; `elsewhere` gives the places outside the folders
    where a file of some SHA-256 was seen, such as by ingestion. What lies there is looked at before it is believed.
    """

    folders: tuple[Path, ...]
    ledger: Path | None = None
    elsewhere: Callable[[str], Iterable[Path]] = nowhere

    def cards(self) -> list[LoraCard]:
        """One card for each different file that can be used; of equal files the first one's."""
        cards: dict[str, LoraCard] = {}
        for _, card in self._scan():
            if isinstance(card, LoraCard):
                cards.setdefault(card.sha256, card)
        return list(cards.values())

    def refused(self) -> list[tuple[str, str]]:
        """The files that cannot be used, by name, and why."""
        return [(tidy(path.name), why) for path, why in self._scan() if isinstance(why, str)]

    def path(self, sha256: str) -> Path:
        """Where that file is. Raises `TryAgain` if it is no longer there."""
        folders = [folder.absolute() for folder in self.folders]
        for path, (state, card) in list(self._made.items()):
            if _is(card, sha256) and _state((path,)) == state[:2] and any(map(path.is_relative_to, folders)):
                return path
        for path in self.elsewhere(sha256):
            with contextlib.suppress(OSError):
                if path.is_file() and _is(self._card(path, Neighbours.of(path.parent)), sha256):
                    return path
        for path, card in self._scan():
            if _is(card, sha256):
                return path
        raise TryAgain(f"There is no LoRA file with SHA-256 {sha256[:10]!r}…: put it into a folder of ATELIER_LORAS.")

    def holds(self, sha256: str) -> bool:
        """Whether that file is on this machine."""
        try:
            return bool(self.path(sha256))
        except TryAgain:
            return False

    def autov3(self, sha256: str) -> str:
        """What Civitai and A1111 know that file by, if it has been read; else nothing."""
        known = (card for _, card in list(self._made.values()) if isinstance(card, LoraCard) and card.sha256 == sha256)
        return next((card.autov3 for card in known), "")

    def preview(self, sha256: str) -> Path | None:
        """The picture beside that file, named like it. Raises `TryAgain` if the file is no longer there."""
        path = self.path(sha256)
        return Neighbours.of(path.parent).preview(path)

    @cached_property
    def _ledger(self) -> LoraLedger | None:
        return LoraLedger(self.ledger) if self.ledger else None

    @cached_property
    def _made(self) -> dict[Path, Made]:
        return self._ledger.read() if self._ledger else {}

    def _scan(self) -> list[tuple[Path, LoraCard | str]]:
        found = (pair for folder in self.folders for pair in _adapter_files(folder.absolute()))
        return [(path, self._card(path, beside)) for path, beside in found]

    def _card(self, path: Path, beside: Neighbours) -> LoraCard | str:
        state = _state((path, *beside.sidecars(path).values()))
        before, known = self._made.get(path, ((), ""))
        if state and state == before:
            return known
        hashed = known if isinstance(known, LoraCard) and state[:2] == before[:2] else None
        made = _read(path, Hashes(hashed.sha256, hashed.autov3) if hashed else None, beside)
        self._made[path] = state, made
        if self._ledger and state:
            self._ledger.keep(path, (state, made))
        return made


def _read(path: Path, hashes: Hashes | None, beside: Neighbours) -> LoraCard | str:
    try:
        return read_card(path, hashes, beside)
    except TryAgain as problem:
        return str(problem)


def _is(card: LoraCard | str, sha256: str) -> bool:
    return isinstance(card, LoraCard) and card.sha256 == sha256


def _state(paths: Iterable[Path]) -> State:
    """Sizes and times; nothing for a link that leads nowhere."""
    state: list[int] = []
    for path in paths:
        with contextlib.suppress(OSError):
            info = path.stat()
            state += (info.st_size, info.st_mtime_ns)
    return tuple(state)


def _adapter_files(top: Path) -> Iterator[tuple[Path, Neighbours]]:
    """Whatever is named like an adapter, in order; in linked folders too, but in none of them twice."""
    seen: set[str] = set()
    for at, folders, files in os.walk(top, followlinks=True):
        real = os.path.realpath(at)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        beside = Neighbours.among(Path(at), files)
        for path in map(Path(at).joinpath, sorted(files + folders)):
            if path.suffix.lower() in ADAPTER_FILES:
                yield path, beside
