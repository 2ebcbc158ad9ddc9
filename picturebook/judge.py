"""The judge: reads a picture into what it shows. It never sees the prompt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, STYLES, Place, Scene, Thing

HEADS: dict[str, tuple[str, ...]] = {
    "count": ("one", "two"),
    "first kind": KINDS,
    "first colour": COLOURS,
    "second kind": KINDS,
    "second colour": COLOURS,
    "background": BACKGROUNDS,
    "style": STYLES,
}
"""What is read, and the words it is read into. The first thing is the only or the left one."""


def stage(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
        nn.Conv2d(after, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


class Reader(nn.Module):
    """A small convolutional network with one head an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(24), nn.ReLU())
        self.stages = nn.Sequential(stage(24, 48), stage(48, 80), stage(80, 112), nn.Conv2d(112, 48, 1), nn.ReLU())
        self.body = nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.Linear(48 * 64, 224), nn.ReLU())
        self.heads = nn.ModuleList(nn.Linear(224, len(words)) for words in HEADS.values())

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Pictures (n, 3, 128, 128) in -1..1 to logits by attribute."""
        seen = self.body(self.stages(self.stem(pictures)))
        return {name: head(seen) for name, head in zip(HEADS, self.heads, strict=True)}


@dataclass(frozen=True)
class Judge:
    folder: Path

    @cached_property
    def reader(self) -> Reader:
        reader = Reader()
        reader.load_state_dict(
            {name: value.float() for name, value in load_file(self.folder / "model.safetensors").items()}
        )
        return reader.eval()

    @torch.no_grad()
    def read(self, pictures: NDArray[np.uint8]) -> list[Scene]:
        """Pictures (n, 128, 128, 3), RGB, to what each shows; `variation` cannot be read and stays 0."""
        found: list[Scene] = []
        for start in range(0, len(pictures), 100):
            batch = torch.from_numpy(np.ascontiguousarray(pictures[start : start + 100]))
            logits = self.reader(batch.permute(0, 3, 1, 2).float().div(127.5).sub(1))
            picked = {name: value.argmax(1).tolist() for name, value in logits.items()}
            found += [scene({name: values[row] for name, values in picked.items()}) for row in range(len(batch))]
        return found


def scene(picked: dict[str, int]) -> Scene:
    places: tuple[Place, ...] = ("left", "right") if picked["count"] else ("centre",)
    things = tuple(
        Thing(KINDS[picked[f"{which} kind"]], COLOURS[picked[f"{which} colour"]], place)
        for which, place in zip(("first", "second"), places, strict=False)
    )
    return Scene(things, BACKGROUNDS[picked["background"]], STYLES[picked["style"]])


def answers(scene: Scene) -> dict[str, int]:
    """The right index for each head; -100, which losses skip, where there is no second thing."""
    first, *rest = scene.things
    second = rest[0] if rest else None
    return {
        "count": len(rest),
        "first kind": KINDS.index(first.kind),
        "first colour": COLOURS.index(first.colour),
        "second kind": KINDS.index(second.kind) if second else -100,
        "second colour": COLOURS.index(second.colour) if second else -100,
        "background": BACKGROUNDS.index(scene.background),
        "style": STYLES.index(scene.style),
    }


def reading_loss(logits: dict[str, Tensor], right: dict[str, Tensor]) -> Tensor:
    """Cross-entropy over all attributes; heads without an answer in the batch give nothing."""
    return torch.stack([F.cross_entropy(logits[name], right[name]) for name in HEADS]).nan_to_num().sum()


def save_judge(reader: Reader, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.half() if value.is_floating_point() else value for name, value in reader.state_dict().items()}
    save_file({name: value.contiguous() for name, value in state.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"heads": HEADS, "size": 128}, indent=1) + "\n")
