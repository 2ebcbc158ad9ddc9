"""The files beside a LoRA that describe it: which there are, and what they claim; malformed ones become a note."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from knowledge.front_matter import front_matter
from knowledge.lora_claims import Claim
from knowledge.lora_sidecars import A1111, Civitai, LoraManager, ModelCard

SIDECARS: Mapping[str, type[A1111 | LoraManager | Civitai]] = {
    ".json": A1111,
    ".metadata.json": LoraManager,
    ".civitai.info": Civitai,
}
"""What follows a LoRA's name without its suffix, and the format that means."""
README = "README.md"
PREVIEWS = tuple(f"{middle}.{kind}" for kind in ("png", "jpg", "jpeg", "webp") for middle in ("", ".preview"))
SIDECAR_LIMIT = 4 << 20
README_LIMIT = 64 << 10
"""Bytes: larger sidecars are refused, and of a README no more is read."""


@dataclass(frozen=True)
class Neighbours:
    """The names in one folder, looked up once for all the LoRAs in it."""

    folder: Path
    names: frozenset[str]
    loras: int

    @classmethod
    def of(cls, folder: Path) -> Neighbours:
        """Raises OSError."""
        return cls.among(folder, os.listdir(folder))

    @classmethod
    def among(cls, folder: Path, names: Iterable[str]) -> Neighbours:
        there = frozenset(names)
        return cls(folder, there, sum(name.lower().endswith(".safetensors") for name in there))

    def sidecars(self, lora: Path) -> dict[str, Path]:
        """By what follows the LoRA's name. A README speaks only for a LoRA that is alone in its folder."""
        named = {suffix: lora.stem + suffix for suffix in SIDECARS} | ({README: README} if self.loras == 1 else {})
        there = {kind: self.folder / name for kind, name in named.items() if name in self.names}
        return {kind: path for kind, path in there.items() if path.is_file()}

    def preview(self, lora: Path) -> Path | None:
        """The picture named like the LoRA."""
        named = (lora.stem + suffix for suffix in PREVIEWS)
        return next((path for name in named if name in self.names and (path := self.folder / name).is_file()), None)

    def claims(self, lora: Path) -> tuple[dict[str, Claim], tuple[str, ...]]:
        """What each says, and a note for each that cannot be used."""
        claims: dict[str, Claim] = {}
        notes: list[str] = []
        for kind, path in self.sidecars(lora).items():
            try:
                claims[kind] = _read(kind, path)
            except (OSError, ValueError) as error:
                notes.append(f"The file {path.name!r} beside it is ignored: {_why(error)}.")
        return claims, tuple(notes)


def _read(kind: str, path: Path) -> Claim:
    """Raises OSError, and `ValueError` (pydantic's among them) for what is no such sidecar."""
    limit = README_LIMIT if kind == README else SIDECAR_LIMIT
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if kind == README:
        return ModelCard.model_validate(front_matter(data.decode(errors="replace"))).claim()
    if len(data) > limit:
        raise ValueError(f"it has more than {limit >> 20} MB")
    return SIDECARS[kind].model_validate_json(data.decode("utf-8-sig")).claim()


def _why(error: OSError | ValueError) -> str:
    match error:
        case OSError():
            return error.strerror or "it cannot be read"
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case ValidationError():
            return error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
        case _:
            return str(error)
