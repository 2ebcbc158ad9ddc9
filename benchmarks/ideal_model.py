"""A chat model that always does what is right, played by a script: it sees no more than what comes over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.told_results import FIELDS
from benchmarks.conversation_state import refined
from benchmarks.dialogues import Expectation, Refining
from knowledge.recipe import Recipe
from tests.loopback_openai import Reply

SEEDS = 1009
"""It makes up seeds from so many times the pictures there are."""
Called = tuple[str, Mapping[str, Any]]


@dataclass
class IdealModel:
    """Answers the requests of one turn after another; `faults` come first, and are used up."""

    expected: Expectation = field(default_factory=lambda: Expectation(tell=True))
    faults: list[Reply] = field(default_factory=list)

    def __call__(self, asked: dict[str, Any]) -> Reply:
        if self.faults:
            return self.faults.pop(0) if len(self.faults) > 1 else self.faults[0]
        messages = asked["messages"]
        spoken = max(at for at, message in enumerate(messages) if message["role"] == "user")
        told = [_result(message) for message in messages if message["role"] == "tool"]
        here = [_result(message) for message in messages[spoken:] if message["role"] == "tool"]
        calls = tuple((name, json.dumps(arguments)) for name, arguments in self._calls(told, here))
        return Reply(calls=calls) if calls else Reply("There you are.", usage=(1000, 4))

    def _calls(self, told: Sequence[Mapping[str, Any]], here: Sequence[Mapping[str, Any]]) -> Iterator[Called]:
        expected = self.expected
        pictures = {one["number"]: one for result in told for one in result.get("pictures", ())}
        about = expected.refine or expected.variations
        lacking = {about.target if about else expected.improved} - {None} - pictures.keys()
        if lacking or any(result.get("pictures") or "question" in result for result in here):
            return
        if expected.draw:
            count = {"count": expected.draw.count} if expected.draw.count > 1 else {}
            yield "draw", {"prompt": expected.draw.prompt, **count, **expected.draw.settings()}
        elif expected.ask:
            yield "ask", {"question": "Which one?"}
        elif expected.refine:
            yield from self._refined(expected.refine, pictures, here)
        elif varied := expected.variations:
            for number in range(varied.counts[-1]):
                yield _refine(pictures[varied.target], {"seed": SEEDS * len(pictures) + number})
        elif expected.improved:
            shown = pictures[expected.improved]
            yield _refine(shown, {"prompt": f"{shown['prompt']}, beautiful"})

    def _refined(
        self, change: Refining, pictures: Mapping[int, Mapping[str, Any]], here: Sequence[Mapping[str, Any]]
    ) -> Iterator[Called]:
        """A style is looked for first, and the LoRA that is found for it put on."""
        if change.style and not here:
            yield "pick_loras", {"wish": f"{change.style.removesuffix(' style')} style", "model": "picturebook"}
            return
        shown = pictures[change.target]
        before = _recipe(shown)
        patch = before.patch_to(refined(before, change, SEEDS * len(pictures))).chosen()
        if change.style:
            patch["loras"] = here[0].get("loras", [])
        for number in range(change.count):
            seed = {"seed": patch.get("seed", before.seed) + number} if number else {}
            yield _refine(shown, patch | seed, change.keep)


def _refine(shown: Mapping[str, Any], patch: Mapping[str, Any], keep: Sequence[str] = ()) -> Called:
    return "refine", {"picture_id": shown["picture_id"], "patch": dict(patch), **({"keep": list(keep)} if keep else {})}


def _recipe(shown: Mapping[str, Any]) -> Recipe:
    loras = [{name: lora[name] for name in ("name", "sha256", "weight")} for lora in shown["loras"]]
    return Recipe.model_validate({**{name: shown[name] for name in FIELDS}, "loras": loras})


def _result(message: Mapping[str, Any]) -> dict[str, Any]:
    found = json.loads(message["content"])
    return found if isinstance(found, dict) else {}
