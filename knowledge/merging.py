"""Two changes to one recipe made into one: what only one of them changed is taken from it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from knowledge.problems import TryAgain
from knowledge.prompt_diff import pieces, written
from knowledge.recipe import Patch, Recipe

WORDS = ("prompt", "negative_prompt")
"""Merged word by word."""
LISTS = {"loras": "sha256", "controls": "image_id", "references": "image_id"}
"""Merged item by item, and by what an item is known."""
Edit = tuple[int, int, tuple[str, ...]]
"""Words that take the place of those from here to there."""


def merged(base: Recipe, one: Recipe, other: Recipe) -> Patch:
    """
    What turns `base` into a recipe with both changes.

    Raises `TryAgain` that names the fields which the two made different things of.
    """
    was, first, second = (recipe.model_dump(mode="json") for recipe in (base, one, other))
    fields = {name: _field(name, was[name], first[name], second[name]) for name in was}
    if clashing := [name for name, value in fields.items() if value is CLASH]:
        raise TryAgain(f"Both changed {' and '.join(clashing)}, and differently: take one, and change the rest in it.")
    return base.patch_to(Recipe.model_validate(fields))


CLASH = object()


def _field(name: str, base: Any, one: Any, other: Any) -> Any:
    """`CLASH` where both changed it to different things."""
    if one == other or other == base:
        return one
    if one == base:
        return other
    if name in WORDS:
        return _text(base, one, other)
    return _items(LISTS[name], base, one, other) if name in LISTS else CLASH


def _items(key: str, base: Sequence[Any], one: Sequence[Any], other: Sequence[Any]) -> Any:
    was, first, second = ({item[key]: item for item in items} for items in (base, one, other))
    chosen = [_field("", was.get(id), first.get(id), second.get(id)) for id in {**was, **first, **second}]
    return CLASH if CLASH in chosen else [item for item in chosen if item is not None]


def _text(base: str, one: str, other: str) -> Any:
    """What both put in at one place comes in one after the other."""
    words = pieces(base)
    found = dict.fromkeys(edit for text in (one, other) for edit in _edits(words, pieces(text)))
    edits = sorted(found, key=lambda edit: edit[:2])
    if any(start < end for (_, end, _), (start, _, _) in pairwise(edits)):
        return CLASH
    for at, end, new in reversed(edits):
        words[at:end] = new
    return written(words).strip(" ,")


def _edits(base: list[str], words: list[str]) -> list[Edit]:
    found = difflib.SequenceMatcher(None, base, words, autojunk=False).get_opcodes()
    return [(at, to, tuple(words[start:end])) for kind, at, to, start, end in found if kind != "equal"]
