"""From the last latents to the picture: decoded, and what lies outside a mask put back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image

from tools.engine.pixels import put_back
from tools.engine.row import Row
from tools.renderer import Rendered


def finished(rows: Sequence[Row]) -> list[Rendered]:
    """Of rows of one kind."""
    return [row.job.rendered(repainted(row, image), row.began) for row, image in zip(rows, decoded(rows), strict=True)]


def decoded(rows: Sequence[Row]) -> list[Image.Image]:
    """Together; where memory runs out one by one, and then in strips."""
    coder, latents = rows[0].model.coder, [row.latents for row in rows]
    try:
        return coder.decode(torch.cat(latents))
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
    try:
        return [image for one in latents for image in coder.decode(one)]
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
    return [image for one in latents for image in coder.decode(one, tiled=True)]


def repainted(row: Row, image: Image.Image) -> Image.Image:
    recipe = row.recipe
    if recipe.init_image_id is None or recipe.mask_id is None:
        return image
    return put_back(image, row.job.images[recipe.init_image_id], row.job.images[recipe.mask_id])
