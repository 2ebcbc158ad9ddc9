"""The local chat models: how often the picture book's own does exactly what is meant, and whether a call ever misfits.

`python -m benchmarks.local_talk FOLDER` measures another folder's model, on a share of the dialogues if one follows.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.local_model import LocalChat, speaker
from agent.told_results import as_object
from agent.workshop import TALKERS
from benchmarks.conversation_state import Conversation
from benchmarks.dialogues import dialogues
from benchmarks.results import Row, rate
from benchmarks.talk_messages import BACK, PICK, answered, history, intent, picked
from benchmarks.timing import at
from benchmarks.toolbox_schemas import schemas
from benchmarks.understood import right
from picturebook.talker.dialogues import dialogue
from picturebook.talker.turns import Turn

BOOK_TALKER = Path(TALKERS["picturebook"])
TALKS = 100
"""Dialogues made for the measure, of phrasings and triples that no lesson has."""
DRAWING = ("draw", "refine")
STEPS = 4
"""Calls of the model in a turn at most."""


@dataclass
class Talker:
    """Follows one turn through, and is told what the tools say; `seconds` are CPU seconds of each call of the model."""

    model: BaseChatModel
    seconds: list[float]

    def turn(
        self, said: Sequence[BaseMessage], picks: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> tuple[list[Any], str]:
        """Its calls up to the first that draws or asks, and its words."""
        messages, calls = list(said), []
        bound = self.model.bind_tools(schemas())
        for _ in range(STEPS):
            started = time.process_time()
            answer = bound.invoke(messages)
            self.seconds.append(time.process_time() - started)
            calls += answer.tool_calls
            if not answer.tool_calls or any(call["name"] != PICK for call in answer.tool_calls):
                return calls, str(answer.text)
            messages += [answer, *(answered(call, picks(call["args"])) for call in answer.tool_calls)]
        return calls, ""


def book_talker(folder: Path = BOOK_TALKER) -> LocalChat:
    torch.set_num_threads(1)
    return LocalChat(speaker=speaker(str(folder)))


def exact(share: float, folder: Path = BOOK_TALKER) -> list[Row]:
    """The calls of every turn, argument for argument, and how long they take."""
    talker = Talker(book_talker(folder), [])
    hits: list[bool] = []
    missed: Counter[str] = Counter()
    for number in range(max(1, round(TALKS * share))):
        said: list[BaseMessage] = []
        for turn in dialogue(random.Random(f"talker test {number}"), test=True):
            said.append(HumanMessage(turn.say))
            calls, words = talker.turn(said, lambda _, turn=turn: _pick_of(turn))
            hits.append(_same(turn, calls, words))
            if not hits[-1]:
                missed[" ".join(name for name, _ in turn.calls) or "words"] += 1
            said += as_messages(turn.messages)
    print("missed", dict(missed))
    slow = at(talker.seconds, 0.95)
    return [
        rate(
            "T16", "the book's own talker, phrasings and triples it never saw: turns with the exact calls", hits, 0.85
        ),
        Row(
            *("T16-seconds", "the same: one call of it, 95th percentile", slow, slow, max(talker.seconds), "CPU s"),
            *("lower", 2.0, f"one thread, n = {len(talker.seconds)}"),
        ),
    ]


def on_dialogues(share: float, folder: Path = BOOK_TALKER) -> list[Row]:
    """Scored as the offline planner is, on dialogues that were written for it."""
    talker = Talker(book_talker(folder), [])
    rows = []
    for id, name in (("T16-held-out", "held_out"), ("T16-known", "known")):
        talks = dialogues(name)
        hits = []
        for one in talks[: max(1, round(share * len(talks)))]:
            now = Conversation()
            for place, turn in enumerate(one.turns):
                try:
                    meant = intent(*talker.turn(history(one, place), picked), now)
                    hits.append(any(right(expected, meant, now) for expected in turn.expect))
                except (KeyError, ValueError):
                    hits.append(False)
                now = now.after(turn.expect[0])
        rows.append(
            rate(id, f"the same talker on the dialogues of T2, {name.replace('_', ' ')}: turns done right", hits, None)
        )
    return rows


def as_messages(messages: Sequence[Mapping[str, Any]]) -> list[BaseMessage]:
    made: list[BaseMessage] = []
    for place, one in enumerate(messages):
        if one["role"] == "tool":
            made.append(ToolMessage(one["content"], tool_call_id=f"call-{place}", name=one["name"]))
        else:
            functions = [call["function"] for call in one.get("tool_calls", ())]
            calls: Any = [
                {"name": call["name"], "args": call["arguments"], "id": f"call-{index}", "type": "tool_call"}
                for index, call in enumerate(functions)
            ]
            made.append(AIMessage(one["content"], tool_calls=calls))
    return made


def _pick_of(turn: Turn) -> Mapping[str, Any]:
    """What the LoRA picker says in that turn, if it is asked there at all."""
    told = [as_object(one["content"]) for one in turn.messages if one.get("name") == PICK]
    return told[0] if told else {"loras": [], "trigger_words": [], "citations": [], "why": "no style asked for"}


def _same(turn: Turn, calls: Sequence[Mapping[str, Any]], words: str) -> bool:
    """Word for word; only a seed that is to be new may be any that is."""
    meant = [(name, dict(arguments)) for name, arguments in turn.calls]
    done = [(call["name"], dict(call["args"])) for call in calls]
    if not meant:
        back, went = BACK.search(str(turn.messages[-1]["content"])), BACK.search(words)
        return not done and (back and back[1]) == (went and went[1])
    if [name for name, _ in meant] == ["ask"]:
        return [name for name, _ in done] == ["ask"]
    if _reseeded(meant) and _reseeded(done) and "seed" not in turn.say:
        seeds = {arguments["patch"]["seed"] for _, arguments in done}
        targets = [[arguments["picture_id"] for _, arguments in each] for each in (meant, done)]
        return targets[0] == targets[1] and len(seeds) == len(done)
    return meant == done


def _reseeded(calls: Sequence[tuple[str, Mapping[str, Any]]]) -> bool:
    return all(name == "refine" and set(arguments["patch"]) == {"seed"} for name, arguments in calls)


if __name__ == "__main__":
    folder, part = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    for row in (*exact(part, folder), *on_dialogues(part, folder)):
        print(row.id, f"{row.value:.3f}", row.note)
