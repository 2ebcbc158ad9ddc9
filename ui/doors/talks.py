"""Conversations over plain HTTP, as the chat page needs them: say something, and read what was said and drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from agent.desk import Desk
from agent.told_results import Teller
from knowledge.journal import Job, State
from knowledge.picture import Picture
from knowledge.problems import TryAgain
from ui.doors.bodies import described, read_json
from ui.doors.refusals import refusals
from ui.doors.rest import JobSeen, accepted
from ui.doors.waiting import key_of

CALLER = "page"
SHOWN = 200
"""Turns of a conversation."""
ELSEWHERE = "(said in the terminal)"


class Words(BaseModel):
    """With `previews`, the turn's events show how pictures grow."""

    model_config = ConfigDict(extra="forbid")

    words: str
    previews: bool = False


class Turn(BaseModel):
    """The user's words and what they led to."""

    job_id: str
    words: str
    state: State
    said: str = ""
    problem: str = ""
    pictures: list[dict[str, Any]] = []

    @classmethod
    def of(cls, job: Job) -> Turn:
        known = {name: job.result[name] for name in ("said", "problem", "pictures") if name in job.result}
        return cls(job_id=job.id, words=job.body["words"], state=job.state, **known)


class Talk(BaseModel):
    name: str
    turns: list[Turn] = []


class Listed(BaseModel):
    """`spoken` is in seconds since 1970."""

    name: str
    spoken: float
    pictures: int


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/conversations", tags=["REST"], responses=refusals())

    @router.get("")
    def conversations() -> list[Listed]:
        """The last spoken first."""
        return [Listed(name=one.name, spoken=one.spoken, pictures=one.pictures) for one in desk.conversations.listed()]

    @router.get("/{name}")
    def talk(name: str) -> Talk:
        """Its last turns, oldest first, after the pictures that were drawn in the terminal; none for a new name."""
        jobs = desk.journal.jobs(conversation=name, limit=SHOWN) if name else []
        turns = [Turn.of(job) for job in reversed(jobs) if job.kind == "turn"]
        return Talk(name=name, turns=[*_elsewhere(desk, name, turns), *turns])

    @router.post("/{name}/turns", status_code=202, openapi_extra=described(Words), responses={202: {"model": JobSeen}})
    async def say(name: str, request: Request) -> Response:
        """Say something to the agent; what follows is in the events of the job."""
        asked = await read_json(request, Words)
        key = key_of(request)
        return accepted(
            await asyncio.to_thread(
                lambda: desk.say(name, asked.words, caller=CALLER, key=key, previews=asked.previews)
            )
        )

    return router


def _elsewhere(desk: Desk, name: str, turns: Sequence[Turn]) -> Iterator[Turn]:
    """The pictures of the conversation that none of these turns drew, where it was going on in the terminal."""
    told = {picture["picture_id"] for turn in turns for picture in turn.pictures}
    others = {one.picture_id: one for one in desk.conversations.pictures(name) if one.picture_id not in told}
    there = tuple(_still_there(desk, others))
    if there and len(turns) < SHOWN:
        numbers = {picture_id: (one.number, one.parent) for picture_id, one in others.items()}
        shown = Teller(desk.gallery, desk.shelf).told(there, lambda picture: numbers[picture.id])
        yield Turn(job_id="", words=ELSEWHERE, state="done", pictures=shown["pictures"])


def _still_there(desk: Desk, picture_ids: Iterable[str]) -> Iterator[Picture]:
    for picture_id in picture_ids:
        # somebody may have tidied the gallery
        with suppress(TryAgain):
            yield desk.gallery.get(picture_id)
