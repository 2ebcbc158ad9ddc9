"""Where every door hands in what it is asked, and hears what becomes of it: nothing is worked on here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_jsonable_python

from agent.conversation_tools import conversation_tools
from agent.conversations import Conversations, refuse_name, refuse_words
from agent.events import EVENT, Event, Failed
from agent.settings import Settings
from agent.workshop import bare_bench
from knowledge.gallery import Gallery
from knowledge.journal import Job, Journal
from knowledge.lora_files import LoraShelf
from knowledge.problems import TryAgain
from tools.toolbox import Tool

PAUSE = 0.1
"""Seconds between two looks at a job."""


@dataclass(frozen=True)
class Desk:
    """
    `tools` are for their names, descriptions and arguments: they run where the worker is. `shelf` and `model` are what
    it draws with.
    """

    journal: Journal
    gallery: Gallery
    conversations: Conversations
    tools: tuple[Tool, ...]
    shelf: LoraShelf = field(default_factory=lambda: LoraShelf(()))
    model: str = "picturebook"

    def use(
        self, tool: str, arguments: Mapping[str, Any], *, caller: str = "", key: str = "", previews: bool = False
    ) -> Job:
        """
        Have a tool run. Raises `TryAgain` for a name or arguments that do not fit, `Full` when too many jobs wait.

        A caller who names the same `key` again gets the same job. With `previews`, how the picture grows is told too.
        """
        self.tool(tool).filled(arguments)
        body = {"tool": tool, "arguments": to_jsonable_python(dict(arguments)), "previews": previews}
        return self.journal.ask("tool", body, caller=caller, key=key)

    def say(self, conversation: str, words: str, *, caller: str = "", key: str = "", previews: bool = False) -> Job:
        """Have a turn of the conversation, after those that wait already; otherwise as `use`."""
        refuse_name(conversation)
        refuse_words(words)
        body = {"words": words, "previews": previews}
        return self.journal.ask("turn", body, caller=caller, conversation=conversation, key=key)

    def status(self) -> Job:
        """Have the worker tell how it is; while there is none, nobody answers."""
        return self.journal.ask("status", {})

    def tool(self, name: str) -> Tool:
        for one in self.tools:
            if one.name == name:
                return one
        raise TryAgain(f"There is no tool {name[:80]!r}: use one of {', '.join(one.name for one in self.tools)}.")

    async def follow(self, job_id: str) -> AsyncIterator[Event]:
        """What happens, from the first event on, until the job has ended; last `Failed` if it did."""
        last = 0
        while True:
            # in this order, so that nothing is told after the end was seen
            job = await asyncio.to_thread(self.journal.job, job_id)
            for told in await asyncio.to_thread(self.journal.told, job_id, last):
                last = told.number
                yield EVENT.validate_python(told.event)
            if job.state == "failed":
                yield Failed(problem=job.result["problem"])
            if job.ended:
                return
            await asyncio.sleep(PAUSE)

    async def ended(self, job_id: str) -> Job:
        """The job when it is done, failed or cancelled."""
        while not (job := await asyncio.to_thread(self.journal.job, job_id)).ended:
            await asyncio.sleep(PAUSE)
        return job

    def cancel(self, job_id: str) -> Job:
        return self.journal.cancel(job_id)


def open_desk(settings: Settings) -> Desk:
    """Loads no model and no model library, fills no collection, touches no network."""
    bench = bare_bench(settings)
    tools = conversation_tools(bench, settings.model)
    conversations = Conversations(settings.data / "conversations")
    return Desk(open_journal(settings), bench.gallery, conversations, tools, bench.shelf, settings.model)


def open_journal(settings: Settings) -> Journal:
    return Journal(settings.data / "journal.sqlite")
