"""A picture drawn once more from its file alone: the recipe and the images it needs travel inside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PIL import ImageChops

from knowledge.image_files import open_image, read_provenance
from knowledge.picture import Picture
from tools.call import Call
from tools.toolbox import Bench

LOSSY = {".jpg", ".jpeg"}


@dataclass(frozen=True)
class Redrawn:
    """
    `levels` is how far the shades are from the file's at most, of 255: 0 where every pixel is the same.

    None for another size, and for a JPEG, which does not keep them exactly: nor is it told whether it is `identical`.
    """

    picture: Picture
    identical: bool | None
    levels: int | None = None


def redraw(bench: Bench, file: Path, call: Call) -> Redrawn:
    """
    Alone, whoever else asks.

    Raises `TryAgain` if the file has no recipe, or if an image its recipe needs is nowhere to be found.
    """
    provenance, inputs = read_provenance(file)
    bench.gallery.keep_inputs(inputs)
    picture = bench.painter.paint(provenance, replace(call, asked=replace(call.asked, strict=True)))
    if file.suffix.lower() in LOSSY:
        return Redrawn(picture, None)
    before, after = open_image(file), bench.gallery.image(picture.id)
    if before.size != after.size:
        return Redrawn(picture, False)
    shades = ImageChops.difference(before, after).tobytes()
    return Redrawn(picture, not any(shades), max(shades))
