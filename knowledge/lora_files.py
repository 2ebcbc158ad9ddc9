"""LoRA files on this machine and the cards made of them: headers and hashes are read, tensors are not."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from knowledge.problems import TryAgain
from knowledge.records import LoraCard

HEADER_LIMIT = 8 << 20
"""Bytes. Real headers, tag counts and a thumbnail included, stay below; parsing more is work for an attacker."""
PICKLED = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How the files of torch.save begin: a zip, or a bare pickle of protocol 2 to 5."""
FAMILIES = (
    ("stable-diffusion-v1", "sd1"),
    ("stable-diffusion-v2", "sd2"),
    ("stable-diffusion-xl", "sdxl"),
    ("stable-diffusion-v3", "sd3"),
    ("stable-diffusion-3", "sd3"),
    ("sd_v1", "sd1"),
    ("sd_v2", "sd2"),
    ("sdxl", "sdxl"),
    ("sd3", "sd3"),
    ("flux", "flux"),
    ("picturebook", "picturebook"),
)
"""How modelspec.architecture and kohya's ss_base_model_version begin, and the family that means."""
CROSS_ATTENTION = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
"""Numbers a text token has where the UNet reads it, and the family that means."""
KEY_OF_TEXT = re.compile(r"attn2[._]to_k[._].*(lora_down|lora_A|lora\.down)")
ADAPTER_FILES = frozenset((".safetensors", ".ckpt", ".pt", ".pth", ".bin"))
"""What LoRAs come in; all but the first are pickled, and looked at only to say so."""
ADAPTER = re.compile(r"lora|lokr|hada|dora|oft|boft|glora", re.IGNORECASE)


def read_card(path: Path) -> LoraCard:
    """
    The card of one LoRA file, judged by what is in it and not by its name.

    Raises `TryAgain` if it is missing, empty, damaged, pickled, or not an adapter. The header follows Stability's
    ModelSpec 1.0.1 and kohya's `ss_*` keys; `atelier.weight` is the weight the file is best used at.
    """
    try:
        refuse_others(path)
        with safe_open(path, framework="numpy") as file:
            header = {key: tidy(value) for key, value in (file.metadata() or {}).items()}
            keys = file.keys()
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in keys}
        sha256 = file_hash(path)
    except OSError as error:
        raise TryAgain(f"The LoRA file {path.name!r} cannot be read ({error.strerror}): check the file.") from error
    except SafetensorError as error:
        raise TryAgain(f"The LoRA file {path.name!r} is damaged or not safetensors: get it again.") from error
    if not any(ADAPTER.search(key) for key in shapes):
        raise TryAgain(f"The file {path.name!r} holds no LoRA weights: choose a LoRA's .safetensors file.")
    try:
        return card(header, shapes, sha256, tidy(path.stem))
    except ValidationError as error:
        raise TryAgain(f"The header of the LoRA file {path.name!r} makes no sense: get the file again.") from error


def refuse_others(path: Path) -> None:
    """Raise `TryAgain` for what is clearly no safetensors file, before any parser sees it."""
    with path.open("rb") as file:
        start = file.read(8)
    length, size = int.from_bytes(start, "little"), path.stat().st_size
    if not start:
        raise TryAgain(f"The LoRA file {path.name!r} is empty: get it again.")
    if length > size and start.startswith(PICKLED):
        raise TryAgain(f"{path.name!r} is a pickled file, which can run code when opened: use a .safetensors LoRA.")
    if len(start) < 8 or length > size:
        raise TryAgain(f"The LoRA file {path.name!r} is damaged or not safetensors: get it again.")
    if length > HEADER_LIMIT:
        raise TryAgain(f"The LoRA file {path.name!r} has a header of more than {HEADER_LIMIT >> 20} MB: refused.")


def file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tidy(text: str) -> str:
    """One line of printable text: what a stranger wrote into a header is shown, and never obeyed."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def card(header: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]], sha256: str, stem: str) -> LoraCard:
    return LoraCard(
        id=sha256,
        name=(header.get("ss_output_name") or header.get("modelspec.title") or stem or sha256[:10])[:200],
        about=header.get("modelspec.description", "")[:2000],
        trigger_words=trigger_words(header),
        tags=parts(header.get("modelspec.tags", "")),
        base_model=base_model(header, shapes),
        weight=weight(header),
        sha256=sha256,
        licence=header.get("modelspec.license", "")[:200],
        source=header.get("modelspec.author", "")[:200],
    )


def parts(text: str) -> tuple[str, ...]:
    """The phrases between commas, each once, at most 32."""
    return tuple(dict.fromkeys(part.strip()[:100] for part in text.split(",") if part.strip()))[:32]


def trigger_words(header: Mapping[str, str]) -> tuple[str, ...]:
    """What the author named, else the tags, three at most, that every captioned picture of the training set had."""
    if named := parts(header.get("modelspec.trigger_phrase", "")):
        return named
    counts: Counter[str] = Counter()
    try:
        for tags in json.loads(header.get("ss_tag_frequency", "{}")).values():
            counts.update({tag.strip(): int(count) for tag, count in tags.items() if tag.strip()})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ()
    most = max(counts.values(), default=0)
    return tuple(tag[:100] for tag, count in counts.most_common(3) if count == most)


def base_model(header: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]) -> str:
    """The family by what the header says, else by the width of cross-attention, else `unknown`."""
    for said in (header.get("modelspec.architecture", ""), header.get("ss_base_model_version", "")):
        for start, family in FAMILIES:
            if said.lower().startswith(start):
                return family
    widths = {shape[-1] for key, shape in shapes.items() if KEY_OF_TEXT.search(key) and len(shape) == 2}
    return CROSS_ATTENTION.get(widths.pop(), "unknown") if len(widths) == 1 else "unknown"


def weight(header: Mapping[str, str]) -> float:
    try:
        said = float(header.get("atelier.weight", "1"))
    except ValueError:
        return 1.0
    return said if math.isfinite(said) and -4 <= said <= 4 else 1.0


@dataclass(frozen=True)
class LoraShelf:
    """The LoRA files below some folders. A file is read again only when its size or time has changed."""

    folders: tuple[Path, ...]
    _read: dict[tuple[Path, int, int], LoraCard | TryAgain] = field(default_factory=dict, repr=False, compare=False)

    def cards(self) -> list[LoraCard]:
        """One card for each different file that can be used."""
        return list({card.sha256: card for _, card in self._scan() if isinstance(card, LoraCard)}.values())

    def refused(self) -> list[tuple[str, str]]:
        """The files that cannot be used, by name, and why."""
        return [(path.name, str(problem)) for path, problem in self._scan() if isinstance(problem, TryAgain)]

    def path(self, sha256: str) -> Path:
        """Where that file is. Raises `TryAgain` if it is no longer there."""
        for path, card in self._scan():
            if isinstance(card, LoraCard) and card.sha256 == sha256:
                return path
        raise TryAgain(f"There is no LoRA file with SHA-256 {sha256[:10]!r}…: put it back into a LoRA folder.")

    def _scan(self) -> list[tuple[Path, LoraCard | TryAgain]]:
        found = (path for folder in self.folders for path in sorted(folder.rglob("*")) if path.suffix in ADAPTER_FILES)
        return [(path, self._card(path)) for path in found if path.is_file()]

    def _card(self, path: Path) -> LoraCard | TryAgain:
        stat = path.stat()
        key = (path, stat.st_size, stat.st_mtime_ns)
        if key not in self._read:
            try:
                self._read[key] = read_card(path)
            except TryAgain as problem:
                self._read[key] = problem
        return self._read[key]
