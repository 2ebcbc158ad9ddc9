"""The list of tools: each a typed method of a small class, offered under its own name and docstring."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from knowledge.base import KnowledgeBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from knowledge.problems import TryAgain
from tools.call import Call
from tools.compare import Comparer
from tools.control import KEPT, ControlPreparer, Maps
from tools.critique import Critic, PictureCritic
from tools.engine.bounded_cache import BoundedCache, hit_rates
from tools.loras import LoraPicker
from tools.merge import Merger
from tools.parts import WishSplitter
from tools.preprocess.detectors import Detectors
from tools.rate import PictureRater
from tools.refine import Refiner
from tools.render import PictureRenderer
from tools.renderer import Renderer
from tools.retrieve import Retriever
from tools.rewrite import PromptRewriter, PromptWriter
from tools.world import World


@dataclass(frozen=True)
class Tool:
    """One verb. `run` is the method itself; a parameter of type `Call` is the caller's, not the model's."""

    name: str
    description: str
    run: Callable[..., Any]

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """What a model or caller fills in: a pydantic class with the method's annotations, bounds and defaults."""
        hints = get_type_hints(self.run, include_extras=True)
        fields: dict[str, Any] = {
            name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
            for name, parameter in inspect.signature(self.run).parameters.items()
            if hints[name] is not Call
        }
        return create_model(f"{self.name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)

    def filled(self, arguments: Mapping[str, Any], strict: bool = False) -> BaseModel:
        """
        JSON-like arguments as values; raises `TryAgain` that names every argument which does not fit.

        Chat models write `"7"` for 7; `strict` takes nothing for another type, as the schema says.
        """
        try:
            filled = self.arguments.model_validate(arguments)
            return self.arguments.model_validate_json(json.dumps(arguments), strict=True) if strict else filled
        except ValidationError as problem:
            said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors(include_url=False))
            raise TryAgain(f"{self.name!r} cannot run with these arguments: {said}.") from problem

    def use(self, arguments: Mapping[str, Any], call: Call) -> Any:
        """Run with JSON-like arguments; raises `TryAgain` as `filled` does."""
        filled = self.filled(arguments)
        given = {name: getattr(filled, name) for name in type(filled).model_fields}
        callers = {name: call for name, hint in get_type_hints(self.run).items() if hint is Call}
        return self.run(**given, **callers)


def tool(method: Callable[..., Any]) -> Tool:
    """A tool from a method: its name, its docstring."""
    return Tool(method.__name__, inspect.getdoc(method) or "", method)


@dataclass(frozen=True)
class Bench:
    """Everything the tools work with."""

    base: KnowledgeBase
    encoders: Encoders
    gallery: Gallery
    renderer: Renderer
    shelf: LoraShelf
    writer: PromptWriter | None = None
    detectors: Detectors = field(default_factory=Detectors)
    splitter: WishSplitter | None = None
    reference_from: int = 0
    critics: Mapping[str, Critic] = field(default_factory=dict)
    """By model, of those whose world they know."""
    usual_critic: Critic | None = None
    worlds: Mapping[str, World] = field(default_factory=dict)
    """By model, of those of which it is known what they were told."""
    filling: frozenset[str] = frozenset()
    """Models with an inpainting ControlNet at hand."""
    maps: Maps = field(default_factory=lambda: BoundedCache(KEPT))

    def hit_rates(self) -> Mapping[str, float]:
        """How often what was needed had been kept, 0 to 1, by what is kept."""
        return {**hit_rates([("maps", self.maps)]), **self.renderer.hit_rates()}

    @property
    def retriever(self) -> Retriever:
        return Retriever(self.base, self.encoders, self.gallery, splitter=self.splitter)

    @property
    def rewriter(self) -> PromptRewriter:
        return PromptRewriter(self.base, self.renderer, self.writer)

    @property
    def picker(self) -> LoraPicker:
        return LoraPicker(self.base, self.encoders, self.renderer, self.shelf)

    @property
    def preparer(self) -> ControlPreparer:
        return ControlPreparer(self.gallery, self.detectors, self.maps)

    @property
    def painter(self) -> PictureRenderer:
        return PictureRenderer(self.renderer, self.gallery, self.detectors, self.shelf)

    @property
    def refiner(self) -> Refiner:
        return Refiner(self.painter, self.preparer, self.filling)

    @property
    def merger(self) -> Merger:
        return Merger(self.refiner)

    @property
    def comparer(self) -> Comparer:
        return Comparer(self.gallery)

    @property
    def rater(self) -> PictureRater:
        return PictureRater(self.base, self.encoders, self.gallery, self.reference_from)

    @property
    def critic(self) -> PictureCritic:
        return PictureCritic(self.gallery, self.critics, self.usual_critic)


def toolbox(bench: Bench) -> tuple[Tool, ...]:
    return (
        tool(bench.retriever.retrieve),
        tool(bench.rewriter.rewrite),
        tool(bench.picker.pick_loras),
        tool(bench.preparer.prepare_control),
        tool(bench.painter.render),
        tool(bench.critic.critique),
        tool(bench.rater.rate),
    )
