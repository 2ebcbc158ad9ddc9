"""From the last latents to the picture: decoded, what lies outside a mask put back, with what made it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image

from tools.engine.pixels import put_back
from tools.engine.row import Row
from tools.renderer import Rendered


def finished(rows: Sequence[Row]) -> list[Rendered]:
    """Of rows of one kind."""
    images = rows[0].model.coder.decode(torch.cat([row.latents for row in rows]))
    return [row.job.rendered(repainted(row, image), row.began) for row, image in zip(rows, images, strict=True)]


def repainted(row: Row, image: Image.Image) -> Image.Image:
    recipe = row.recipe
    if recipe.init_image_id is None or recipe.mask_id is None:
        return image
    return put_back(image, row.job.images[recipe.init_image_id], row.job.images[recipe.mask_id])
