"""What the doors that draw have in common: the wishes they understand beyond their own, and pictures as files."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import URL

from agent.desk import Desk
from knowledge.image_files import FileFormat, write_picture

FORMATS: dict[str, FileFormat] = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
LARGEST_EDITED = 1024
"""Pixels of the longer side, where the caller leaves the size of an edited picture open."""


class Extras(BaseModel):
    """Arguments of `draw` that other programs' requests may hold beside their own; their bounds are the tool's."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    negative_prompt: str | None = None
    loras: tuple[str, ...] | None = Field(None, max_length=8)
    collections: tuple[str, ...] | None = Field(None, max_length=8)
    control: str | None = None
    retrieve: bool | None = None

    def chosen(self) -> dict[str, Any]:
        """Those that were given, as JSON."""
        return self.model_dump(mode="json", include=set(Extras.model_fields), exclude_none=True)


@dataclass(frozen=True)
class Drawn:
    """A picture that a job told of."""

    told: dict[str, Any]
    desk: Desk

    @property
    def id(self) -> str:
        return self.told["picture_id"]

    def data(self, format: str = "png") -> bytes:
        """The file, with all it says of itself. Raises `TryAgain` where a JPEG has no room for that."""
        if format == "png":
            return self.desk.gallery.path(self.id).read_bytes()
        provenance = self.desk.gallery.get(self.id).provenance
        return write_picture(self.desk.gallery.image(self.id), provenance, {}, FORMATS[format])

    def base64(self, format: str = "png") -> str:
        return base64.b64encode(self.data(format)).decode()


def pictures(desk: Desk, result: dict[str, Any]) -> list[Drawn]:
    return [Drawn(told, desk) for told in result.get("pictures", [])]


def address(request: Request, picture_id: str) -> str:
    """Where a browser finds the picture, whether or not it knows the token."""
    path = f"/images/{picture_id}"
    return str(URL(scope=request.scope).replace(path=path, query="")) + request.app.state.guard.seal(path)


def edited_size(width: int, height: int) -> list[int]:
    """That of the picture as near as can be drawn: multiples of 8, from 64 on."""
    shrunk = min(1.0, LARGEST_EDITED / max(width, height))
    return [max(64, int(side * shrunk) // 8 * 8) for side in (width, height)]
