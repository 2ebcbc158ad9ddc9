"""A compiled UNet draws the same pictures, and is compiled for a few batches and not for every crowd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from knowledge.recipe import LoraUse, Recipe
from tests import tiny_models
from tools.engine.compiled import Compiled
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.job import Job
from tools.engine.model_files import KnownModel
from tools.engine.profile import NORMAL, Profile

LORA = "1" * 64
WORN = {"loras": (LoraUse(name="good", sha256=LORA),)}


@dataclass
class Counting:
    """A compiler that changes nothing and counts what it is given."""

    entries: list[int] = field(default_factory=list)

    def __call__(self, graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Any:
        self.entries.append(len(inputs[0]))
        return graph.forward


@pytest.fixture
def compiler() -> Iterator[Counting]:
    torch.compiler.reset()
    yield Counting()
    torch.compiler.reset()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tiny_models.sd15(folder / "tiny")
    tiny_models.kohya_lora(folder / "good.safetensors", folder / "tiny", strength=0.1)
    return folder


def engine(folder: Path, profile: Profile = NORMAL, merges: bool = False) -> EngineRenderer:
    known = {"tiny": KnownModel(str(folder / "tiny"), "tiny", {}, 64)}
    loras = {LORA: folder / "good.safetensors"}
    renderer = EngineRenderer({}.__getitem__, loras.__getitem__, known, "cpu", profile)
    model: Any = renderer.store.model("tiny").ours
    # as on a GPU, where LoRAs that all rows share are merged
    model.__dict__["wardrobe"] = replace(model.wardrobe, merges=merges)
    return renderer


def test_a_few_batches_are_compiled_for_crowds_of_any_size(compiler: Counting) -> None:
    torch.manual_seed(0)
    unet = Doubling()
    compiled = Compiled(unet, compiler)
    with torch.inference_mode():
        for entries in (1, 2, 3, 4, 5, 7, 8, 6, 3):
            given = {"sample": torch.randn(entries, 3), "beside": {"more": (torch.randn(entries, 3), None)}}
            assert torch.equal(compiled(given), unet(**given)[0])
    assert compiler.entries == [1, 2, 4, 8]


class Doubling(nn.Module):
    def forward(self, sample: torch.Tensor, beside: dict[str, tuple[torch.Tensor, None]]) -> tuple[torch.Tensor]:
        return (2 * sample + beside["more"][0],)


def test_compiled_pictures_are_the_same_with_loras_and_without(folder: Path, compiler: Counting) -> None:
    """Beside the weights and merged into them, one after another on one compiled UNet."""
    torch._dynamo.register_backend(compiler, name="counting")  # pyright: ignore[reportArgumentType]
    for merges in (False, True):
        plain, fast = engine(folder, merges=merges), engine(folder, Profile(compiler="counting"), merges)
        crowds = [[{"seed": seed} for seed in range(3)], [WORN | {"seed": 7}], [{"seed": 8}], [WORN, {"seed": 9}]]
        for crowd in crowds:
            for one, other in zip(together(plain, crowd), together(fast, crowd), strict=True):
                assert np.abs(one - other).max() <= 1
        assert len(compiler.entries) <= 2 * (1 + merges)


def together(renderer: EngineRenderer, crowd: list[dict[str, Any]]) -> list[np.ndarray]:
    plain = {"model": "tiny", "prompt": "a fox", "width": 64, "height": 64, "num_inference_steps": 2}
    jobs = [Job(Recipe.model_validate(plain | changes)) for changes in crowd]
    with renderer.engine._lock:  # pyright: ignore[reportPrivateUsage]
        for job in jobs[:-1]:
            renderer.engine.line.put(job)
    renderer.engine.submit(jobs[-1])
    return [np.asarray(job.outcome().image, np.int16) for job in jobs]
