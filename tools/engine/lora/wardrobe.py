"""What a model wears: for each call of the UNet the LoRAs of each row, for each prompt those of its words."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from knowledge.problems import TryAgain
from knowledge.recipe import LoraUse
from tools.engine.bounded_cache import BoundedCache
from tools.engine.lora.fitting import Fitter, Lora
from tools.engine.lora.places import places_of
from tools.engine.lora.rack import Rack, low_rank
from tools.engine.lora.wear import Row
from tools.engine.lora.wear import Wear as Wear

KEPT = 2 << 30
"""Bytes of LoRAs kept for a model: some 170 of rank 16 for SD 1.5 in half precision, or 25 for SDXL."""


@dataclass(frozen=True)
class Wardrobe:
    """For one model. `wear` may be called from any thread, the rest only from the one that calls the model."""

    fitter: Fitter
    merges: bool
    """Whether LoRAs that all rows share are merged: worth it where launches cost more than sums, as on a GPU."""
    loras: BoundedCache[Lora] = field(default_factory=lambda: BoundedCache(KEPT))

    @classmethod
    def of(cls, pipeline: Any) -> Wardrobe:
        """Of a Stable Diffusion 1, 2 or XL pipeline of diffusers; what is read is kept on its UNet's device."""
        encoders = {name: getattr(pipeline, name, None) for name in ("text_encoder", "text_encoder_2")}
        there = {name: encoder for name, encoder in encoders.items() if encoder is not None}
        device = pipeline.unet.device
        return cls(Fitter(places_of(pipeline.unet, there), device), device.type == "cuda")

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks that a LoRA can be weighted in: BASE (the text encoders and more), IN01, MID, OUT03, …"""
        return self.fitter.places.blocks

    def wear(self, use: LoraUse, path: Path, blocks: Mapping[str, float] | None = None) -> Wear:
        """
        The LoRA in that file as a row wears it, `blocks` being factors of its weight in some of the model's blocks.

        Raises `TryAgain`, saying why, for a file that cannot be used or does not fit, and for an unknown block.
        """
        if unknown := sorted((blocks or {}).keys() - set(self.blocks)):
            raise TryAgain(f"This model has no block {unknown[0]!r}: choose among {', '.join(self.blocks)}.")
        lora = self.loras.of(use.sha256, lambda: self.fitter.lora(use.name, use.sha256, path))
        return Wear(lora, use.weight, tuple(sorted((blocks or {}).items())))

    def group(self, row: Row) -> Hashable:
        """Rows with equal groups may share a call of the UNet."""
        return None if low_rank((row,), "unet") else row

    @contextmanager
    def worn(self, rows: Sequence[Row]) -> Iterator[None]:
        """
        The UNet with what each row of its next calls wears, in their order.

        It stays so after the block: the next one is free if nothing changes. `bare` takes everything off.
        """
        self._unet.wear(rows)
        yield

    @property
    def beside(self) -> bool:
        """Whether what the UNet wears now is beside its weights, in hooks, and not merged."""
        return self._unet.beside

    def bare(self) -> None:
        """The UNet as it was loaded, bit by bit: for when nothing is left to draw."""
        self._unet.wear(())

    @contextmanager
    def worn_by_words(self, row: Row) -> Iterator[None]:
        """The text encoders with what one prompt wears; afterwards as they were."""
        try:
            self._text.wear((row,))
            yield
        finally:
            self._text.wear(())

    @cached_property
    def _unet(self) -> Rack:
        return Rack("unet", self.merges)

    @cached_property
    def _text(self) -> Rack:
        return Rack("text", self.merges)
