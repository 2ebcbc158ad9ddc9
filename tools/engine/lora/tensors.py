"""The tensors of a safetensors file, read in one piece, and a refusal for files that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from knowledge.lora_header import read_metadata, unreadable
from knowledge.problems import TryAgain

LARGEST = 4 << 30
"""Bytes; several times what the largest real LoRA takes."""
DTYPES: Mapping[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
}
ENDLESS: Mapping[str, int] = {
    "F64": 0x7FF0 << 48,
    "F32": 0x7F80 << 16,
    "F16": 0x7C00,
    "BF16": 0x7F80,
    "F8_E4M3": 0x7F,
    "F8_E5M2": 0x7C,
}
"""The bits of the least that is no finite number."""
SPELLED: Mapping[torch.dtype, torch.dtype] = {
    torch.float64: torch.float32,
    # holds every value of both
    torch.float8_e4m3fn: torch.float16,
    torch.float8_e5m2: torch.float16,
}
"""What cannot be computed with -> what it is turned into."""


@dataclass(frozen=True)
class Tensors:
    """By name, on the device asked for; those of one element stay on the CPU. `size` is in bytes."""

    named: Mapping[str, torch.Tensor]
    metadata: Mapping[str, str]
    size: int


@dataclass(frozen=True)
class Entry:
    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_tensors(name: str, path: Path, device: torch.device) -> Tensors:
    """
    Raises `TryAgain` for a file that is gone, pickled, damaged, empty, too large, or holds a number that is none.

    The file is copied, not mapped: somebody may write a new one over it while this one is in use.
    """
    _refuse(name, path)
    metadata = read_metadata(path)
    entries, block = _read(name, path, pinned=device.type == "cuda")
    if sum(entry.end - entry.start for entry in entries) != block.numel():
        raise _being_written(name)
    _refuse_not_a_number(name, entries, block.numpy())
    there = block.to(device, non_blocking=True)
    named = dict(_views(entries, there))
    if there is not block:
        named |= {key: tensor for key, tensor in _views(entries, block) if tensor.numel() == 1}
    return Tensors(named, metadata, block.numel())


def _being_written(name: str) -> TryAgain:
    return TryAgain(f"The file of the LoRA {name!r} was being written while it was read: try again.")


def _refuse(name: str, path: Path) -> None:
    if path.suffix.lower() != ".safetensors":
        raise TryAgain(f"The LoRA {name!r} is not a .safetensors file: other formats can run code and are refused.")
    if not path.is_file():
        raise TryAgain(f"The file of the LoRA {name!r} is gone: put it back in the LoRA folder or leave it out.")
    if path.stat().st_size > LARGEST:
        raise TryAgain(f"The LoRA {name!r} is larger than {LARGEST >> 30} GB: choose a smaller one.")


def _read(name: str, path: Path, pinned: bool) -> tuple[list[Entry], torch.Tensor]:
    """What the header says, in the order of the data, and the data."""
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(int.from_bytes(file.read(8), "little")))
            entries = sorted(
                (
                    Entry(key, about["dtype"], tuple(about["shape"]), *about["data_offsets"])
                    for key, about in said.items()
                    if key != "__metadata__"
                ),
                key=lambda entry: entry.start,
            )
            if not entries:
                raise TryAgain(f"The LoRA {name!r} holds no weights: download it again or leave it out.")
            block = torch.empty(entries[-1].end, dtype=torch.uint8, pin_memory=pinned)
            count = file.readinto(block.numpy().data)
    except OSError as error:
        raise unreadable(path, error.strerror or "an input error") from error
    except (ValueError, KeyError, TypeError) as error:
        raise _being_written(name) from error
    if unknown := {entry.dtype for entry in entries} - DTYPES.keys():
        raise TryAgain(f"The LoRA {name!r} holds numbers of type {min(unknown)!r}: choose one in half precision.")
    return entries, block[:count]


def _views(entries: list[Entry], block: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    for dtype, run in groupby(entries, key=lambda entry: entry.dtype):
        these = list(run)
        kind = DTYPES[dtype]
        piece = block[these[0].start : these[-1].end]
        if these[0].start % kind.itemsize:
            piece = piece.clone()
        numbers = piece.view(kind).to(SPELLED.get(kind, kind))
        parts = numbers.split([(entry.end - entry.start) // kind.itemsize for entry in these])
        for entry, part in zip(these, parts, strict=True):
            yield entry.name, part.view(entry.shape)


def _refuse_not_a_number(name: str, entries: list[Entry], block: np.ndarray) -> None:
    """
    Numbers of one sign are ordered as their bits are, with infinity and what is no number last: so the greatest tells,
    read once with a sign and once without. (IEEE 754, and OCP's 8-bit formats.)
    """
    for dtype, run in groupby(entries, key=lambda entry: entry.dtype):
        these = list(run)
        if dtype not in ENDLESS or these[0].start == these[-1].end:
            continue
        piece, width = block[these[0].start : these[-1].end], DTYPES[dtype].itemsize
        endless, negative = ENDLESS[dtype], 1 << (8 * width - 1)
        if piece.view(f"<i{width}").max() >= endless or piece.view(f"<u{width}").max() >= endless + negative:
            raise TryAgain(f"The LoRA {name!r} holds weights that are not numbers: download it again or leave it out.")
