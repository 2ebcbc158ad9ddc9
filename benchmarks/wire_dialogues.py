"""The dialogues over the wire of OpenAI and Azure: what a chat model that errs in nothing says is what is drawn.

The model is played by a server on loopback. Everything between it and the recipes in the gallery is the real thing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.assistant import Assistant, drawn_in
from agent.chat_models import chat_model
from agent.events import Event, Returned, Said
from agent.middleware.fallback import FILTERED
from agent.offline.intents import Change
from agent.settings import Settings
from agent.told_results import OF_KEEPING
from benchmarks.cheap_studio import CheapStudio
from benchmarks.conversation_state import Conversation, Drawn, first
from benchmarks.dialogues import Dialogue, Drawing, Turn, dialogues
from benchmarks.ideal_model import IdealModel
from benchmarks.prompt_meaning import meaning
from benchmarks.results import Row, rate
from benchmarks.understood import right, unmentioned_stays
from knowledge.picture import Picture
from tests.loopback_openai import Reply, loopback_openai

WIRES: tuple[Mapping[str, Any], ...] = (
    {"chat": "openai-compatible", "openai_base_url": "{url}/v1"},
    {"chat": "azure", "azure_openai_endpoint": "{url}", "azure_openai_api_key": "key"},
    {
        "chat": "azure",
        "azure_openai_endpoint": "{url}",
        "azure_openai_api_key": "key",
        "openai_api_version": "2024-10-21",
    },
)
"""An OpenAI-compatible server, Azure's v1 API, and its classic one."""
FAULTS: tuple[Reply, ...] = (
    Reply(status=401, code="invalid_api_key"),
    Reply(status=403),
    Reply(status=404),
    Reply(status=429, headers={"retry-after-ms": "1"}),
    Reply(status=500, headers={"retry-after-ms": "1"}),
    Reply(status=502, page="<h1>Bad gateway</h1>", headers={"retry-after-ms": "1"}),
    Reply("There is", ends="stalls"),
    Reply("There is", ends="abruptly"),
    Reply("There is", ends="quietly"),
    Reply(calls=(("draw", '{"prompt": "a fox", "seed":'),)),
)
REFUSED = Reply(status=400, code="content_filter")
INSTEAD = "so I follow my own rules in this turn"
PAUSE = 1.0
"""Seconds after which a server that has stalled is given up."""


@dataclass(frozen=True)
class Done:
    """One turn of a dialogue, what there was before it, and what came of it."""

    turn: Turn
    before: Conversation
    pictures: tuple[Picture, ...]
    events: tuple[Event, ...]

    @property
    def right(self) -> bool:
        return any(self._as(number) for number in range(len(self.turn.expect)))

    @property
    def stays(self) -> list[bool]:
        """Of each refinement: whether what was not mentioned is as it was."""
        changes = [one.refine for one in self.turn.expect if one.refine and self.before.has(one.refine.target)]
        same = [
            unmentioned_stays(change, self._change(change.target, 0), self.before.picture(change.target).recipe)
            for change in changes
            if self.pictures
        ]
        return [any(same)] if same else []

    def said(self, words: str) -> bool:
        return any(words in event.text for event in self.events if isinstance(event, Said) and event.whole)

    def _as(self, number: int) -> bool:
        expected, count = self.turn.expect[number], len(self.pictures)
        if expected.draw:
            return count == expected.draw.count and all(drawn_as(expected.draw, one) for one in self.pictures)
        target = expected.refine.target if expected.refine else expected.improved
        if expected.variations and self.before.has(expected.variations.target):
            alike = all(self._change(expected.variations.target, at).patch.keys() == {"seed"} for at in range(count))
            return alike and count in expected.variations.counts
        if target is None or not self.before.has(target):
            return target is None and count == 0
        meant = expected.refine.count if expected.refine else 1
        return count == meant and all(right(expected, self._change(target, at), self.before) for at in range(count))

    def _change(self, target: int, at: int) -> Change:
        """What a picture is to its target, as the one that would have been understood."""
        before, picture = self.before.picture(target).recipe, self.pictures[at]
        patch = before.patch_to(picture.recipe).chosen()
        unseen = (OF_KEEPING if "init_image_id" in patch else set()) | ({"seed"} if at else set())
        told = [one for event in self.events if isinstance(event, Returned) for one in event.result.get("pictures", ())]
        fields = {name: value for name, value in patch.items() if name not in unseen or self.turn.expect[0].variations}
        return Change(target, fields, keep=tuple(told[at]["kept"]), count=len(self.pictures))


