"""The `Renderer` on this machine: the engine where it has the model's loop, diffusers' pipelines elsewhere."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image

from knowledge.problems import TryAgain
from knowledge.recipe import ControlKind, Recipe
from tools.call import Call
from tools.engine.arguments import refuse_what_draws_nothing
from tools.engine.attention import attended
from tools.engine.bounded_cache import hit_rates
from tools.engine.engine import Engine
from tools.engine.job import Job
from tools.engine.model_files import KnownModel
from tools.engine.model_store import ModelStore, limit
from tools.engine.pipelines import Pipelines
from tools.engine.pixels import sized
from tools.engine.preparing import Preparer
from tools.engine.profile import NORMAL, Profile
from tools.engine.prompt_chunks import count
from tools.engine.quiet import quiet
from tools.engine.row import Row
from tools.renderer import Attended, Rendered


@dataclass(frozen=True)
class EngineRenderer:
    """
    `images` finds an image by id, `lora_path` an adapter's file by SHA-256; `device` is torch's, such as `cuda`.

    For any number of threads: who renders at the same time shares the steps.
    """

    images: Callable[[str], Image.Image]
    lora_path: Callable[[str], Path]
    known: Mapping[str, KnownModel]
    device: str
    profile: Profile = NORMAL
    store: ModelStore = field(init=False)
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        # made here and not when first needed: two threads must not make two
        object.__setattr__(self, "store", ModelStore(self.known, self.device, self.profile))
        object.__setattr__(self, "engine", self._engine())

    def _engine(self) -> Engine:
        together = 1 if self.profile.low else 16
        relieve = self.store.relieve
        return Engine(self._begin, together=together, room=room, relieve=lambda job: relieve(job.recipe.model))

    def family(self, model: str) -> str:
        return self.store.family(model)

    def controls(self, model: str) -> tuple[ControlKind, ...]:
        return self.store.controls(model)

    def looks(self, model: str) -> bool:
        return self.store.looks(model)

    def side(self, model: str) -> int:
        return self.store.side(model)

    def hit_rates(self) -> Mapping[str, float]:
        return hit_rates(self.store.caches)

    def attended(self, recipe: Recipe, image: Image.Image) -> Sequence[Attended]:
        def look() -> Sequence[Attended]:
            model = self.store.model(recipe.model).ours
            if model is None:
                raise TryAgain(f"{recipe.model!r} cannot tell where its pictures show a thing: give a mask.")
            with torch.inference_mode(), quiet():
                view = sized(image, recipe.width, recipe.height)
                return attended(Preparer(self.store, self.lora_path), model, recipe, view)

        return self.engine.alone(look)

    def tokens(self, model: str, prompt: str) -> tuple[int, int]:
        whole = self.store.files(model).path.is_file()
        # of a single file, the tokenizer comes with the model, which is the engine's to load
        tokenizer = self.engine.alone(lambda: self.store.tokenizer(model)) if whole else self.store.tokenizer(model)
        with quiet():
            return count(tokenizer, prompt), limit(tokenizer)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        refuse_what_draws_nothing(recipe)
        job = Job(recipe, {}, call)
        job.check()
        # here, and not in the engine's thread: to download and to hash may take long
        libraries = {name: importlib.metadata.version(name) for name in ("atelier", "diffusers", "torch")}
        job.versions.update(libraries, model=self.store.files(recipe.model).fingerprint)
        for use in recipe.controls:
            self.store.controlnet_folder(recipe.model, use.kind)
        if recipe.references:
            self.store.ip_adapter_files(recipe.model)
        job.whole.update({image_id: self.images(image_id) for image_id in recipe.image_ids})
        job.images.update(fitted(recipe, job.whole))
        self.engine.submit(job)
        return job.outcome()

    def _begin(self, job: Job) -> Row | Rendered:
        model = self.store.model(job.recipe.model)
        cuda = self.device.startswith("cuda")
        job.versions["device"] = torch.cuda.get_device_name(self.device) if cuda else self.device
        if model.ours is not None:
            return Preparer(self.store, self.lora_path).row(job, model.ours)
        began = time.monotonic()
        return job.rendered(Pipelines(self.store, self.lora_path).draw(job, model), began)


def room(row: Row) -> int:
    return row.model.together(row.latents.shape, 2 if row.guided else 1)


def fitted(recipe: Recipe, images: Mapping[str, Image.Image]) -> dict[str, Image.Image]:
    """All but its references, at the recipe's size. Raises `TryAgain` where the mask is not the picture's."""
    if recipe.init_image_id and recipe.mask_id:
        picture, mask = (images[image_id].size for image_id in (recipe.init_image_id, recipe.mask_id))
        if picture != mask:
            said = f"{mask[0]}x{mask[1]} pixels and the picture {picture[0]}x{picture[1]}"
            raise TryAgain(f"The mask has {said}: make them the same.")
    exact = {use.image_id for use in recipe.controls if use.exact}
    wanted = (*(use.image_id for use in recipe.controls), recipe.init_image_id, recipe.mask_id)
    size = (recipe.width, recipe.height)
    return {image_id: sized(images[image_id], *size, image_id in exact) for image_id in wanted if image_id}
