"""The kinds of work there are: a tool that is used, a turn of a conversation, and how the worker is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from agent.assistant import Assistant
from agent.cast import Cast
from agent.events import Previewed, Progressed
from agent.happenings import Happenings
from agent.previews import previewing
from agent.repeatable import seeded
from agent.told_results import Teller
from agent.turn import TurnAsked
from knowledge.gallery import Gallery
from knowledge.journal import Job
from knowledge.problems import TryAgain
from tools.call import Asked, Call
from tools.toolbox import Tool


class Work(Protocol):
    async def __call__(self, job: Job, happenings: Happenings) -> dict[str, Any]:
        """The job's result. Whoever cancels it needs not wait for what it has begun."""
        ...


@dataclass(frozen=True)
class ToolWork:
    """Runs in a thread. Its events bear the job's id."""

    tools: Mapping[str, Tool]
    teller: Teller

    async def __call__(self, job: Job, happenings: Happenings) -> dict[str, Any]:
        call = _call(job, happenings)
        try:
            return await asyncio.to_thread(self._used, job, call)
        except asyncio.CancelledError:
            call.cancelled.set()
            raise

    def _used(self, job: Job, call: Call) -> dict[str, Any]:
        name, given = job.body["tool"], job.body["arguments"]
        if name not in self.tools:
            raise TryAgain(f"There is no tool {name!r} any more: use one of {', '.join(self.tools)}.")
        arguments = seeded(self.tools[name], given, job.id)
        return self.teller.alone(self.tools[name].use(arguments, call), given)


@dataclass(frozen=True)
class TurnWork:
    assistant: Assistant
    gallery: Gallery

    async def __call__(self, job: Job, happenings: Happenings) -> dict[str, Any]:
        asked = TurnAsked(job.id, job.begun > 1, job.body.get("previews", False))
        async with aclosing(self.assistant.turn(job.conversation, job.body["words"], asked)) as events:
            async for event in events:
                happenings.tell(event)
        reply = happenings.reply()
        return reply | {"pictures": [_identified(picture, self.gallery) for picture in reply["pictures"]]}


@dataclass(frozen=True)
class StatusWork:
    """`hit_rates`: how often what was needed had been kept, by what is kept."""

    hit_rates: Callable[[], Mapping[str, float]]

    async def __call__(self, job: Job, happenings: Happenings) -> dict[str, Any]:
        return {"hit_rates": dict(await asyncio.to_thread(self.hit_rates))}


def every_kind(parts: Cast, assistant: Assistant, hit_rates: Callable[[], Mapping[str, float]]) -> dict[str, Work]:
    tools = {tool.name: tool for tool in parts.tools}
    return {
        "tool": ToolWork(tools, Teller(parts.gallery, parts.shelf)),
        "turn": TurnWork(assistant, parts.gallery),
        "status": StatusWork(hit_rates),
    }


def _call(job: Job, happenings: Happenings) -> Call:
    def progressed(done: int, total: int) -> None:
        happenings.tell(Progressed(id=job.id, done=done, total=total))

    def previewed(image: str) -> None:
        happenings.tell(Previewed(id=job.id, image=image))

    asked = Asked(caller=job.caller, again=job.begun > 1)
    return Call(
        progressed, threading.Event(), asked, previewing(previewed) if job.body.get("previews", False) else None
    )


def _identified(picture: Mapping[str, Any], gallery: Gallery) -> dict[str, Any]:
    return {**picture, "recipe_hash": gallery.get(picture["picture_id"]).recipe.hash}
