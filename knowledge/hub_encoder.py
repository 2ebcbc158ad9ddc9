"""What encoders loaded through transformers share: where their files are, their fingerprint, rows of unit length."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from knowledge.loading import LOADING
from knowledge.problems import GiveUp

FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]


@dataclass(frozen=True)
class HubEncoder:
    """
    From a local folder, or a hub id with an optional `@revision`, downloaded once.

    Nothing is loaded before the first use, which raises `GiveUp` if the model cannot be had. Weights are read from
    safetensors only, no code of the repository is run, and texts are cut at the length the model was made for.
    """

    source: str
    device: str = "cpu"
    batch: int = 32

    called: ClassVar[str] = "encoder"
    preparers: ClassVar[tuple[str, ...]] = ("AutoTokenizer",)
    """What turns words and pictures into the model's input, by the names that transformers has for them."""

    @property
    def fingerprint(self) -> str:
        """The hub id and its commit, or one SHA-256 for the weights of a folder."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        if self.source and not Path(self.source).is_dir():
            return f"{self.source.partition('@')[0]}@{self._folder.name}"
        files = sorted(self._folder.glob("*.safetensors"))
        if not files:
            raise GiveUp(f"The folder {self.source!r} holds no encoder: it has no .safetensors weights.")
        digest = hashlib.sha256()
        for path in files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    @cached_property
    def _folder(self) -> Path:
        """A local folder as it is; the files of a hub id in a folder named after the commit."""
        if Path(self.source).is_dir():
            return Path(self.source)
        from huggingface_hub import snapshot_download

        name, _, revision = self.source.partition("@")
        try:
            return Path(snapshot_download(name, revision=revision or None, allow_patterns=FILES, ignore_patterns="*/*"))
        except (OSError, ValueError) as error:
            raise GiveUp(
                f"The encoder {self.source!r} is not on this machine and cannot be downloaded: "
                "connect to the network, check its name, or name a folder that holds such a model."
            ) from error

    @cached_property
    def _parts(self) -> tuple[Any, ...]:
        """The model, then what prepares its input."""
        import torch
        import transformers
        from transformers.utils import logging

        logging.disable_progress_bar()
        options: dict[str, Any] = {"local_files_only": True}
        folder = self._folder
        try:
            with LOADING:
                model: Any = transformers.AutoModel.from_pretrained(
                    folder, dtype=torch.float32, use_safetensors=True, **options
                )
            made = [getattr(transformers, name).from_pretrained(folder, **options) for name in self.preparers]
        except (OSError, ValueError, SafetensorError) as error:
            raise GiveUp(f"The encoder {self.source!r} cannot be loaded: it is no complete {self.called}.") from error
        return model.eval().to(self.device), *made

    def _rows(self, wanted: Sequence[Any], encode: Callable[[Sequence[Any]], Any], dim: int) -> NDArray[np.float32]:
        """What `encode` makes of the wanted, a batch at once, as rows of unit length, shape (n, dim)."""
        import torch

        rows: list[torch.Tensor] = []
        with torch.inference_mode():
            for start in range(0, len(wanted), self.batch):
                made = encode(wanted[start : start + self.batch]).float()
                rows.append(torch.nn.functional.normalize(made, dim=-1).cpu())
        return torch.cat(rows).numpy() if rows else np.empty((0, dim), np.float32)
