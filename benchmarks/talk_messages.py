"""A measured conversation as the messages a chat model is sent, and its calls as what they come down to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.offline.intents import Ask, Change, GoTo, Intent, NewWish, Tell, Variations
from agent.told_results import FIELDS, as_text
from benchmarks.conversation_state import SHELF, Conversation, Drawn, lora, trigger
from benchmarks.dialogues import Dialogue, Expectation
from benchmarks.prompt_meaning import styles
from knowledge.recipe import LoraUse

Call = Mapping[str, Any]
PICK = "pick_loras"
BACK = re.compile(r"back at picture (\d+)", re.IGNORECASE)


def picture_id(drawn: Drawn) -> str:
    return hashlib.sha256(f"{drawn.number} {drawn.recipe.hash}".encode()).hexdigest()


def told(drawn: Drawn) -> dict[str, Any]:
    """As the assistant's tools tell of a picture."""
    recipe = drawn.recipe.model_dump(mode="json")
    worn = [
        use.model_dump(mode="json", exclude={"blocks"}) | {"triggers": [trigger(use.name)]}
        for use in drawn.recipe.loras
    ]
    names = {"picture_id": picture_id(drawn), "number": drawn.number, "parent": drawn.parent}
    fields = {name: recipe[name] for name in FIELDS}
    return {**names, **fields, "loras": worn, "changed": {}, "kept": [], "only": [], "why": []}


def answered(call: Call, answer: Mapping[str, Any]) -> ToolMessage:
    return ToolMessage(as_text(answer), tool_call_id=str(call["id"]), name=call["name"])


def picked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What the LoRA picker says: those of the shelf that are named, or that the wish asks for."""
    said = (str(name).rpartition(":") for name in arguments.get("names", ()))
    named = {name: weight for name, _, weight in said}
    asked = named or {style: "1.0" for style in styles(str(arguments.get("wish", ""))) if style in SHELF}
    loras = [lora(name).model_copy(update={"weight": _number(weight)}) for name, weight in asked.items() if name]
    chosen = [use.model_dump(mode="json") for use in loras]
    words = [trigger(use.name) for use in loras]
    return {
        "loras": chosen,
        "trigger_words": words,
        "citations": [],
        "why": "asked for" if loras else "no style asked for",
    }


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def history(dialogue: Dialogue, turn: int) -> list[BaseMessage]:
    """Everything before that turn, had each gone as it should, and what is said in it."""
    messages: list[BaseMessage] = []
    now = Conversation()
    for one in dialogue.turns[:turn]:
        after = now.after(one.expect[0])
        messages += [HumanMessage(one.say), *_done(one.expect[0], now, after)]
        now = after
    return [*messages, HumanMessage(dialogue.turns[turn].say)]


def _done(expected: Expectation, before: Conversation, after: Conversation) -> list[BaseMessage]:
    fresh = after.pictures[len(before.pictures) :]
    if expected.goto:
        return [AIMessage(f"We are back at picture {expected.goto}. The next change starts there.")]
    if not fresh:
        return [AIMessage("Which one do you mean?" if expected.ask else "What shall I change?")]
    if expected.draw:
        return _called([_call("draw", fresh[0], {"prompt": expected.draw.prompt, **expected.draw.settings()})], fresh)
    calls = []
    for drawn in fresh:
        old = before.picture(drawn.parent or 1)
        patch = old.recipe.patch_to(drawn.recipe).model_dump(mode="json", exclude_unset=True)
        for use in patch.get("loras") or ():
            use.pop("blocks", None)
        calls.append(_call("refine", drawn, {"picture_id": picture_id(old)[:8], "patch": patch}))
    return _called(calls, fresh)


def _call(name: str, drawn: Drawn, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "args": dict(arguments), "id": f"call-{drawn.number}", "type": "tool_call"}


def _called(calls: list[dict[str, Any]], fresh: Sequence[Drawn]) -> list[BaseMessage]:
    made = AIMessage("", tool_calls=calls)  # pyright: ignore[reportArgumentType]
    if len(calls) == 1:
        answers = [answered(calls[0], {"pictures": [told(drawn) for drawn in fresh]})]
    else:
        answers = [answered(call, {"pictures": [told(drawn)]}) for call, drawn in zip(calls, fresh, strict=True)]
    which = (
        f"is picture {fresh[0].number}" if len(fresh) == 1 else f"are pictures {fresh[0].number} to {fresh[-1].number}"
    )
    return [made, *answers, AIMessage(f"Here {which}.")]


def intent(calls: Sequence[Call], words: str, talk: Conversation) -> Intent:
    """What the calls of a turn come down to; calls that no tool would take come down to nothing that is right."""
    for name, arguments in ((call["name"], call["args"]) for call in calls if call["name"] != PICK):
        if name == "draw":
            options = {key: value for key, value in arguments.items() if key not in ("prompt", "count")}
            return NewWish(arguments["prompt"], arguments.get("count", 1), options)
        if name == "ask":
            return Ask(arguments["question"])
        if name == "refine":
            return _refined([call["args"] for call in calls if call["name"] == "refine"], talk)
    back = BACK.search(words)
    return GoTo(int(back[1])) if back else Tell("help")


def _refined(calls: Sequence[Mapping[str, Any]], talk: Conversation) -> Intent:
    target = next((one for one in talk.pictures if picture_id(one).startswith(calls[0]["picture_id"])), None)
    if target is None:
        return Change(0)
    patches = [dict(call["patch"]) for call in calls]
    if len({call["picture_id"] for call in calls}) > 1:
        return Change(0)
    if all(set(patch) == {"seed"} for patch in patches) and len(calls) > 1:
        return (
            Variations(target.number, len(calls))
            if len({patch["seed"] for patch in patches}) == len(calls)
            else Change(0)
        )
    patch = patches[0]
    loras = patch.pop("loras", None)
    keep = tuple(calls[0].get("keep", ()))
    change = Change(target.number, patch, keep, count=len(calls))
    return change if loras is None else _worn(change, [LoraUse.model_validate(use) for use in loras], target)


def _worn(change: Change, loras: Sequence[LoraUse], target: Drawn) -> Change:
    was = {use.name: use.weight for use in target.recipe.loras}
    now = {use.name: use.weight for use in loras}
    if now and was.keys() == now.keys():
        (name,) = list(now)[:1]
        strength = now[name] - was[name]
        return Change(change.target, change.patch, change.keep, strength=strength, count=change.count)
    style = ", ".join(now) or None
    return Change(change.target, change.patch, change.keep, style, not now and not _styled(change), count=change.count)


def _styled(change: Change) -> bool:
    return bool(styles(str(change.patch.get("prompt", ""))))
