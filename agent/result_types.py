"""What the results of tools and turns look like to those who ask from outside, as types and as JSON schemas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import TypeAdapter, create_model

from agent.events import Cost
from knowledge.picture import Picture
from tools.toolbox import Tool

ONLY_TALKING = ("ask",)
"""Tools for conversations alone: a program that calls a tool has nobody beside it to put a question to."""


@dataclass(frozen=True)
class ToldLora:
    name: str
    sha256: str
    weight: float
    triggers: list[str]


@dataclass(frozen=True)
class ToldPicture:
    """
    A picture and its recipe's plain fields; equal `recipe_hash` means equal pixels.

    `changed` holds [before, after] of each field that differs from the picture it was made from; `kept` and `only`
    name the things that did not move, and those that alone did.
    """

    picture_id: str
    recipe_hash: str
    prompt: str
    negative_prompt: str
    seed: int
    width: int
    height: int
    num_inference_steps: int
    guidance_scale: float
    scheduler: str
    loras: list[ToldLora]
    changed: dict[str, list[Any]]
    kept: list[str]
    only: list[str]
    why: list[str]


@dataclass(frozen=True)
class Drawings:
    pictures: list[ToldPicture]


@dataclass(frozen=True)
class NumberedPicture(ToldPicture):
    """In a conversation, people call a picture by its number, and its parent by the parent's."""

    number: int
    parent: int | None


@dataclass(frozen=True)
class Reply:
    """What the assistant said last, what it drew, and what that took."""

    said: str
    pictures: list[NumberedPicture]
    cost: Cost


def result_type(tool: Tool) -> Any:
    """The type of the JSON object that a job of this tool ends with."""
    returned = get_type_hints(tool.run)["return"]
    if returned in (Picture, tuple[Picture, ...]):
        return Drawings
    described = TypeAdapter(returned).json_schema(mode="serialization")
    return returned if described.get("type") == "object" else create_model("Result", result=(returned, ...))


def result_schema(result: Any) -> dict[str, Any]:
    """As JSON schema, always of an object."""
    return TypeAdapter(result).json_schema(mode="serialization")
