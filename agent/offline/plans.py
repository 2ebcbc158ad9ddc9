"""The tool calls that an intent takes, one after another, each planned from what the ones before it returned."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.offline.intents import Change, Intent, Merge, NewWish, Shown, Variations
from agent.offline.memory import Returned
from agent.offline.weighing import MOST as HEAVIEST

PICK = "pick_loras"


@dataclass(frozen=True)
class ToolUse:
    name: str
    arguments: Mapping[str, Any]


def next_use(
    intent: Intent, pictures: Sequence[Shown], returned: Sequence[Returned], tools: frozenset[str], model: str
) -> ToolUse | None:
    """The next call, or None when all is done, or when one of them failed and the rest makes no sense."""
    drawn = sum(len(one.pictures) for one in returned)
    if any(one.problem is not None and one.name != PICK for one in returned):
        return None
    match intent:
        case NewWish(prompt, count, options) if not drawn and "draw" in tools:
            several = {"count": count} if count > 1 else {}
            return ToolUse("draw", {"prompt": prompt, **several, **_jsonable(options)})
        case Variations(target, count) if drawn < count and "refine" in tools:
            shown = _picture(pictures, target)
            return _refine(shown, {"seed": fresh_seed(shown, len(pictures), drawn)})
        case Merge(one, other) if not drawn and "merge" in tools:
            ids = (_picture(pictures, number).picture_id for number in (one, other))
            return ToolUse("merge", dict(zip(("one", "other"), ids, strict=True)))
        case Change() if drawn < intent.count and "refine" in tools:
            return _changing(intent, pictures, returned, tools, model, drawn)
    return None


def _changing(
    change: Change,
    pictures: Sequence[Shown],
    returned: Sequence[Returned],
    tools: frozenset[str],
    model: str,
    drawn: int,
) -> ToolUse:
    shown = _picture(pictures, change.target)
    picked = next((one for one in returned if one.name == PICK), None)
    if change.style and picked is None and PICK in tools:
        return ToolUse(PICK, {"wish": _as_style(change.style), "model": model})
    patch = {**_jsonable(change.patch), **_style(change, shown, picked.told if picked else {})}
    if (change.fresh or drawn) and "seed" not in change.patch:
        patch["seed"] = fresh_seed(shown, len(pictures), drawn)
    return _refine(shown, patch, change.keep, change.only)


def _style(change: Change, shown: Shown, picked: Mapping[str, Any]) -> dict[str, Any]:
    """The LoRAs and the words of the style; words alone where there is no LoRA for it."""
    worn = [{"name": lora.name, "sha256": lora.sha256, "weight": lora.weight} for lora in shown.loras]
    if change.style:
        loras = picked.get("loras") or []
        # trigger words that the wish for the style said already do not come back with the LoRA
        words = (list(picked.get("trigger_words") or ()) or [_as_style(change.style)]) if loras else [change.style]
        prompt = change.patch.get("prompt", shown.prompt)
        missing = [word for word in words if word.lower() not in prompt.lower()]
        return {"prompt": ", ".join((prompt, *missing))} | ({"loras": loras} if loras or worn else {})
    if change.unstyle:
        return {"loras": []} if worn else {}
    if change.strength and worn:
        return {"loras": [lora | {"weight": weight(lora["weight"] + change.strength)} for lora in worn]}
    return {}


def _as_style(style: str) -> str:
    return style if style.endswith("style") else f"{style} style"


def weight(value: float) -> float:
    """Of a LoRA that is made stronger or weaker: never none at all, never absurd."""
    return round(max(0.1, min(HEAVIEST, value)), 2)


def fresh_seed(shown: Shown, pictures: int, drawn: int) -> int:
    """Another seed: the same conversation always gives the same ones."""
    return zlib.crc32(f"{shown.seed}/{shown.number}/{pictures}/{drawn}".encode())


def _refine(shown: Shown, patch: Mapping[str, Any], keep: Sequence[str] = (), only: Sequence[str] = ()) -> ToolUse:
    where = {name: list(things) for name, things in (("keep", keep), ("only", only)) if things}
    return ToolUse("refine", {"picture_id": shown.picture_id, "patch": dict(patch), **where})


def _picture(pictures: Sequence[Shown], number: int) -> Shown:
    return next(shown for shown in pictures if shown.number == number)


def _jsonable(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
