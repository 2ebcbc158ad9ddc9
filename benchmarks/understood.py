"""Whether what was understood is what was meant: an intent is judged by the pictures it would lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from agent.offline.intents import Ask, Change, GoTo, Intent, NewWish, Tell, Variations
from benchmarks.conversation_state import CALLED, Conversation, refined
from benchmarks.dialogues import Drawing, Expectation, Refining, Varying, shape_of
from benchmarks.prompt_meaning import Meaning, meaning, noun
from knowledge.recipe import Patch, Recipe

BY_MEANING = ("loras", "prompt")
"""Compared by what they say, not by how."""


def right(expected: Expectation, intent: Intent, talk: Conversation) -> bool:
    match intent:
        case NewWish():
            return expected.draw is not None and wished(expected.draw, intent)
        case Change() if talk.has(intent.target):
            return _changed(expected, intent, talk.picture(intent.target).recipe)
        case Variations():
            return _varied(expected, intent.target, intent.count)
        case GoTo():
            return expected.goto == intent.target
        case Ask():
            return expected.ask is True
        case Tell():
            return expected.tell is True
    return False


def wished(expected: Drawing, wish: NewWish) -> bool:
    settings = dict(wish.options)
    said = meaning(wish.prompt)
    if style := settings.pop("style", None):
        said = replace(said, styles=said.styles | (meaning(style).styles if isinstance(style, str) else set()))
    same = _settings(settings) == _settings(expected.settings())
    return same and wish.count == expected.count and said == meaning(expected.prompt)


def _settings(named: Mapping[str, Any]) -> dict[str, Any]:
    """By the recipe's names."""
    settings = {CALLED.get(name, name): value for name, value in named.items() if value is not None}
    if size := settings.pop("size", None):
        settings |= dict(zip(("width", "height"), size, strict=True))
    return settings | {"negative_prompt": _parts(settings.get("negative_prompt", ""))}


def _parts(tags: str) -> frozenset[str]:
    return frozenset(tag.strip().lower() for tag in tags.split(",")) - {""}


def _varied(expected: Expectation, target: int, count: int) -> bool:
    """Variations are asked for as such, as a new seed, or as something nicer."""
    if expected.refine and expected.refine.named == {"seed"} and expected.refine.new:
        return (target, count) == (expected.refine.target, expected.refine.count)
    wanted = expected.variations
    return expected.improved == target or (wanted is not None and wanted.target == target and count in wanted.counts)


def _changed(expected: Expectation, change: Change, before: Recipe) -> bool:
    if expected.refine:
        return expected.refine.target == change.target and _as_meant(expected.refine, change, before)
    if expected.improved:
        return expected.improved == change.target and _said_after(change, before).holds(meaning(before.prompt))
    return expected.variations is not None and _as_varied(expected.variations, change, before)


def _as_varied(expected: Varying, change: Change, before: Recipe) -> bool:
    reseeded = Refining(target=expected.target, new=("seed",), count=change.count)
    meant = expected.target == change.target and _as_meant(reseeded, change, before)
    return meant and change.count in expected.counts


def _as_meant(expected: Refining, change: Change, before: Recipe) -> bool:
    kept = {noun(thing) for thing in change.keep}
    must, may = (frozenset(map(noun, things)) for things in (expected.keep, expected.may_keep))
    if change.count != expected.count or not must <= kept <= must | may:
        return False
    now, meant = patched(change, before), refined(before, expected, before.seed)
    if now is None or (expected.shape and shape_of(now) != expected.shape):
        return False
    said = _said_after(change, before) == meaning(meant.prompt)
    plain = set(Recipe.model_fields) - set(BY_MEANING)
    return (
        said and _weighed(expected, before, now) and all(_field(name, expected, before, now, meant) for name in plain)
    )


def _said_after(change: Change, before: Recipe) -> Meaning:
    """A new style takes the place of all that were there, but not of those that the patch's own prompt still names."""
    said = meaning(change.patch.get("prompt", before.prompt))
    if not change.style and not change.unstyle:
        return said
    left = said.styles - {use.name for use in before.loras} if "prompt" in change.patch else frozenset()
    return replace(said, styles=left | (meaning(change.style).styles if change.style else frozenset()))


def patched(change: Change, before: Recipe) -> Recipe | None:
    """The recipe with all of the change but its words and its style; None where that makes none."""
    fresh = {"seed": before.seed + 1} if change.fresh else {}
    fields = {name: value for name, value in change.patch.items() if name != "prompt"}
    try:
        recipe = before.patched(Patch.model_validate(fresh | fields))
    except ValidationError:
        return None
    heavier = [use.model_copy(update={"weight": use.weight + change.strength}) for use in recipe.loras]
    return recipe.model_copy(update={"loras": tuple(heavier)})


def _weights(recipe: Recipe) -> dict[str, float]:
    return {use.name: use.weight for use in recipe.loras}


def _weighed(expected: Refining, before: Recipe, now: Recipe) -> bool:
    """Which LoRAs a style brings is not the planner's to say."""
    was, weighs = _weights(before), _weights(now)
    if expected.style or expected.unstyle:
        return True
    if "loras" in expected.more:
        return was.keys() == weighs.keys() and all(weighs[name] > was[name] for name in was)
    if "loras" in expected.less:
        return was.keys() == weighs.keys() and all(weighs[name] < was[name] for name in was)
    return weighs == was


def _field(name: str, expected: Refining, *recipes: Recipe) -> bool:
    """`recipes` are the one before, the one now, and the one that was meant."""
    before, now, meant = (getattr(recipe, name) for recipe in recipes)
    if name in expected.new:
        return now != before
    if name in expected.more:
        return now > before
    if name in expected.less:
        return now < before
    if expected.shape and name in ("width", "height"):
        return True
    return _parts(now) == _parts(meant) if name == "negative_prompt" else now == meant


def unmentioned_stays(expected: Refining, change: Change, before: Recipe) -> bool:
    """Whether every field of the recipe that the turn did not name is what it was."""
    now = patched(change, before)
    if now is None:
        return False
    plain = set(Recipe.model_fields) - expected.named - set(BY_MEANING)
    said = "prompt" in expected.named or _said_after(change, before) == meaning(before.prompt)
    worn = "loras" in expected.named or _weights(now) == _weights(before)
    return said and worn and all(getattr(now, name) == getattr(before, name) for name in plain)
