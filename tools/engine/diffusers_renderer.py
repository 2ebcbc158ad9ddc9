"""A `Renderer` on plain diffusers pipelines: one picture at a time, the same recipe always the same pixels."""

from __future__ import annotations

import importlib.metadata
import inspect
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoPipelineForImage2Image, AutoPipelineForText2Image, DiffusionPipeline
from PIL import Image

from knowledge.problems import TryAgain
from knowledge.recipe import Recipe
from tools.engine.adapters import wearing
from tools.engine.arguments import (
    call_arguments,
    refuse_size,
    refuse_what_draws_nothing,
    refuse_what_is_not_here_yet,
)
from tools.engine.model_files import KnownModel
from tools.engine.model_store import LoadedModel, ModelStore, limit
from tools.engine.quiet import quiet
from tools.engine.schedulers import scheduler_for
from tools.renderer import Cancelled, OnProgress, Rendered


@dataclass(frozen=True)
class DiffusersRenderer:
    """`images` finds an image by id, `lora_path` an adapter's file by SHA-256; `device` is torch's, such as `cuda`."""

    images: Callable[[str], Image.Image]
    lora_path: Callable[[str], Path]
    known: Mapping[str, KnownModel]
    device: str
    # a pipeline is not for two threads at once
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @cached_property
    def store(self) -> ModelStore:
        return ModelStore(self.known, self.device)

    def family(self, model: str) -> str:
        return self.store.family(model)

    def side(self, model: str) -> int:
        return self.store.side(model)

    def tokens(self, model: str, prompt: str) -> tuple[int, int]:
        with self._turn:
            tokenizer = self.store.tokenizer(model)
            with quiet():
                return len(tokenizer(prompt).input_ids), limit(tokenizer)

    def render(self, recipe: Recipe, on_progress: OnProgress | None, cancelled: threading.Event | None) -> Rendered:
        refuse_what_is_not_here_yet(recipe)
        refuse_what_draws_nothing(recipe)
        watch = _Watch(on_progress, cancelled)
        seconds: dict[str, float] = {}
        with self._turn:
            watch.check()
            # outside the quiet: a download may show its progress
            self.store.files(recipe.model)
            with quiet():
                with _timed(seconds, "load"):
                    model = self.store.model(recipe.model)
                    pipeline = self._pipeline(model, recipe)
                    loras = [(use, self.lora_path(use.sha256)) for use in recipe.loras]
                with _timed(seconds, "draw"), wearing(model.pipeline, recipe.model, loras):
                    image = self._draw(pipeline, recipe, watch)
            return Rendered(image, seconds, self._versions(model))

    def _pipeline(self, model: LoadedModel, recipe: Recipe) -> DiffusionPipeline:
        """The model's own parts in the pipeline that the recipe asks for, with a scheduler of its own."""
        refuse_size(model.pipeline, recipe)
        from_image = recipe.init_image_id is not None
        changes: dict[str, Any] = {"scheduler": scheduler_for(recipe.scheduler, model.pipeline.scheduler, from_image)}
        nets = [self.store.controlnet(recipe.model, use.kind) for use in recipe.controls]
        if nets:
            changes["controlnet"] = nets[0] if len(nets) == 1 else nets
        auto = AutoPipelineForImage2Image if from_image else AutoPipelineForText2Image
        try:
            pipeline = auto.from_pipe(model.pipeline, **changes)
        except ValueError as problem:
            raise TryAgain(
                f"{recipe.model!r} cannot start from an image or follow a control: leave it out."
            ) from problem
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def _draw(self, pipeline: Any, recipe: Recipe, watch: _Watch) -> Image.Image:
        watch.check()
        size = f"{recipe.width}x{recipe.height}"
        arguments = call_arguments(pipeline, recipe, self.images) | watch.arguments(pipeline, recipe)
        try:
            image = pipeline(**arguments).images[0].convert("RGB")
        except torch.OutOfMemoryError as problem:
            raise TryAgain(f"{size} does not fit into this GPU's memory: ask for a smaller picture.") from problem
        if image.size != (recipe.width, recipe.height):
            raise TryAgain(f"{recipe.model!r} draws {image.width}x{image.height}, not {size}: ask for that size.")
        return image

    def _versions(self, model: LoadedModel) -> dict[str, str]:
        libraries = {name: importlib.metadata.version(name) for name in ("atelier", "diffusers", "torch")}
        device = torch.cuda.get_device_name(self.device) if self.device.startswith("cuda") else self.device
        return {**libraries, "device": device, "model": model.files.fingerprint}


@dataclass(frozen=True)
class _Watch:
    """Told after each step: passes the news on, and stops the pipeline when the caller has asked to."""

    on_progress: OnProgress | None
    cancelled: threading.Event | None

    def check(self) -> None:
        if self.cancelled is not None and self.cancelled.is_set():
            raise Cancelled("The drawing was cancelled.")

    def arguments(self, pipeline: Any, recipe: Recipe) -> dict[str, Any]:
        """How this pipeline is asked to tell: most by one name, a few (PixArt) still by an older one."""
        if "callback_on_step_end" in inspect.signature(type(pipeline).__call__).parameters:
            return {"callback_on_step_end": self._after_step}
        return {"callback": lambda step, *_: self._told(step + 1, recipe.num_inference_steps), "callback_steps": 1}

    def _after_step(self, pipeline: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        self._told(step + 1, pipeline.num_timesteps)
        return tensors

    def _told(self, done: int, of: int) -> None:
        if self.on_progress is not None:
            self.on_progress(done, of)
        self.check()


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start
