"""OpenAI's image API: what its clients, Open WebUI and LibreChat send is drawn by the `draw` tool.

Fields that name what Atelier has no choice of (`model`, `quality`, `moderation`, …) are accepted and have no effect.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from agent.conversation_tools import MOST
from agent.desk import Desk
from agent.events import Previewed, Progressed
from knowledge.image_files import decode_image, transparent_parts
from knowledge.journal import Job
from knowledge.problems import Problem
from ui.doors.bodies import described, read_form, read_json
from ui.doors.drawings import Drawn, Extras, address, edited_size, pictures
from ui.doors.refusals import Refused, as_refused, refusals
from ui.doors.waiting import ALIVE, EITHER, finished, followed, outcome, sent, streamed, used

CALLER = "openai"
FILES = ("image", "mask")
NO_TOKENS = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
}


class Generation(Extras):
    """`size` is WIDTHxHEIGHT in pixels or `auto`; what this API calls style is not what Atelier does, so only a
    boolean `style` is understood: whether a LoRA may be picked."""

    prompt: str
    n: Annotated[int, Field(ge=1, le=MOST)] | None = None
    size: str | None = None
    response_format: Literal["b64_json", "url"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    background: Literal["auto", "opaque"] | None = None
    stream: bool | None = None
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None
    style: bool | str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    scheduler: str | None = None
    strength: float | None = None

    def arguments(self) -> dict[str, Any]:
        """Of the `draw` tool."""
        same = {"prompt", "seed", "steps", "guidance", "scheduler", "strength"}
        given = self.chosen() | self.model_dump(include=same, exclude_none=True)
        given |= {"count": self.n} if self.n else {}
        given |= {"size": self.size} if self.size and self.size != "auto" else {}
        return given | ({"style": self.style} if isinstance(self.style, bool) else {})


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/images", tags=["OpenAI"], responses=refusals())

    @router.post("/generations", openapi_extra=described(Generation), responses=EITHER)
    async def generations(request: Request) -> Response:
        """Draw: https://platform.openai.com/docs/api-reference/images/create"""
        asked = await read_json(request, Generation)
        return await _Order(desk, request, asked, "image_generation").filled(asked.arguments())

    @router.post("/edits", openapi_extra=described(Generation, *FILES), responses=EITHER)
    async def edits(request: Request) -> Response:
        """
        Start from a picture, and repaint it where the mask is transparent, or all of it where there is no mask:
        https://platform.openai.com/docs/api-reference/images/createEdit
        """
        asked, files = await read_form(request, Generation, FILES)
        given = await asyncio.to_thread(_kept, desk, files)
        return await _Order(desk, request, asked, "image_edit").filled(given | asked.arguments())

    return router


def _kept(desk: Desk, files: dict[str, list[bytes]]) -> dict[str, Any]:
    """The arguments that name the uploaded images, now in the gallery."""
    if len(files["image"]) != 1:
        raise Refused(400, "image: Send one image; one is edited at a time.", "invalid_value", "image")
    if len(files["mask"]) > 1:
        raise Refused(400, "mask: Send one mask at most.", "invalid_value", "mask")
    image = decode_image(files["image"][0], "image")
    given: dict[str, Any] = {"size": edited_size(*image.size), "reference_id": desk.gallery.keep(image)}
    for data in files["mask"]:
        mask = transparent_parts(data, "mask")
        if mask.size != image.size:
            raise Refused(400, "mask: Make it as large as the image.", "invalid_value", "mask")
        given["mask_id"] = desk.gallery.keep(mask)
    return given


@dataclass(frozen=True)
class _Order:
    """One request for pictures; `kind` begins the names of its server-sent events."""

    desk: Desk
    request: Request
    asked: Generation
    kind: str

    async def filled(self, arguments: dict[str, Any]) -> Response:
        previews = bool(self.asked.stream and self.asked.partial_images)
        job = await used(self.desk, self.request, "draw", arguments, CALLER, previews)
        if self.asked.stream:
            return streamed(self._events(job))
        drawn = pictures(self.desk, await finished(self.desk, job, self.request))
        return JSONResponse(await asyncio.to_thread(self._answer, drawn))

    async def _events(self, job: Job) -> AsyncIterator[bytes]:
        shown = 0
        async with aclosing(followed(self.desk, job, self.request)) as events:
            async for event in events:
                if isinstance(event, Previewed) and shown < (self.asked.partial_images or 0):
                    partial = {"b64_json": event.image, "partial_image_index": shown, **self._of("auto")}
                    yield self._sent("partial_image", partial)
                    shown += 1
                elif isinstance(event, Progressed):
                    yield ALIVE
        try:
            for drawn in pictures(self.desk, outcome(await self.desk.ended(job.id))):
                data = await asyncio.to_thread(drawn.base64, self._format)
                yield self._sent("completed", {"b64_json": data, **self._of(_size(drawn)), "usage": NO_TOKENS})
        except (Refused, Problem) as failed:
            yield sent({"type": "error", **as_refused(failed).envelope}, "error")

    def _sent(self, name: str, value: dict[str, Any]) -> bytes:
        kind = f"{self.kind}.{name}"
        return sent({"type": kind, "created_at": int(time.time()), **value}, kind)

    @property
    def _format(self) -> str:
        return self.asked.output_format or "png"

    def _of(self, size: str) -> dict[str, str]:
        return {"background": "opaque", "output_format": self._format, "quality": "auto", "size": size}

    def _answer(self, drawn: list[Drawn]) -> dict[str, Any]:
        data = [self._datum(picture) for picture in drawn]
        return {"created": int(time.time()), "data": data, **self._of(_size(drawn[0])), "usage": NO_TOKENS}

    def _datum(self, drawn: Drawn) -> dict[str, Any]:
        told = drawn.told
        beside = {"revised_prompt": told["prompt"], **{name: told[name] for name in ("picture_id", "seed")}}
        beside["recipe_hash"] = told["recipe_hash"]
        if self.asked.response_format == "url":
            return {"url": address(self.request, drawn.id), **beside}
        return {"b64_json": drawn.base64(self._format), **beside}


def _size(drawn: Drawn) -> str:
    return f"{drawn.told['width']}x{drawn.told['height']}"
