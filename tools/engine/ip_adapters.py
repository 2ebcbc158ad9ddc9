"""Where the IP-Adapter of a model is: its weights in one file, and the folder of the image encoder it reads with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from knowledge.problems import TryAgain
from tools.engine.hub import fetch_files

ENCODER = "image_encoder"
HUB = "h94/IP-Adapter"
IP_ADAPTERS: Mapping[str, tuple[str, str]] = {
    "sd1": ("models/ip-adapter_sd15.safetensors", f"models/{ENCODER}"),
    # the one that reads with the encoder of SD 1.5, a third of its own
    "sdxl": ("sdxl_models/ip-adapter_sdxl_vit-h.safetensors", f"models/{ENCODER}"),
}
"""A model's family -> the file and the encoder's folder in `HUB`, for models that name none of their own."""


@dataclass(frozen=True)
class IpAdapterFiles:
    weights: Path
    encoder: Path


def find_ip_adapter(own: str, family: str, model: str) -> IpAdapterFiles:
    """
    `own` is a .safetensors file beside a folder named image_encoder, or a folder with both; where it is empty, those of
    the family are fetched from the hub. Raises `TryAgain` where there is none.
    """
    if own:
        return _local(Path(own).expanduser(), model)
    if family not in IP_ADAPTERS:
        there = " or ".join(IP_ADAPTERS)
        raise TryAgain(f"There is no IP-Adapter for {model!r}: leave references out, or draw with a model of {there}.")
    weights, encoder = IP_ADAPTERS[family]
    folder = fetch_files(HUB, _wanted(family))
    return IpAdapterFiles(folder / weights, folder / encoder)


def is_here(family: str) -> bool:
    """Whether that of the family was fetched before."""
    return family in IP_ADAPTERS and all(isinstance(try_to_load_from_cache(HUB, file), str) for file in _wanted(family))


def _wanted(family: str) -> list[str]:
    weights, encoder = IP_ADAPTERS[family]
    return [weights, f"{encoder}/config.json", f"{encoder}/model.safetensors"]


def _local(path: Path, model: str) -> IpAdapterFiles:
    folder = path if path.is_dir() else path.parent
    weights = sorted(folder.glob("*.safetensors")) if path.is_dir() else [path]
    if len(weights) != 1 or not weights[0].is_file() or not (folder / ENCODER).is_dir():
        wanted = f"one .safetensors file and a folder {ENCODER!r} beside it"
        raise TryAgain(f"The IP-Adapter of {model!r} is not whole: it takes {wanted}.")
    return IpAdapterFiles(weights[0], folder / ENCODER)
