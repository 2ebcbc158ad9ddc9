"""Where the files of an encoder are: a folder, or a hub id that is downloaded once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from knowledge.problems import GiveUp

FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]


def folder_of(source: str) -> Path:
    """A local folder as it is; the files of `id` or `id@revision` in a folder named after the commit."""
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download

    name, _, revision = source.partition("@")
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=FILES, ignore_patterns="*/*"))
    except (OSError, ValueError) as error:
        raise GiveUp(
            f"The encoder {source!r} is not on this machine and cannot be downloaded: "
            "connect to the network, check its name, or name a folder that holds such a model."
        ) from error


def fingerprint(source: str, folder: Path) -> str:
    """The hub id and its commit, or one SHA-256 for the weights of a folder."""
    if source and not Path(source).is_dir():
        return f"{source.partition('@')[0]}@{folder.name}"
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise GiveUp(f"The folder {source!r} holds no encoder: it has no .safetensors weights.")
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
