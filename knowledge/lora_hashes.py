"""The hashes a LoRA file is known by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1 << 20


@dataclass(frozen=True)
class Hashes:
    """
    `sha256` is of the whole file; its first 10 digits are Civitai's AutoV2.

    `autov3` is the first 12 digits of the SHA-256 of what follows the safetensors header, so that it survives edits of
    the metadata: Civitai's AutoV3, and how kohya's `sshs_model_hash` and A1111's "Lora hashes" should begin.
    """

    sha256: str
    autov3: str


def hashes_of(path: Path) -> Hashes:
    """Both hashes of a safetensors file in one pass. Raises OSError."""
    whole, tensors = hashlib.sha256(), hashlib.sha256()
    with path.open("rb") as file:
        start = file.read(8)
        whole.update(start + file.read(int.from_bytes(start, "little")))
        while chunk := file.read(CHUNK):
            whole.update(chunk)
            tensors.update(chunk)
    return Hashes(whole.hexdigest(), tensors.hexdigest()[:12])


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
