"""Pictures as MCP carries them: in as base64; out as a small preview beside a link, and the whole file behind it."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastmcp.exceptions import ResourceError
from mcp_types import ImageContent, ResourceLink
from pydantic import Field

from knowledge.gallery import Gallery
from knowledge.image_files import decode_image, encode_plain
from knowledge.problems import Problem, TryAgain
from ui.doors.bodies import from_base64
from ui.doors.guard import MOST_BYTES
from ui.doors.rest import Uploaded

PLACE = "image://{image_id}"
PREVIEW = 256
"""Pixels of its longer side."""
QUIET = logging.DEBUG
"""What callers did wrong is told to them, not to the server's log."""


@dataclass(frozen=True)
class Pictures:
    gallery: Gallery

    def add_image(self, data: Annotated[str, Field(min_length=1, max_length=MOST_BYTES)]) -> Uploaded:
        """
        Keep an image of your own, to start from, to follow, or to mask with; its id goes into the arguments of the
        other tools.

        `data` is the file itself in base64: PNG, JPEG or WebP, of at most 64 megapixels.
        """
        return Uploaded(image_id=self.gallery.keep(decode_image(from_base64(data, "data"), "the image")))

    def shown(self, result: Mapping[str, Any]) -> list[ImageContent | ResourceLink]:
        """Those that a tool's result speaks of: what it drew, or the map it made."""
        return [part for image_id in image_ids(result) for part in (self._preview(image_id), self._link(image_id))]

    def png(self, image_id: str) -> bytes:
        """
        A drawn picture's own file, with how it was made inside; of another image the pixels.

        Raises `ResourceError`, in the words of the gallery.
        """
        try:
            return self._file(image_id)
        except Problem as problem:
            raise ResourceError(str(problem), log_level=QUIET) from problem

    def _file(self, image_id: str) -> bytes:
        try:
            return self.gallery.path(image_id).read_bytes()
        except TryAgain:
            return encode_plain(self.gallery.image(image_id))

    def _preview(self, image_id: str) -> ImageContent:
        image, small = self.gallery.image(image_id), io.BytesIO()
        image.thumbnail((PREVIEW, PREVIEW))
        image.save(small, "JPEG", quality=85)
        return ImageContent(type="image", data=base64.b64encode(small.getvalue()).decode(), mime_type="image/jpeg")

    def _link(self, image_id: str) -> ResourceLink:
        whole = "The whole picture; the preview beside it is smaller."
        name, uri = f"{image_id[:12]}.png", PLACE.format(image_id=image_id)
        return ResourceLink(type="resource_link", name=name, uri=uri, description=whole, mime_type="image/png")


def image_ids(result: Mapping[str, Any]) -> Iterator[str]:
    for picture in result.get("pictures", ()):
        yield picture["picture_id"]
    if "image_id" in result:
        yield result["image_id"]
