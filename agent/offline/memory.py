"""The conversation as the planner knows it: read from the messages alone, so that nothing is ever out of step."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from agent.offline.intents import Shown, Worn
from agent.told_results import FIELDS

CURRENT = "current"
"""The key of a reply under which it is kept to which picture the user went back."""
RULES = "rules"
"""How the planner calls itself."""


@dataclass(frozen=True)
class Returned:
    """What a tool of this turn said: a JSON object, with `problem` if it failed."""

    name: str
    told: dict[str, Any]

    @property
    def pictures(self) -> list[dict[str, Any]]:
        found = self.told.get("pictures")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    @property
    def problem(self) -> str | None:
        problem = self.told.get("problem")
        return str(problem) if problem is not None else None


@dataclass(frozen=True)
class Memory:
    """`pictures` are those before this turn, `current` the number of the one that 'it' means; 0 if there is none."""

    said: str
    pictures: tuple[Shown, ...]
    told: tuple[dict[str, Any], ...]
    """What was said of each of the pictures when it was drawn."""
    current: int
    returned: tuple[Returned, ...]


Went = Callable[[str, tuple[Shown, ...], int], int]
"""To which picture the user's words lead, given the pictures there are and the current one."""


def remember(messages: Sequence[BaseMessage], went: Went = lambda said, pictures, current: current) -> Memory:
    """`went` is asked where another chat model drew nothing: such go back in words alone."""
    turn = max((at for at, message in enumerate(messages) if isinstance(message, HumanMessage)), default=len(messages))
    told: list[dict[str, Any]] = []
    current = 0
    for said, answers in _turns(messages[:turn]):
        drawn = [
            picture for answer in answers if isinstance(answer, ToolMessage) for picture in _returned(answer).pictures
        ]
        marks = [answer.additional_kwargs[CURRENT] for answer in answers if CURRENT in answer.additional_kwargs]
        told += drawn
        if drawn or marks:
            current = int(marks[-1] if marks else drawn[-1].get("number", len(told)))
        elif told and not _ours(answers):
            current = went(said, tuple(_shown(told)), current)
    said = str(messages[turn].text) if turn < len(messages) else ""
    return Memory(said, tuple(_shown(told)), tuple(told), current, tuple(_results(messages[turn:])))


def _turns(messages: Sequence[BaseMessage]) -> Iterator[tuple[str, Sequence[BaseMessage]]]:
    """What the user said, and all that came of it."""
    starts = [at for at, message in enumerate(messages) if isinstance(message, HumanMessage)]
    for start, end in pairwise((*starts, len(messages))):
        yield str(messages[start].text), messages[start + 1 : end]


def _ours(answers: Sequence[BaseMessage]) -> bool:
    """Whether the planner answered, who leaves a mark where it goes back."""
    return bool(answers) and answers[-1].response_metadata.get("model_name") == RULES


def _results(messages: Sequence[BaseMessage]) -> Iterator[Returned]:
    return (_returned(message) for message in messages if isinstance(message, ToolMessage))


def _returned(message: ToolMessage) -> Returned:
    text = str(message.text)
    try:
        told = json.loads(text)
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    if message.status == "error" and "problem" not in told:
        told = {"problem": text}
    return Returned(message.name or "", told)


def _shown(told: Sequence[dict[str, Any]]) -> Iterator[Shown]:
    for place, one in enumerate(told, 1):
        fields: dict[str, Any] = {name: one[name] for name in FIELDS if one.get(name) is not None}
        loras = tuple(
            Worn(
                str(lora["name"]),
                float(lora.get("weight", 1)),
                tuple(lora.get("triggers") or ()),
                lora.get("sha256", ""),
            )
            for lora in one.get("loras") or ()
        )
        number, parent = int(one.get("number", place)), one.get("parent")
        shown: dict[str, Any] = {
            "number": number,
            "parent": parent,
            "loras": loras,
            "picture_id": str(one.get("picture_id", "")),
        }
        named: dict[str, Any] = {"prompt": "", **fields, **shown}
        yield Shown(**named)
