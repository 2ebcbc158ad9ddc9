"""What a long day brings a render engine: good requests of all sorts, hopeless ones, and changes of mind."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from PIL import Image, ImageDraw

from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf, file_hash
from knowledge.recipe import ControlUse, LoraUse, Recipe, Scheduler
from tools.call import Asked
from tools.renderer import Renderer

SIZE = (64, 64)
KINDS = 200
"""Different recipes of a soak; after the first hundreds of requests, all that may be cached is."""


@dataclass(frozen=True)
class Request:
    """Cancelled after `until` steps, 0 for before the first."""

    number: int
    recipe: Recipe
    good: bool
    """Whether it can be drawn."""
    asked: Asked
    until: int | None = None


@dataclass(frozen=True)
class World:
    """A folder with a tiny random model of SD 1.5's shape, a ControlNet, LoRAs of which some are bad, and images."""

    folder: Path

    @classmethod
    def built(cls, folder: Path) -> World:
        from tests import tiny_models

        model = tiny_models.sd15(folder / "model")
        tiny_models.controlnet(folder / "net", model)
        (folder / "loras").mkdir()
        for n in range(6):
            tiny_models.kohya_lora(folder / "loras" / f"good-{n}.safetensors", model, 2, 0.1, n)
        tiny_models.kohya_lora(folder / "loras" / "foreign.safetensors", tiny_models.sdxl(folder / "other"))
        whole = (folder / "loras" / "good-0.safetensors").read_bytes()
        (folder / "loras" / "torn.safetensors").write_bytes(whole[: len(whole) // 2])
        return cls(folder)

    def renderer(self) -> Renderer:
        """Here or in another process, with one thread for its sums."""
        import torch

        from tools.engine.engine_renderer import EngineRenderer
        from tools.engine.model_files import KnownModel

        torch.set_num_threads(1)
        known = KnownModel(str(self.folder / "model"), "soak", {"canny": str(self.folder / "net")}, SIZE[0])
        shelf = LoraShelf((self.folder / "loras",))
        return EngineRenderer(self.gallery.image, shelf.path, {"soak": known}, "cpu")

    @cached_property
    def gallery(self) -> Gallery:
        return Gallery(self.folder / "gallery")

    @cached_property
    def images(self) -> Mapping[str, str]:
        """Ids by what they show."""
        mask, wide = Image.new("RGB", SIZE), Image.new("RGB", (96, 64), "white")
        ImageDraw.Draw(mask).rectangle((16, 24, 39, 63), fill="white")
        picture = Image.effect_mandelbrot(SIZE, (-2, -1, 1, 1), 30).convert("RGB")
        return {
            name: self.gallery.keep(image) for name, image in (("picture", picture), ("mask", mask), ("wide", wide))
        }

    def lora(self, name: str, weight: float = 1.0) -> LoraUse:
        path = self.folder / "loras" / f"{name}.safetensors"
        return LoraUse(name=name, sha256=file_hash(path) if path.exists() else "0" * 64, weight=weight)

    def requests(self, count: int, seed: int = 0) -> list[Request]:
        """Of a tenth the LoRAs are bad, a tenth can never be drawn, a tenth is cancelled, a fifth is drawn strictly."""
        rng = random.Random(seed)
        good = [self._good(rng, number) for number in range(min(KINDS, count))]
        bad = (self.lora(name) for name in ("foreign", "torn", "gone"))
        loras = [Recipe.model_validate(_plain(0) | {"loras": (one,)}) for one in bad]
        return [self._request(rng, number, good, loras) for number in range(count)]

    def _request(self, rng: random.Random, number: int, good: list[Recipe], loras: list[Recipe]) -> Request:
        recipes = rng.choices((good, loras, self._hopeless), (8, 1, 1))[0]
        asked = Asked(str(rng.randrange(5)), rng.choice((0, 0, 1)), strict=rng.random() < 0.2)
        until = rng.randrange(4) if rng.random() < 0.1 else None
        return Request(number, rng.choice(recipes), recipes is good, asked, until)

    def _good(self, rng: random.Random, number: int) -> Recipe:
        image = self.images["picture"]
        tasks: list[dict[str, Any]] = [
            {"width": rng.choice((64, 96))},
            {"negative_prompt": "a dog", "guidance_scale": rng.choice((1.0, 7.5))},
            {"init_image_id": image, "strength": 0.7},
            {"init_image_id": image, "mask_id": self.images["mask"], "strength": 1.0},
            {"controls": (ControlUse(kind="canny", image_id=image, end=rng.choice((0.5, 1.0))),)},
        ]
        task = rng.choice(tasks)
        worn = [self.lora(f"good-{n}", rng.choice((0.5, 1.0))) for n in rng.sample(range(6), rng.choice((0, 0, 1, 2)))]
        steps = rng.randint(2 if "strength" in task else 1, 4)
        own = {"scheduler": rng.choice(get_args(Scheduler)), "num_inference_steps": steps, "loras": worn}
        return Recipe.model_validate(_plain(number) | own | task)

    @cached_property
    def _hopeless(self) -> list[Recipe]:
        image = self.images["picture"]
        changes: list[dict[str, Any]] = [
            {"model": "/nowhere/model"},
            {"init_image_id": "0" * 64},
            {"init_image_id": image, "mask_id": self.images["wide"]},
            {"init_image_id": image, "strength": 0.1},
            {"controls": (ControlUse(kind="depth", image_id=image),)},
        ]
        return [Recipe.model_validate(_plain(0) | change) for change in changes]


def _plain(number: int) -> dict[str, Any]:
    plain = {"model": "soak", "prompt": f"wish {number}", "width": SIZE[0], "height": SIZE[1], "seed": number}
    return plain | {"num_inference_steps": 2}