def drawn_as(wish: Drawing, picture: Picture) -> bool:
    """Drawn anew from exactly the wish's words, with the settings it names and no others; nothing was looked up."""
    recipe = picture.recipe
    wanted = first(wish, recipe.seed)
    plain = set(type(recipe).model_fields) - {"prompt", "loras", *(() if wish.seed is not None else ("seed",))}
    same = all(getattr(recipe, name) == getattr(wanted, name) for name in plain)
    worn = {use.name for use in recipe.loras} == {use.name for use in wanted.loras}
    said = meaning(picture.provenance.wish) == meaning(wish.prompt) and meaning(recipe.prompt) == meaning(wanted.prompt)
    return same and worn and said and picture.provenance.parent_id is None


def exact(share: float) -> list[Row]:
    """T1, and T3 over the wire."""
    turns = run(share, "known", "held_out")
    what = "dialogues with a scripted model over OpenAI's and Azure's wires: turns whose recipes are exactly as meant"
    stays = [stays for done in turns for stays in done.stays]
    return [
        rate("T1", what, [done.right for done in turns], 0.95),
        rate("T3-wire", "the same: refinements that leave every unmentioned field as it was", stays, 1.0, "equal"),
    ]


def faulty(share: float) -> list[Row]:
    """In each known dialogue one turn finds the chat model failing, each time in another way."""
    turns = [done for done in run(share, "known", faults=True) if done.said(INSTEAD) or done.said(FILTERED)]
    told = [done for done in turns if done.said(INSTEAD)]
    refused = [done.pictures == () for done in turns if done.said(FILTERED)]
    what = "turns in which the chat model fails: the planner says so, and does what was meant"
    return [rate("T1-faults", what, [*(done.right for done in told), *refused], 0.95)]


def run(share: float, *names: str, faults: bool = False) -> list[Done]:
    talks = [talk for name in names for talk in dialogues(name)]
    some = talks[:: max(1, round(1 / share))]
    with TemporaryDirectory() as folder:
        return asyncio.run(_run(CheapStudio(Path(folder)), some, faults))


async def _run(studio: CheapStudio, talks: Sequence[Dialogue], faults: bool) -> list[Done]:
    done: list[Done] = []
    for number, talk in enumerate(talks):
        ideal = IdealModel()
        with loopback_openai(model=ideal) as server:
            wire = {name: value.format(url=server.url) for name, value in WIRES[number % len(WIRES)].items()}
            asked = Settings.model_validate({"chat_model": "m", "chat_timeout": PAUSE, **wire})
            model = chat_model(asked)
            assert model is not None
            fault = (*FAULTS, REFUSED)[number % (len(FAULTS) + 1)] if faults else None
            async with studio.opened(model) as assistant:
                said = Spoken(studio, assistant, ideal, f"talk {number}")
                done += [turn async for turn in said.turns(talk.turns, number % len(talk.turns), fault)]
    return done


@dataclass(frozen=True)
class Spoken:
    """One dialogue, turn by turn."""

    studio: CheapStudio
    assistant: Assistant
    ideal: IdealModel
    name: str

    async def turns(self, turns: Iterable[Turn], failing: int, fault: Reply | None) -> AsyncIterator[Done]:
        """What is refused is said once more."""
        for number, turn in enumerate(turns):
            if fault and number == failing:
                yield (done := await self._turn(turn, fault))
                if not done.said(FILTERED):
                    continue
            yield await self._turn(turn)

    async def _turn(self, turn: Turn, fault: Reply | None = None) -> Done:
        self.ideal.expected, self.ideal.faults[:] = turn.expect[0], [fault] if fault else []
        talk = Conversation(tuple(self._drawn()))
        events = [event async for event in self.assistant.turn(self.name, turn.say)]
        ids = [picture_id for event in events for picture_id in drawn_in(event)]
        return Done(turn, talk, tuple(map(self.studio.bench.gallery.get, ids)), tuple(events))

    def _drawn(self) -> Iterator[Drawn]:
        for one in self.studio.conversations.pictures(self.name):
            yield Drawn(one.number, one.parent, self.studio.bench.gallery.get(one.picture_id).recipe)


if __name__ == "__main__":
    for row in (*exact(1.0), *faulty(1.0)):
        print(row.id, f"{row.value:.3f}", row.note)
