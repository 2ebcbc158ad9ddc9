"""A picture drawn once more from its file alone: the recipe and the images it needs travel inside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from knowledge.image_files import open_image, read_provenance
from knowledge.picture import Picture
from tools.call import Call
from tools.render import PictureRenderer
from tools.toolbox import Bench

LOSSY = {".jpg", ".jpeg"}


@dataclass(frozen=True)
class Redrawn:
    """`identical` tells whether every pixel equals the file's; None for a JPEG, which does not keep them exactly."""

    picture: Picture
    identical: bool | None


def redraw(bench: Bench, file: Path, call: Call) -> Redrawn:
    """Raises `TryAgain` if the file has no recipe, or if an image its recipe needs is nowhere to be found."""
    provenance, inputs = read_provenance(file)
    bench.gallery.keep_inputs(inputs)
    picture = PictureRenderer(bench.renderer, bench.gallery, bench.detectors).paint(provenance, call)
    if file.suffix.lower() in LOSSY:
        return Redrawn(picture, None)
    before, after = open_image(file), bench.gallery.image(picture.id)
    return Redrawn(picture, before.size == after.size and before.tobytes() == after.tobytes())
