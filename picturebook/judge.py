"""The judge: reads a picture into what it shows. It never sees the prompt."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from picturebook.reader import CELL, Reader, Views
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, STYLES, Noun, Place, Scene, Thing

SURE = 0.35  # a cell this sure of a thing's middle shows one
ALIKE = 0.55  # at least this near to a kind, or it is a thing without a name; cosine
MOST = 6  # things in a picture
Pictures = NDArray[np.uint8]


@dataclass(frozen=True)
class Sighting:
    """A thing, where its middle is in px, and how sure the judge is that it is there and of that kind, each 0 to 1."""

    thing: Thing
    x: float
    y: float
    there: float
    likeness: float


@dataclass(frozen=True)
class Judge:
    """`shelf` has pictures, each of one thing, by which it knows kinds that it never learnt."""

    folder: Path
    shelf: Mapping[Noun, Pictures] = field(default_factory=dict)

    @cached_property
    def reader(self) -> Reader:
        reader = Reader()
        reader.load_state_dict(
            {name: value.float() for name, value in load_file(self.folder / "model.safetensors").items()}
        )
        return reader.eval()

    @cached_property
    def known(self) -> tuple[tuple[Noun, ...], Tensor]:
        """Every kind it can name, and where each lies: (kinds, 64)."""
        shelf: dict[Noun, Tensor] = {kind: self._looks(pictures) for kind, pictures in self.shelf.items()}
        learnt = F.normalize(self.reader.kinds.detach(), dim=1)
        return (*KINDS, *shelf), torch.cat([learnt, *(looks[None] for looks in shelf.values())])

    @torch.no_grad()
    def _looks(self, pictures: Pictures) -> Tensor:
        views = self.reader(pixels(pictures))
        best = views.there.flatten(1).argmax(1)
        each = views.likeness.flatten(2)[torch.arange(len(best)), :, best]
        return F.normalize(each.mean(0), dim=0)

    def read(self, pictures: Pictures) -> list[Scene]:
        """Pictures (n, 128, 128, 3), RGB, to what each shows; `variation` cannot be read and stays 0."""
        return [scene for scene, _ in self.look(pictures)]

    @torch.no_grad()
    def look(self, pictures: Pictures) -> Iterator[tuple[Scene, tuple[Sighting, ...]]]:
        """Each picture's scene, with the sightings it is made of, in the same order."""
        for start in range(0, len(pictures), 100):
            views = self.reader(pixels(pictures[start : start + 100]))
            grounds, styles = views.background.argmax(1).tolist(), views.style.argmax(1).tolist()
            for row, (ground, style) in enumerate(zip(grounds, styles, strict=True)):
                seen = set_out(self._sightings(views, row))
                yield Scene(tuple(one.thing for one in seen), BACKGROUNDS[ground], STYLES[style]), seen

    def _sightings(self, views: Views, row: int) -> list[Sighting]:
        names, looks = self.known
        sure = views.there[row].sigmoid()
        found = []
        for cell in peaks(sure):
            down, across = divmod(cell, sure.shape[1])
            near, kind = (looks @ views.likeness[row, :, down, across]).max(0)
            colour = COLOURS[int(views.colours[row, :, down, across].argmax())]
            name = names[int(kind)] if near > ALIKE else "thing"
            x, y = ((at + 0.5) * CELL for at in (across, down))
            found.append(Sighting(Thing(name, colour), x, y, float(sure[down, across]), float(near)))
        return found


def pixels(pictures: Pictures) -> Tensor:
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def peaks(sure: Tensor) -> list[int]:
    """Cells where a thing's middle is: surer than all around them; at least the surest of all."""
    highest = F.max_pool2d(sure[None, None], 3, stride=1, padding=1)[0, 0]
    kept = torch.where(sure == highest, sure, 0).flatten()
    values, cells = kept.topk(MOST)
    return cells[: max(1, int((values > SURE).sum()))].tolist()


def set_out(found: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """From left to right, or from top to bottom where two stand nearly in a line; each with its place."""
    if len(found) == 2 and abs(found[0].y - found[1].y) > abs(found[0].x - found[1].x):
        return placed(sorted(found, key=lambda one: one.y), ("top", "bottom"))
    in_order = sorted(found, key=lambda one: one.x)
    between: tuple[Place, ...] = ("centre",) * (len(found) - 2)
    return placed(in_order, ("left", *between, "right") if len(found) > 1 else ("centre",))


def placed(found: Sequence[Sighting], places: Sequence[Place]) -> tuple[Sighting, ...]:
    return tuple(replace(one, thing=replace(one.thing, place=place)) for one, place in zip(found, places, strict=True))


def save_judge(reader: Reader, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.half() if value.is_floating_point() else value for name, value in reader.state_dict().items()}
    save_file({name: value.contiguous() for name, value in state.items()}, folder / "model.safetensors")
    words = {"kinds": KINDS, "colours": COLOURS, "backgrounds": BACKGROUNDS, "styles": STYLES, "size": 128}
    (folder / "config.json").write_text(json.dumps(words, indent=1) + "\n")
