"""What figures depend on, as hashes: the weights, the knowledge, the code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import agent
import knowledge
import picturebook
import tools
from agent.workshop import STARTER
from benchmarks.results import MODELS, weights
from knowledge.recipe import Recipe


def everything() -> str:
    """One hash of all that decides what is drawn for a wish, and what is read from it."""
    whole = hashlib.sha256("".join(weights().values()).encode())
    for path in _written():
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]


def _written() -> Iterator[Path]:
    for package in (agent, tools, knowledge, picturebook):
        yield from sorted(Path(package.__path__[0]).rglob("*.py"))
    yield from sorted(STARTER.rglob("*.jsonl"))


@dataclass(frozen=True)
class Drawers:
    """The files that each recipe is drawn by: a new adapter makes nothing old that is drawn without it."""

    models: Path = MODELS

    def __call__(self, recipe: Recipe) -> str:
        used = ["pipeline", *(f"controlnet-{use.kind}" for use in recipe.controls)]
        used += ["ip-adapter"] if recipe.references else []
        return " ".join(value for name, value in self._hashes.items() if name.partition("/")[0] in used)

    @cached_property
    def _hashes(self) -> Mapping[str, str]:
        return weights(self.models)
