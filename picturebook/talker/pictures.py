"""A talk as far as it has come: its pictures, what each was made from, and how the tools tell of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from picturebook.talker.wishes import Wish

Message = dict[str, Any]


@dataclass(frozen=True)
class Worn:
    name: str
    sha256: str
    weight: float = 1.0


@dataclass(frozen=True)
class Picture:
    """`number` counts from 1; of the fields only those that can be asked for."""

    number: int
    id: str
    wish: Wish
    seed: int
    parent: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    loras: tuple[Worn, ...] = ()

    def told(self) -> dict[str, Any]:
        """As the assistant's tools tell of a picture."""
        plain = {"width": 128, "height": 128, "num_inference_steps": 20, "guidance_scale": 4.0, "scheduler": "euler"}
        chosen = {"negative_prompt": "", "seed": self.seed, **plain} | dict(self.fields)
        chosen["guidance_scale"] = float(chosen["guidance_scale"])
        worn = [
            {"name": one.name, "sha256": one.sha256, "weight": one.weight, "triggers": [f"{one.name} style"]}
            for one in self.loras
        ]
        names = {"picture_id": self.id, "number": self.number, "parent": self.parent, "prompt": str(self.wish)}
        return {**names, **chosen, "loras": worn, "changed": {}, "kept": [], "only": [], "why": []}

    def get(self, name: str) -> Any:
        return self.told()[name]


@dataclass(frozen=True)
class Talk:
    """`current` is the number of what `it` means; 0 before the first picture."""

    pictures: tuple[Picture, ...] = ()
    current: int = 0

    def picture(self, number: int = 0) -> Picture:
        return self.pictures[(number or self.current) - 1]

    def drawn(self, pictures: Sequence[Picture]) -> Talk:
        return Talk((*self.pictures, *pictures), pictures[-1].number)

    def back_at(self, number: int) -> Talk:
        return replace(self, current=number)

    def ancestor(self, steps: int) -> int | None:
        """The number of what the picture was made from, so many steps ago."""
        number: int | None = self.current
        for _ in range(steps):
            number = self.picture(number).parent if number else None
        return number or None


def said(text: str) -> Message:
    return {"role": "assistant", "content": text}


def calling(*calls: tuple[str, Mapping[str, Any]]) -> Message:
    made = [{"type": "function", "function": {"name": name, "arguments": dict(values)}} for name, values in calls]
    return {"role": "assistant", "content": "", "tool_calls": made}


def result(name: str, told: Mapping[str, Any]) -> Message:
    return {"role": "tool", "name": name, "content": json.dumps(told, ensure_ascii=False)}


def pictures_told(name: str, pictures: Sequence[Picture]) -> Message:
    return result(name, {"pictures": [picture.told() for picture in pictures]})


def picked(loras: Sequence[Worn]) -> Message:
    chosen = [{"name": one.name, "sha256": one.sha256, "weight": one.weight, "blocks": []} for one in loras]
    why = "; ".join(f"{one.name!r} because the wish says it" for one in loras) or "no style asked for"
    words = [f"{one.name} style" for one in loras]
    return result("pick_loras", {"loras": chosen, "trigger_words": words, "citations": [], "why": why})
