"""Where a model's files are on this disk and what they say of themselves, without loading a weight."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from knowledge.problems import GiveUp, TryAgain
from tools.engine.hub import fetch_pipeline

PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
FAMILIES: Mapping[str, str] = {
    "StableDiffusionXL": "sdxl",
    "StableDiffusion3": "sd3",
    "Flux2": "flux2",
    "Flux": "flux",
}
"""How a pipeline's class name begins -> the architecture a LoRA must be made for."""
WIDTHS: Mapping[int, str] = {768: "sd1", 1024: "sd2"}
"""Features of the text that a `StableDiffusionPipeline`'s UNet attends to -> its generation."""
SIDES: Mapping[str, int] = {"sd1": 512, "sd2": 768}
MARKS: Mapping[str, str] = {
    "joint_blocks.": "sd3",
    "double_blocks.": "flux",
    "conditioner.embedders.1.": "sdxl",
    "cond_stage_model.model.": "sd2",
    "cond_stage_model.transformer.": "sd1",
}
"""What a tensor's name contains in a single-file checkpoint -> its architecture."""


@dataclass(frozen=True)
class KnownModel:
    """
    A model with a name of its own: where it is (path or hub id), its family, ControlNets by kind, side in pixels.

    `ip_adapter` is a .safetensors file beside a folder named image_encoder, or a folder with both.
    """

    path: str
    family: str = ""
    controlnets: Mapping[str, str] = field(default_factory=dict)
    side: int = 0
    ip_adapter: str = ""


@dataclass(frozen=True)
class ModelFiles:
    """A diffusers folder or a single .safetensors checkpoint; `revision` is the hub's commit, empty for local files."""

    name: str
    path: Path
    revision: str = ""

    @cached_property
    def index(self) -> dict[str, Any]:
        return _json(self.path / "model_index.json")

    @cached_property
    def family(self) -> str:
        """From the pipeline's class and the UNet's width; the class name itself for a pipeline not in the tables."""
        if self.path.is_file():
            return _single_file_family(self.name, self.path)
        kind = str(self.index["_class_name"])
        named = next((family for start, family in FAMILIES.items() if kind.startswith(start)), "")
        if named or not kind.startswith("StableDiffusion"):
            return named or kind.removesuffix("Pipeline").lower()
        return WIDTHS.get(_json(self.path / "unet" / "config.json").get("cross_attention_dim", 0), "sd")

    @cached_property
    def side(self) -> int:
        """Pixels: the denoiser's sample size times the autoencoder's scale, or what its family is known for."""
        configs = (_json(self.path / part / "config.json") for part in ("unet", "transformer"))
        sample = next((config["sample_size"] for config in configs if config.get("sample_size")), None)
        if sample is None:
            return SIDES.get(self.family, 1024)
        vae = _json(self.path / "vae" / "config.json")
        blocks = vae.get("block_out_channels") or vae.get("encoder_block_out_channels") or (0,) * 4
        return (sample if isinstance(sample, int) else sample[0]) * 2 ** (len(blocks) - 1)

    @property
    def nbytes(self) -> int:
        """Of the weights on disk; a model published in two precisions counts twice."""
        return sum(weights.stat().st_size for weights in self._weights)

    @property
    def _weights(self) -> list[Path]:
        return [self.path] if self.path.is_file() else sorted(self.path.rglob("*.safetensors"))

    @cached_property
    def fingerprint(self) -> str:
        """The hub's commit, or the SHA-256 over the names and contents of the weight files."""
        if self.revision:
            return self.revision
        total = hashlib.sha256()
        for weights in self._weights:
            total.update(weights.relative_to(self.path).as_posix().encode())
            with weights.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()


def find_model(name: str, known: Mapping[str, KnownModel]) -> ModelFiles:
    """The files of a known name, a local path or a hub id; a hub model is downloaded when it is not there yet."""
    where = known[name].path if name in known else name
    path = Path(where).expanduser()
    if path.suffix.lower() in PICKLES:
        raise TryAgain(f"{name!r} is a pickle, which can run code and is refused: convert it to .safetensors first.")
    if path.is_file() and path.suffix.lower() == ".safetensors":
        return ModelFiles(name, path)
    if path.is_dir():
        return _checked(ModelFiles(name, path))
    if name in known and _is_path(where):
        raise GiveUp(f"The files of the model {name!r} are missing: install Atelier again or choose another model.")
    if path.exists() or _is_path(where):
        raise TryAgain(f"{name!r} is neither a diffusers folder nor a .safetensors file: check the path.")
    folder = fetch_pipeline(where, tuple(known))
    return _checked(ModelFiles(name, folder, revision=folder.name))


def _is_path(where: str) -> bool:
    return where.startswith((".", "/", "~", "\\")) or "\\" in where or where.count("/") > 1 or ".safetensors" in where


def _checked(files: ModelFiles) -> ModelFiles:
    if not (files.path / "model_index.json").is_file():
        raise TryAgain(f"{files.name!r} is not a diffusers model: its folder has no model_index.json.")
    if not isinstance(files.index.get("_class_name"), str):
        raise TryAgain(f"{files.name!r} brings its own code, which is refused: choose a model that needs none.")
    if not any(files.path.rglob("*.safetensors")):
        raise TryAgain(f"{files.name!r} has no .safetensors weights and pickles are refused: save it anew.")
    return files


def _json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise GiveUp(f"{file.parent.name}/{file.name} of the model is damaged: download the model again.") from problem


def _single_file_family(name: str, file: Path) -> str:
    try:
        with safe_open(file, framework="np") as checkpoint:
            keys = list(checkpoint.keys())
    except SafetensorError as problem:
        raise TryAgain(f"{name!r} is damaged or not a safetensors file: download it again.") from problem
    for mark, family in MARKS.items():
        if any(mark in key for key in keys):
            return family
    raise TryAgain(f"{name!r} is not a checkpoint of Stable Diffusion 1, 2, XL, 3 or Flux: choose one that is.")
