"""An IP-Adapter on a model: a file's weights, an image encoder, and what they make of reference pictures."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers.models.embeddings import ImageProjection
from PIL import Image
from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

from knowledge.loading import LOADING
from knowledge.problems import GiveUp, TryAgain
from tools.engine.bounded_cache import BoundedCache
from tools.engine.ip_adapters import IpAdapterFiles
from tools.engine.references import Look, Reference, Sight

LOOKS = 128 * 2**20
"""Bytes of pictures kept as the UNet reads them: some 600 for SD 1.5 in half precision, 100 for SDXL."""
MISFIT = (RuntimeError, KeyError, ValueError, IndexError)
"""What torch and diffusers raise on weights of another shape."""


@dataclass(frozen=True, eq=False)
class IpAdapter:
    """
    The plain kind reads the encoder's image embedding; the others ("plus", "full") its last layer but one.

    `keys` and `values` are a matrix for each cross-attention of the UNet, of shape (features, width of its text).
    """

    encoder: Any
    processor: Any
    projection: Any
    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    looks: BoundedCache[Look] = field(default_factory=lambda: BoundedCache(LOOKS))

    @classmethod
    def of(cls, files: IpAdapterFiles, model: str, unet: Any) -> IpAdapter:
        """
        On the UNet's device and in its precision.

        Raises `TryAgain` where it is of another kind or for another model, `GiveUp` for damaged files.
        """
        with _told(model), LOADING:
            tensors = _read(files.weights)
            if reads_faces(tensors["image_proj"]):
                raise TryAgain(f"The IP-Adapter of {model!r} reads faces only: choose a plain one or a plus.")
            encoder: Any = CLIPVisionModelWithProjection.from_pretrained(
                files.encoder, dtype=unet.dtype, use_safetensors=True, local_files_only=True
            )
            # its spelling of the layers differs from diffusers', which keeps the only table
            projection = unet._convert_ip_adapter_image_proj_to_diffusers(
                tensors["image_proj"], low_cpu_mem_usage=False
            )
            side = encoder.config.image_size
            adapter = cls(
                encoder=encoder.eval().to(unet.device),
                processor=CLIPImageProcessor(size=side, crop_size=side),
                projection=projection.eval().to(unet.device, unet.dtype),
                keys=_matrices(tensors["ip_adapter"], "to_k_ip", unet),
                values=_matrices(tensors["ip_adapter"], "to_v_ip", unet),
            )
            adapter.nothing()  # fails here where the encoder is not the projection's
            return adapter

    def reference(self, image_id: str, image: Image.Image, scale: float) -> Reference:
        picture = self.looks.of(image_id, lambda: self._look(self._pixels(image)))
        return Reference(picture, self.nothing(), scale)

    def nothing(self) -> Look:
        """What stands for no picture: zeros, for the encoder or of its embedding."""
        side = self.encoder.config.image_size
        return self.looks.of("", lambda: self._look(torch.zeros(1, 3, side, side), blank=True))

    def _pixels(self, image: Image.Image) -> Tensor:
        return self.processor(image.convert("RGB"), return_tensors="pt").pixel_values

    @torch.no_grad()
    def _look(self, pixels: Tensor, blank: bool = False) -> Look:
        pixels = pixels.to(self.encoder.device, self.encoder.dtype)
        if isinstance(self.projection, ImageProjection):
            embedding = self.encoder(pixels).image_embeds
            read = torch.zeros_like(embedding) if blank else embedding
        else:
            read = self.encoder(pixels, output_hidden_states=True).hidden_states[-2]
        tokens = self.projection(read)
        keys, values = (tuple(tokens @ one.t() for one in matrices) for matrices in (self.keys, self.values))
        return Look(keys, values)


def reads_faces(names: Container[str]) -> bool:
    """Whether a projection with weights of these names expects what a face recogniser says."""
    plain = "proj.2.weight" not in names or "proj.3.weight" in names
    return "perceiver_resampler.proj_in.weight" in names or not plain


def _matrices(tensors: Mapping[str, Tensor], name: str, unet: Any) -> tuple[Tensor, ...]:
    """Those of that name, by the numbers in front of them: the order of the UNet's cross-attentions."""
    numbered = {
        int(found[1]): tensor for key, tensor in tensors.items() if (found := re.match(rf"(\d+)\.{name}\.", key))
    }
    matrices = tuple(numbered[number].to(unet.device, unet.dtype) for number in sorted(numbered))
    wanted = [(layer.inner_dim, unet.config.cross_attention_dim) for layer in Sight.of(unet).layers]
    if [tuple(matrix.shape) for matrix in matrices] != wanted:
        raise ValueError("of another model")
    return matrices


def _read(weights: Path) -> dict[str, dict[str, Tensor]]:
    parts: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    with safe_open(weights, framework="pt") as file:
        for key in list(file.keys()):
            part, _, name = key.partition(".")
            parts.setdefault(part, {})[name] = file.get_tensor(key)
    return parts


@contextmanager
def _told(model: str) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as problem:
        said = "is incomplete, damaged or not .safetensors: download it again"
        raise GiveUp(f"The IP-Adapter of {model!r} or its image encoder {said}.") from problem
    except torch.OutOfMemoryError:
        raise
    except MISFIT as problem:
        raise TryAgain(
            f"The IP-Adapter of {model!r} is not made for it: give another, or leave references out."
        ) from problem
