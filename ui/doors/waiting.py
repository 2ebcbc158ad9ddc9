"""How a door waits for a job: whoever leaves before it ends takes it along, unless they named a key to ask again by."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from agent.desk import Desk
from agent.events import Event
from knowledge.journal import Job
from ui.doors.refusals import NOT_AGAIN, Refused

Worked = TypeVar("Worked")
EVENTS = "text/event-stream"
EITHER: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {}, EVENTS: {}}}}
"""What an endpoint answers that streams where it is asked to, for OpenAPI."""
ALIVE = format_sse_event(comment="still drawing")
"""What clients do not read; it keeps whatever is between from giving up."""
FAILED = {"try_again": 400, "give_up": 422}
"""What is answered where a job failed; anything else is an internal error."""


def key_of(request: Request) -> str:
    """The same key again is the same job: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header"""
    return request.headers.get("idempotency-key", "")


async def used(
    desk: Desk, request: Request, tool: str, arguments: dict[str, Any], caller: str, previews: bool = False
) -> Job:
    """The job of a tool, in the journal."""
    ask = partial(desk.use, tool, arguments, caller=caller, key=key_of(request), previews=previews)
    return await asyncio.to_thread(ask)


async def finished(desk: Desk, job: Job, request: Request) -> dict[str, Any]:
    """What the job led to; raises `Refused` where it failed."""

    async def ended() -> Job:
        async with _with_the_client(desk, job, request):
            return await desk.ended(job.id)

    return outcome(await unless_left(request, ended()))


async def unless_left(request: Request, work: Coroutine[Any, Any, Worked]) -> Worked:
    """What the work gives; it is cancelled when the client leaves."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Refused(499, "The client left.", "client_left")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait((working, leaving))


async def followed(desk: Desk, job: Job, request: Request) -> AsyncGenerator[Event, None]:
    """The job's events; to be iterated where leaving cancels, as in the body of a stream."""
    async with _with_the_client(desk, job, request):
        async for event in desk.follow(job.id):
            yield event


def outcome(job: Job) -> dict[str, Any]:
    """The result of a job that has ended; raises `Refused` where it failed or was cancelled."""
    match job.state:
        case "done":
            return job.result
        case "cancelled":
            raise Refused(409, "The job was cancelled.", "cancelled", headers=NOT_AGAIN)
    code = job.result["code"]
    raise Refused(FAILED.get(code, 500), job.result["problem"], code, headers=NOT_AGAIN)


def streamed(pieces: AsyncIterator[bytes]) -> StreamingResponse:
    """Server-sent events; no proxy may collect them first."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(pieces, media_type=EVENTS, headers=headers)


def sent(value: Any, event: str | None = None) -> bytes:
    """One server-sent event."""
    return format_sse_event(data_str=json.dumps(value, ensure_ascii=False), event=event)


@asynccontextmanager
async def _with_the_client(desk: Desk, job: Job, request: Request) -> AsyncIterator[None]:
    """Whatever ends this before the job has ended, cancels it: in one step, since nothing may be awaited by then."""
    try:
        yield
    finally:
        if not key_of(request) and not desk.journal.job(job.id).ended:
            desk.cancel(job.id)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
