"""A wish and what is said afterwards, as a user says it: through the assistant, its planner and its tools."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.assistant import Assistant, opened
from agent.cast import cast
from agent.conversations import Conversations
from agent.events import Ended, Event, Returned
from agent.settings import Settings
from benchmarks.faithful.prompts import Task
from benchmarks.repainting import moved
from knowledge.picture import Picture
from tools.toolbox import Bench

NAME = "edit"


@dataclass(frozen=True)
class Talked:
    """`picture` is the last one; `moved` is how many pixels differ outside the mask, None where there was no mask."""

    picture: Picture | None
    fault: str
    calls: int
    tokens: int
    moved: int | None


def talked(bench: Bench, settings: Settings, task: Task, steps: int | None) -> Talked:
    also = f", {steps} steps" if steps else ""
    return asyncio.run(_talked(bench, settings, (f"{task.prompt}, seed {task.seed}{also}", task.edit)))


async def _talked(bench: Bench, settings: Settings, said: Sequence[str]) -> Talked:
    with TemporaryDirectory() as folder:
        conversations = Conversations(Path(folder))
        async with opened(cast(settings, bench), conversations) as assistant:
            events = [event for words in said for event in await _turn(assistant, words)]
        pictures = [bench.gallery.get(drawn.picture_id) for drawn in conversations.pictures(NAME)]
    costs = [event.cost for event in events if isinstance(event, Ended)]
    calls, tokens = sum(one.model_calls for one in costs), sum(one.tokens_in + one.tokens_out for one in costs)
    if len(pictures) < len(said):
        return Talked(None, _why(events), calls, tokens, None)
    before, after = pictures[-2:]
    return Talked(after, "", calls, tokens, moved(bench, before, after) if after.recipe.mask_id else None)


async def _turn(assistant: Assistant, words: str) -> list[Event]:
    return [event async for event in assistant.turn(NAME, words)]


def _why(events: Sequence[Event]) -> str:
    answers = [event.result for event in events if isinstance(event, Returned)]
    return "; ".join(str(one["problem"]) for one in answers if "problem" in one) or "nothing was drawn"
