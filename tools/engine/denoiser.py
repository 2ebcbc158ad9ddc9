"""One call of the UNet for many rows, each at its own step, with its own words, guidance, maps and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tools.engine.compiled import Compiled
from tools.engine.followers import residuals, scaled
from tools.engine.lora.wardrobe import Wardrobe
from tools.engine.references import Seen, Sight
from tools.engine.text_encoding import Embedding

if TYPE_CHECKING:
    from tools.engine.row import Row


@dataclass(frozen=True)
class Denoiser:
    """A `UNet2DConditionModel` of Stable Diffusion 1, 2 or XL, and the adapters it can wear."""

    unet: Any
    wardrobe: Wardrobe
    sight: Sight
    compiled: Compiled | None = None

    def predict(self, rows: Sequence[Row]) -> list[Tensor]:
        """What the UNet says of each row's latents, classifier-free guidance done (Ho and Salimans 2022)."""
        guided = [row for row in rows if row.guided]
        ordered = guided + [row for row in rows if not row.guided]
        entries = [(row, said) for row in guided if (said := row.words.negative) is not None]
        entries += [(row, row.words.positive) for row in ordered]
        said = self._asked(entries)
        against, wanted, plain = said.split([len(guided), len(guided), len(rows) - len(guided)])
        scales = [row.recipe.guidance_scale for row in guided]
        led = against + scaled(wanted - against, torch.tensor(scales).to(said.device).view(-1, 1, 1, 1))
        by_row = dict(zip(map(id, ordered), torch.cat([led, plain]).split(1), strict=True))
        return [by_row[id(row)] for row in rows]

    def _asked(self, entries: Sequence[tuple[Row, Embedding]]) -> Tensor:
        rows = [row for row, _ in entries]
        seen = {id(row): row.seen() for row in rows}
        given: dict[str, Any] = {
            "sample": torch.cat([seen[id(row)] for row in rows]),
            "timestep": torch.stack([row.timestep.float() for row in rows]).to(self.unet.device),
            "encoder_hidden_states": torch.cat([said.states for _, said in entries]),
            "added_cond_kwargs": added(entries),
        }
        followed = [
            [one for one in row.following() if said is row.words.positive or not one.follower.only_wanted]
            for row, said in entries
        ]
        extra = residuals(followed, given)
        if any(row.beside is not None for row in rows):
            beside = torch.cat([row.beside for row in rows if row.beside is not None])
            given["sample"] = torch.cat([given["sample"], beside], 1)
        given |= extra.arguments() if extra else {}
        given |= {"timestep_cond": self._guidance_condition(rows), "return_dict": False}
        with self.wardrobe.worn([row.wears for row in rows]), self.sight.on(shown(rows)):
            # with hooks on it, a UNet is called as it is: what was compiled does not see them
            hooked = self.wardrobe.beside or any(row.references for row in rows)
            return self.unet(**given)[0] if self.compiled is None or hooked else self.compiled(given)

    def _guidance_condition(self, rows: Sequence[Row]) -> Tensor | None:
        """For UNets distilled to read the guidance scale (Luo et al. 2023): shape (rows, features)."""
        width = self.unet.config.time_cond_proj_dim
        if width is None:
            return None
        scales = torch.tensor([1000.0 * (row.recipe.guidance_scale - 1) for row in rows])
        waves = torch.exp(torch.arange(width // 2) * -(torch.log(torch.tensor(10000.0)) / (width // 2 - 1)))
        angles = scales[:, None] * waves[None]
        return torch.cat([angles.sin(), angles.cos()], 1).to(self.unet.device, self.unet.dtype)


def shown(rows: Sequence[Row]) -> list[list[Seen]]:
    """What the entries of a batch look at: a row that is there twice is first there for its negative prompt."""
    negative = len(rows) - len(set(map(id, rows)))
    return [
        [(one.nothing if place < negative else one.picture, one.scale) for one in row.references]
        for place, row in enumerate(rows)
    ]


def added(entries: Sequence[tuple[Row, Embedding]]) -> dict[str, Tensor] | None:
    """SDXL's pooled words and sizes."""
    pooled = [said.pooled for _, said in entries if said.pooled is not None]
    if not pooled:
        return None
    return {
        "text_embeds": torch.cat(pooled),
        "time_ids": torch.cat([row.added for row, _ in entries if row.added is not None]),
    }
