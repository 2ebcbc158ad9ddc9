"""A studio for conversations in which all is real but the encoders and the painter, which cost next to nothing."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from langchain_core.language_models import BaseChatModel
from PIL import Image

from agent.assistant import Assistant, opened
from agent.cast import Cast, cast
from agent.conversations import Conversations
from agent.settings import Settings
from agent.workshop import MODELS
from benchmarks.cheap_encoder import CheapEncoder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.lora_files import LoraShelf
from knowledge.recipe import Recipe
from knowledge.versions import ready
from tests.word_renderer import WordRenderer
from tools.call import Call
from tools.renderer import Attended, Rendered
from tools.toolbox import Bench, Tool

COLLECTIONS = ("lore", "references", "loras")


@dataclass(frozen=True)
class StripesRenderer(WordRenderer):
    """Each word of a prompt is a stripe of its own colour, and that is where it is. Remembers what it drew."""

    drawn: list[Recipe] = field(default_factory=list)
    models: list[str] = field(default_factory=list)

    def family(self, model: str) -> str:
        self.models.append(model)
        return super().family(model)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        self.drawn.append(recipe)
        words = recipe.prompt.split()
        stripes = np.array_split(np.zeros((recipe.height, recipe.width, 3), np.uint8), len(words), axis=1)
        for word, stripe in zip(words, stripes, strict=True):
            stripe[:] = list(zlib.crc32(f"{word} {recipe.seed}".encode()).to_bytes(4, "big"))[:3]
        return Rendered(Image.fromarray(np.concatenate(stripes, axis=1)), {}, {})

    def attended(self, recipe: Recipe, image: Image.Image) -> Sequence[Attended]:
        words = recipe.prompt.replace(",", "").split()
        edges = np.linspace(0, image.width, len(words) + 1).astype(int)
        heats = np.zeros((len(words), image.height, image.width), np.float32)
        for at, heat in enumerate(heats):
            heat[:, edges[at] : edges[at + 1]] = 1
        return [Attended(word, heat) for word, heat in zip(words, heats, strict=True)]


@dataclass(frozen=True)
class CheapStudio:
    folder: Path
    renderer: StripesRenderer = field(default_factory=StripesRenderer)
    loras: tuple[Path, ...] = (MODELS / "loras",)
    also: tuple[Tool, ...] = ()

    @cached_property
    def bench(self) -> Bench:
        encoders = Encoders(CheapEncoder(), CheapEncoder())
        gallery, shelf = Gallery(self.folder / "gallery"), LoraShelf(self.loras)
        bench = Bench(EmbeddedBase(self.folder / "knowledge"), encoders, gallery, self.renderer, shelf)
        for name in COLLECTIONS:
            ready(bench.base, name, encoders)
        self.ingester(bench).add("loras", shelf.cards())
        return bench

    @staticmethod
    def ingester(bench: Bench) -> Ingester:
        return Ingester(bench.base, bench.encoders, bench.gallery.image)

    @property
    def conversations(self) -> Conversations:
        return Conversations(self.folder / "conversations")

    @cached_property
    def offline(self) -> Cast:
        """With our own planner, which is also what takes over; and the tools there are besides."""
        usual = cast(Settings(data=self.folder), self.bench)
        return replace(usual, tools=(*usual.tools, *self.also))

    @asynccontextmanager
    async def opened(self, model: BaseChatModel) -> AsyncIterator[Assistant]:
        async with opened(replace(self.offline, model=model), self.conversations) as assistant:
            yield assistant
