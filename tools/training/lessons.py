"""What a training shows the model: every picture and caption, encoded once and kept in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from knowledge.data_folder import write_whole
from knowledge.image_files import open_image
from tools.call import Call
from tools.engine.pixels import signed
from tools.engine.stable_diffusion import StableDiffusion
from tools.engine.text_encoding import Embedding
from tools.renderer import Cancelled
from tools.training.pictures import Captioned, cropped, with_trigger

TENSORS = ("latents", "sizes", "states", "pooled", "blank_states", "blank_pooled")


@dataclass(frozen=True)
class Lessons:
    """
    Of n pictures: `latents` (n, 4, h, w), `sizes` (n, 6) as SDXL is told them, the encoded captions' `states`
    (n, 77 k, width) and `pooled` (n, width) or (n, 0); `blank_states` and `blank_pooled` are of no caption, with n = 1.
    """

    captions: tuple[str, ...]
    latents: Tensor
    sizes: Tensor
    states: Tensor
    pooled: Tensor
    blank_states: Tensor
    blank_pooled: Tensor

    def __len__(self) -> int:
        return len(self.captions)

    def save(self, path: Path) -> None:
        tensors = {name: getattr(self, name).contiguous() for name in TENSORS}
        write_whole(path, save(tensors, {"captions": json.dumps(self.captions)}))

    @classmethod
    def load(cls, path: Path) -> Lessons:
        with safe_open(path, framework="pt") as file:
            captions = json.loads(file.metadata()["captions"])
            return cls(tuple(captions), **{name: file.get_tensor(name) for name in TENSORS})


def encoded(model: StableDiffusion, pictures: Sequence[Captioned], trigger: str, side: int, call: Call) -> Lessons:
    """On the CPU. Raises `Cancelled`."""
    captions = tuple(with_trigger(picture.caption, trigger) for picture in pictures)
    latents: list[Tensor] = []
    sizes: list[tuple[int, ...]] = []
    for picture in pictures:
        if call.cancelled.is_set():
            raise Cancelled
        part = cropped(open_image(picture.path), side)
        latents.append(model.coder.encode(signed(part.image), None).cpu())
        sizes.append((*part.sizes, side, side))
    words = [spoken(model, caption) for caption in captions]
    blank = silent(model)
    length = max(word.states.shape[1] for word in (*words, blank))
    return Lessons(
        captions,
        torch.cat(latents),
        torch.tensor(sizes),
        torch.cat([lengthened(word.states, length, blank.states) for word in words]).cpu(),
        torch.cat([pooled_states(word) for word in words]).cpu(),
        lengthened(blank.states, length, blank.states).cpu(),
        pooled_states(blank).cpu(),
    )


def spoken(model: StableDiffusion, caption: str) -> Embedding:
    return model.text.encode(plain(caption), None, 0).positive


def silent(model: StableDiffusion) -> Embedding:
    """What the model hears where nothing is said, as when it draws: for SDXL that is nothing, not the empty text."""
    negative = model.text.encode("", "", 0).negative
    assert negative is not None
    return negative


def plain(caption: str) -> str:
    """The brackets of a caption are brackets, and not the attention of a prompt."""
    return re.sub(r"[()\[\]]", r"\\\g<0>", caption)


def lengthened(states: Tensor, length: int, blank: Tensor) -> Tensor:
    """Shape (1, length, width): a shorter text is followed by empty ones."""
    missing = length - states.shape[1]
    return torch.cat([states, *[blank[:, :77]] * (missing // 77)], dim=1) if missing > 0 else states


def pooled_states(words: Embedding) -> Tensor:
    """Shape (1, width), or (1, 0) for a model that has none."""
    return words.states.new_zeros(1, 0) if words.pooled is None else words.pooled
