"""The network behind the judge: where things stand, what each is like, and the whole picture's background and style."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, SIZE, STYLES

GRID = 16
CELL = SIZE // GRID  # px
LIKENESS = 64  # numbers that say what kind of thing stands somewhere


@dataclass(frozen=True)
class Views:
    """
    What the reader sees in n pictures.

    `there` (n, 16, 16): logits of a thing's middle in each cell; `colours` (n, 10, 16, 16): logits of its colour;
    `likeness` (n, 64, 16, 16): of unit length, nearer the more alike in kind, whatever colour, size and style;
    `background` (n, 7) and `style` (n, 7): logits.
    """

    there: Tensor
    colours: Tensor
    likeness: Tensor
    background: Tensor
    style: Tensor


def block(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()
    )


class Reader(nn.Module):
    """
    Finds things by their middles (CenterNet: Zhou et al. 2019), with context from a coarser map (Lin et al. 2017).

    Kinds are compared, not counted off: `kinds` (24, 64) holds where the known ones lie, others are known by pictures.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(24), nn.ReLU())
        self.fine = nn.Sequential(block(24, 48, 2), block(48, 48), block(48, 80, 2), block(80, 80))
        self.coarse = nn.Sequential(block(80, 112, 2), block(112, 112), block(112, 112), block(112, 112))
        self.across = nn.Conv2d(80, 96, 1)
        self.down = nn.Conv2d(112, 96, 1)
        self.joined = block(96, 128)
        self.there = nn.Conv2d(128, 1, 1)
        self.colours = nn.Conv2d(128, len(COLOURS), 1)
        self.likeness = nn.Conv2d(128, LIKENESS, 1)
        self.background = nn.Linear(2 * 112, len(BACKGROUNDS))
        self.style = nn.Linear(2 * (112 + 80), len(STYLES))
        self.there.state_dict()["bias"].fill_(-4.0)  # most cells hold nothing
        self.kinds = nn.Parameter(torch.randn(len(KINDS), LIKENESS))

    def forward(self, pictures: Tensor) -> Views:
        """Pictures (n, 3, 128, 128) in -1..1."""
        fine = self.fine(self.stem(pictures))
        coarse = self.coarse(fine)
        seen = self.joined(F.relu(self.across(fine) + F.interpolate(self.down(coarse), scale_factor=2.0)))
        whole, texture = (torch.cat([part.mean((2, 3)), part.amax((2, 3))], 1) for part in (coarse, fine))
        return Views(
            self.there(seen)[:, 0],
            self.colours(seen),
            F.normalize(self.likeness(seen), dim=1),
            self.background(whole),
            self.style(torch.cat([whole, texture], 1)),
        )
