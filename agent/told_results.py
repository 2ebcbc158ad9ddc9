"""What a tool's result looks like to a chat model: one JSON object of bounded size, in which pictures have numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_jsonable_python

from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from knowledge.picture import Picture
from knowledge.prompt_diff import marked
from knowledge.recipe import LoraUse

FIELDS = (
    *("prompt", "negative_prompt", "seed", "width", "height"),
    *("num_inference_steps", "guidance_scale", "scheduler"),
)
LONGEST_TEXT = 600
"""Characters of any one text: what was retrieved may be a whole page."""
MOST_ITEMS = 24
OF_KEEPING = {"init_image_id", "mask_id", "strength", "controls"}
"""What going on from a picture's pixels does to a recipe: nothing people asked for."""

Where = tuple[Sequence[str], Sequence[str]]
"""The things that did not move, and those that alone did."""
Number = Callable[[Picture], tuple[int, int | None]]
"""Gives a picture its number in the conversation, and its parent's."""


def as_text(told: Mapping[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)


def as_object(text: str) -> dict[str, Any]:
    """What `as_text` was given; other text becomes `{"text": …}`."""
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"text": text}


def pictures_in(text: str) -> list[dict[str, Any]]:
    found = as_object(text).get("pictures")
    return [picture for picture in found if isinstance(picture, dict)] if isinstance(found, list) else []


def pictures_of(result: object) -> tuple[Picture, ...]:
    """Those a tool drew; none where it does something else."""
    drawn = (result,) if isinstance(result, Picture) else result
    return drawn if isinstance(drawn, tuple) and all(isinstance(one, Picture) for one in drawn) else ()


@dataclass(frozen=True)
class Teller:
    gallery: Gallery
    shelf: LoraShelf

    def told(self, result: object, number: Number, where: Where = ((), ())) -> dict[str, Any]:
        if drawn := pictures_of(result):
            return {"pictures": [self._picture(picture, where, _numbered(*number(picture))) for picture in drawn]}
        return shortened(_as_an_object(result))

    def alone(self, result: object, given: Mapping[str, Any]) -> dict[str, Any]:
        """For programs, outside conversations: pictures have hashes instead of numbers, and texts all their length.

        `given` are the arguments of the call.
        """
        where = (given.get("keep") or (), given.get("only") or ())
        if drawn := pictures_of(result):
            hashed = [self._picture(picture, where, {"recipe_hash": picture.recipe.hash}) for picture in drawn]
            return {"pictures": hashed}
        return _as_an_object(result)

    def _picture(self, picture: Picture, where: Where, called: Mapping[str, Any]) -> dict[str, Any]:
        recipe, parent = picture.recipe.model_dump(mode="json"), self.gallery.parent(picture)
        kept, only = map(list, where)
        return {
            "picture_id": picture.id,
            **called,
            **{name: recipe[name] for name in FIELDS},
            "loras": [self._lora(use) for use in picture.recipe.loras],
            "changed": _changed(parent, picture),
            "kept": kept,
            "only": only,
            "why": shortened(list(_why(parent, picture))),
        }

    def _lora(self, use: LoraUse) -> dict[str, Any]:
        cards = (card for card in self.shelf.cards() if card.sha256 == use.sha256)
        triggers = next((list(card.trigger_words) for card in cards), [])
        return {"name": use.name, "sha256": use.sha256, "weight": use.weight, "triggers": triggers}


def _numbered(number: int, parent: int | None) -> dict[str, Any]:
    return {"number": number, "parent": parent}


def _why(parent: Picture | None, picture: Picture) -> Iterator[str]:
    """What each step decided, the records cited, and what became of the words."""
    known = picture.provenance
    yield from (f"{decision.step}: {decision.why}" for decision in known.decisions)
    yield from (f"cites: {citation.told}" for citation in known.citations)
    before = parent.recipe.prompt if parent else known.wish
    if before and before != known.recipe.prompt:
        yield f"reworded: {marked(before, known.recipe.prompt)}"


def _changed(parent: Picture | None, picture: Picture) -> dict[str, list[Any]]:
    """Each field of the recipe that differs from the parent's: before, after."""
    if parent is None:
        return {}
    after, old = parent.recipe.patch_to(picture.recipe).chosen(), parent.recipe.model_dump(mode="json")
    hidden = OF_KEEPING if "init_image_id" in after else set()
    return {name: [old[name], after[name]] for name in after if name not in hidden}


def _as_an_object(result: object) -> dict[str, Any]:
    plain = to_jsonable_python(result, fallback=str)
    return plain if isinstance(plain, dict) else {"result": plain}


def shortened(value: Any) -> Any:
    """The same JSON value with texts and lists cut where they are long."""
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return f"{value[:LONGEST_TEXT]}…"
        case list():
            return [shortened(item) for item in value[:MOST_ITEMS]]
        case dict():
            return {name: shortened(item) for name, item in value.items()}
    return value
