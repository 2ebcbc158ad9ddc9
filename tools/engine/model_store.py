"""Models by name: loaded from safetensors when first asked for, and kept as near to the device as there is room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import diffusers
import torch
import transformers
from diffusers import AutoPipelineForText2Image, ControlNetModel, DiffusionPipeline
from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING
from huggingface_hub.utils import httpx
from safetensors import SafetensorError

from knowledge.loading import LOADING
from knowledge.problems import GiveUp, TryAgain
from knowledge.recipe import ControlKind
from tools.engine.bounded_cache import BoundedCache
from tools.engine.controlnets import CONTROLNETS
from tools.engine.hub import fetch_controlnet
from tools.engine.ip_adapter import IpAdapter
from tools.engine.ip_adapters import IpAdapterFiles, find_ip_adapter, is_here
from tools.engine.loaded_model import LoadedModel
from tools.engine.model_files import KnownModel, ModelFiles, find_model
from tools.engine.profile import NORMAL, Budget, Profile
from tools.engine.quiet import quiet
from tools.engine.tiers import Tiers, release

SINGLE_FILE_PIPELINES: Mapping[str, str] = {
    "sd1": "StableDiffusionPipeline",
    "sd2": "StableDiffusionPipeline",
    "sdxl": "StableDiffusionXLPipeline",
    "sd3": "StableDiffusion3Pipeline",
    "flux": "FluxPipeline",
}
INPAINTERS: Mapping[str, Any] = {
    "StableDiffusionInpaintPipeline": diffusers.StableDiffusionPipeline,
    "StableDiffusionXLInpaintPipeline": diffusers.StableDiffusionXLPipeline,
}
"""Models made for inpainting -> what loads the parts that the engine drives."""
LONGEST = 512
"""Tokens: tokenizers of long-context encoders name no useful limit, and pipelines read no more than this."""


@dataclass(frozen=True)
class ModelStore:
    """
    One thread alone asks for models.

    `device` is a torch device; half precision on CUDA, full elsewhere.
    """

    known: Mapping[str, KnownModel]
    device: str
    profile: Profile = NORMAL
    _files: dict[str, ModelFiles] = field(default_factory=dict, init=False)
    _models: Tiers[LoadedModel] = field(init=False)
    _tokenizers: dict[str, Any] = field(default_factory=dict, init=False)
    _controlnets: dict[tuple[str, ControlKind], Path] = field(default_factory=dict, init=False)
    _ip_adapters: dict[str, IpAdapterFiles] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_models", Tiers(lambda: self.profile.budget or Budget.of(self.device)))

    @property
    def dtype(self) -> torch.dtype:
        return torch.float16 if self.device.startswith("cuda") else torch.float32

    def files(self, name: str) -> ModelFiles:
        if name not in self._files:
            self._files[name] = find_model(name, self.known)
        return self._files[name]

    def family(self, name: str) -> str:
        return (name in self.known and self.known[name].family) or self.files(name).family

    def side(self, name: str) -> int:
        return (name in self.known and self.known[name].side) or self.files(name).side

    def tokenizer(self, name: str) -> Any:
        """The tokenizer of the first text encoder, without the model where it is not loaded yet."""
        if name not in self._tokenizers:
            files = self.files(name)
            with quiet():
                own = _tokenizer(files) if files.path.is_dir() else self.model(name).pipeline.tokenizer
            self._tokenizers[name] = own
        return self._tokenizers[name]

    def model(self, name: str) -> LoadedModel:
        """Raises `TryAgain` for a model that is no text-to-image model, `GiveUp` for one that cannot be had or read."""
        files = self.files(name)

        def load() -> LoadedModel:
            with LOADING:
                return LoadedModel(files, _load(files, self.dtype), self.device, self.profile)

        try:
            return self._models.of(name, files.nbytes, load)
        except torch.OutOfMemoryError as problem:
            raise GiveUp(
                "The model does not fit into this GPU's memory: choose a smaller one, or the CPU."
            ) from problem

    def where(self, name: str) -> str:
        """`device`, `host` or `disk`."""
        return self._models.where(name)

    @property
    def caches(self) -> Iterator[tuple[str, BoundedCache[Any]]]:
        """By what they keep, of every model in memory; for any thread."""
        for model in self._models.here:
            if model.ours is not None:
                yield from model.ours.caches.items()
            if model.ip_adapter is not None:
                yield "references", model.ip_adapter.looks

    def relieve(self, name: str) -> bool:
        """Off the device what a picture of this model can wait for; whether there was anything."""
        ours, cleared = self.model(name).ours, self._models.clear_for(name)
        rested = ours is not None and ours.relieve()
        release()
        return cleared or rested

    def controls(self, name: str) -> tuple[ControlKind, ...]:
        """The kinds of control there is a ControlNet for."""
        return tuple(kind for kind in get_args(ControlKind) if self._where(name, kind))

    def controlnet(self, name: str, kind: ControlKind) -> ControlNetModel:
        """The ControlNet of this kind for this model; raises `TryAgain` where there is none."""
        loaded, folder = self.model(name), self.controlnet_folder(name, kind)
        if kind not in loaded.controlnets:
            net = _controlnet(folder, kind, self.dtype)
            loaded.controlnets[kind] = net.to(self.device)  # pyright: ignore[reportArgumentType]
        return loaded.controlnets[kind]

    def controlnet_folder(self, name: str, kind: ControlKind) -> Path:
        """Where its files are, downloaded once; raises `TryAgain` where there is none."""
        if (name, kind) not in self._controlnets:
            where = self._where(name, kind)
            if not where:
                raise TryAgain(f"There is no {kind!r} ControlNet for {name!r}: leave the control out.")
            path = Path(where).expanduser()
            self._controlnets[name, kind] = path if path.is_dir() else fetch_controlnet(where)
        return self._controlnets[name, kind]

    def ip_adapter(self, name: str) -> IpAdapter:
        """What reads reference pictures for this model; raises `TryAgain` where there is nothing."""
        loaded = self.model(name)
        if loaded.ip_adapter is None:
            loaded.ip_adapter = IpAdapter.of(self.ip_adapter_files(name), name, loaded.pipeline.unet)
        return loaded.ip_adapter

    def ip_adapter_files(self, name: str) -> IpAdapterFiles:
        """Downloaded once; raises `TryAgain` where there is none."""
        if name not in self._ip_adapters:
            own = self.known[name].ip_adapter if name in self.known else ""
            self._ip_adapters[name] = find_ip_adapter(own, self.family(name), name)
        return self._ip_adapters[name]

    def looks(self, name: str) -> bool:
        """Whether there is an IP-Adapter for it on this machine."""
        own = self.known[name].ip_adapter if name in self.known else ""
        return bool(own) or is_here(self.family(name))

    def _where(self, name: str, kind: ControlKind) -> str:
        """The folder or hub id of such a ControlNet: the model's own, or its family's; empty where there is none."""
        own = self.known[name].controlnets if name in self.known else {}
        return own.get(kind) or CONTROLNETS.get((self.family(name), kind), "")


def limit(tokenizer: Any) -> int:
    return min(tokenizer.model_max_length, LONGEST)


def _tokenizer(files: ModelFiles) -> Any:
    _, kind = files.index.get("tokenizer") or (None, None)
    if kind is None:
        raise TryAgain(f"{files.name!r} has no tokenizer: choose a text-to-image model.")
    return getattr(transformers, kind).from_pretrained(files.path / "tokenizer")


def _load(files: ModelFiles, dtype: torch.dtype) -> DiffusionPipeline:
    try:
        return _from_file(files, dtype) if files.path.is_file() else _from_folder(files, dtype)
    except (OSError, ValueError, SafetensorError) as problem:
        raise GiveUp(
            f"The files of {files.name!r} are incomplete, damaged or not all .safetensors: download it again."
        ) from problem


def _from_folder(files: ModelFiles, dtype: torch.dtype) -> DiffusionPipeline:
    kinds = {cls.__name__ for cls in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()}
    declared = str(files.index["_class_name"])
    if declared not in kinds | INPAINTERS.keys():
        raise TryAgain(f"{files.name!r} is a {declared!r}, not a text-to-image model: choose another.")
    # a text encoder that was left out when the model was saved (T5 of SD 3) is left out here too
    empty = {"StableDiffusion3Pipeline": ("text_encoder_3", "tokenizer_3")}.get(declared, ())
    absent: dict[str, Any] = {part: None for part in empty if not any(files.index.get(part) or ())}
    if "safety_checker" in files.index:
        absent |= {"safety_checker": None, "requires_safety_checker": False}
    kind = INPAINTERS.get(declared, AutoPipelineForText2Image)
    return kind.from_pretrained(files.path, dtype=dtype, variant=_variant(files.path), use_safetensors=True, **absent)


def _controlnet(folder: Path, kind: str, dtype: torch.dtype) -> ControlNetModel:
    try:
        with LOADING:
            return ControlNetModel.from_pretrained(folder, dtype=dtype, use_safetensors=True)
    except (OSError, ValueError, SafetensorError) as problem:
        raise GiveUp(
            f"The {kind!r} ControlNet is incomplete, damaged or not .safetensors: download it again."
        ) from problem


def _variant(folder: Path) -> str | None:
    """`fp16` where the weights are published in half precision only."""
    names = [file.name for file in folder.rglob("*.safetensors")]
    return "fp16" if all(".fp16" in name for name in names) else None


def _from_file(files: ModelFiles, dtype: torch.dtype) -> DiffusionPipeline:
    kind = getattr(diffusers, SINGLE_FILE_PIPELINES[files.family])
    try:
        return kind.from_single_file(str(files.path), torch_dtype=dtype)
    except (OSError, httpx.HTTPError) as problem:
        raise GiveUp(
            f"{files.name!r} needs its configuration from the Hugging Face hub once: connect to a network, "
            "or save the model as a diffusers folder."
        ) from problem
