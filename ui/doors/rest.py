"""The tools over plain HTTP, the jobs they become, and pictures by their ids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel

from agent.desk import Desk
from agent.result_types import ONLY_TALKING, result_schema, result_type
from knowledge.image_files import decode_image
from knowledge.journal import Job, State
from knowledge.problems import TryAgain
from tools.toolbox import Tool
from ui.doors.bodies import described, inlined, media_type, read_json
from ui.doors.refusals import Refused, refusals
from ui.doors.waiting import EVENTS, finished, sent, streamed, used

CALLER = "rest"
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp")
ANSWERS_WITHIN = 1.0
"""Seconds, for a worker that is there."""
FOR_EVER = "private, max-age=31536000, immutable"
"""How long a browser may keep a picture: its id is the hash of its bytes."""


class JobSeen(BaseModel):
    """`asked` is in seconds since 1970; the result of one that failed has a `problem` and a `code`."""

    id: str
    kind: str
    state: State
    conversation: str
    asked: float
    result: dict[str, Any]

    @classmethod
    def of(cls, job: Job) -> JobSeen:
        return cls(**{name: getattr(job, name) for name in cls.model_fields})


class Status(BaseModel):
    """`hit_rates`: how often what was needed had been kept, 0 to 1, by what is kept."""

    working: bool
    waiting: int
    hit_rates: dict[str, float]


class Uploaded(BaseModel):
    image_id: str


def accepted(job: Job) -> Response:
    """Asked for and not waited for."""
    headers = {"Location": f"/v1/jobs/{job.id}", "Preference-Applied": "respond-async"}
    return JSONResponse(JobSeen.of(job).model_dump(mode="json"), 202, headers)


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["REST"], responses=refusals())
    for tool in desk.tools:
        if tool.name not in ONLY_TALKING:
            _offer(router, desk, tool)
    _offer_jobs(router, desk)

    @router.get("/status")
    async def status() -> Status:
        """Whether a worker is there, how much waits for it, and of how much use its caches are."""
        return await worker_status(desk)

    @router.post("/images", status_code=201, openapi_extra=_image_body())
    async def upload(request: Request) -> Uploaded:
        """Keep an image to start from, to follow, or to mask with; its id goes into the arguments of the tools."""
        if media_type(request) not in IMAGE_TYPES:
            raise Refused(415, f"Send the image itself as {', '.join(IMAGE_TYPES)}.", "unsupported_type")
        data = await request.body()
        return Uploaded(image_id=await asyncio.to_thread(lambda: desk.gallery.keep(decode_image(data, "the image"))))

    return router


async def worker_status(desk: Desk) -> Status:
    job = await asyncio.to_thread(desk.status)
    try:
        told = (await asyncio.wait_for(desk.ended(job.id), ANSWERS_WITHIN)).result
    except TimeoutError:
        told = {}
        await asyncio.to_thread(desk.cancel, job.id)
    waiting = len(await asyncio.to_thread(desk.journal.jobs, state="queued", limit=desk.journal.most_waiting))
    return Status(working="hit_rates" in told, waiting=waiting, hit_rates=told.get("hit_rates", {}))


def picture_routes(desk: Desk) -> APIRouter:
    router = APIRouter(tags=["REST"], responses=refusals())

    @router.get("/images/{picture_id}", response_class=FileResponse, responses={200: {"content": {"image/png": {}}}})
    def picture(picture_id: str) -> FileResponse:
        """The PNG file, with all it says of itself."""
        try:
            path = desk.gallery.path(picture_id)
        except TryAgain as unknown:
            raise Refused(404, str(unknown), "not_found", "picture_id") from unknown
        headers = {"Cache-Control": FOR_EVER, "Content-Disposition": f'inline; filename="{picture_id}.png"'}
        return FileResponse(path, media_type="image/png", headers=headers)

    return router


def _offer(router: APIRouter, desk: Desk, tool: Tool) -> None:
    async def call(request: Request, prefer: Annotated[str, Header()] = "") -> Response:
        filled = await read_json(request, tool.arguments)
        job = await used(desk, request, tool.name, filled.model_dump(mode="json", exclude_unset=True), CALLER)
        if "respond-async" in prefer.casefold():
            return accepted(job)
        return JSONResponse(await finished(desk, job, request))

    schema = inlined(result_schema(result_type(tool)))
    router.add_api_route(
        f"/tools/{tool.name}",
        call,
        methods=["POST"],
        operation_id=tool.name,
        description=f"{tool.description}\n\nWith `Prefer: respond-async`, the job is the answer.",
        openapi_extra=described(tool.arguments),
        responses={
            200: {"description": "What the tool returned", "content": {"application/json": {"schema": schema}}},
            202: {"description": "The job, not waited for", "model": JobSeen},
        },
    )


def _offer_jobs(router: APIRouter, desk: Desk) -> None:
    def known(job_id: str) -> Job:
        try:
            return desk.journal.job(job_id)
        except TryAgain as unknown:
            raise Refused(404, str(unknown), "not_found", "job_id") from unknown

    @router.get("/jobs/{job_id}")
    def job(job_id: str) -> JobSeen:
        """Where the job is, and its result when it has ended."""
        return JobSeen.of(known(job_id))

    @router.post("/jobs/{job_id}/cancel")
    def cancel(job_id: str) -> JobSeen:
        """One that has ended stays as it is; one that runs ends within a step."""
        return JobSeen.of(desk.cancel(known(job_id).id))

    @router.get("/jobs/{job_id}/events", responses={200: {"content": {EVENTS: {}}}})
    async def events(job_id: str) -> Response:
        """What happened and happens, as server-sent events of the kinds in agent/events.py; last `end` with the job."""
        return streamed(_events(desk, await asyncio.to_thread(known, job_id)))


async def _events(desk: Desk, job: Job) -> AsyncIterator[bytes]:
    """Who only watches may leave: the job goes on."""
    async for event in desk.follow(job.id):
        yield sent(event.model_dump(mode="json"), event.kind)
    ended = await asyncio.to_thread(desk.journal.job, job.id)
    yield sent(JobSeen.of(ended).model_dump(mode="json"), "end")


def _image_body() -> dict[str, Any]:
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in IMAGE_TYPES}
    return {"requestBody": {"required": True, "content": content}}
