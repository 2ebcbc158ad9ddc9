"""A LoRA's weight block by block, from a recipe to the UNet: each block is changed as much as was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from diffusers import DiffusionPipeline

from knowledge import lora_blocks
from knowledge.problems import TryAgain
from knowledge.recipe import LoraUse, Recipe
from tests import tiny_models
from tests.diffusers_oracle import alone, decoded
from tools.call import Call
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.job import Job
from tools.engine.model_files import KnownModel
from tools.engine.row import Row

INK = "1" * 64


@dataclass(frozen=True)
class Studio:
    folder: Path
    renderer: EngineRenderer

    def recipe(self, blocks: dict[str, float] | None) -> Recipe:
        """All 26 blocks that SD 1.5 has, of which this small one has some."""
        plain = Recipe(model="tiny", prompt="a fox", width=64, height=64, num_inference_steps=3)
        if blocks is None:
            return plain
        factors = tuple(blocks.get(block, 1.0) for block in lora_blocks.BLOCKS[26])
        return plain.model_copy(update={"loras": (LoraUse(name="ink", sha256=INK, weight=0.8, blocks=factors),)})

    def draw(self, blocks: dict[str, float] | None) -> bytes:
        return self.renderer.render(self.recipe(blocks), Call()).image.tobytes()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    folder = tmp_path_factory.mktemp("models")
    model = tiny_models.sd15(folder / "tiny")
    ink = tiny_models.kohya_lora(folder / "ink.safetensors", model, strength=0.3)
    known = {"tiny": KnownModel(str(model), "tiny", side=64)}
    return Studio(folder, EngineRenderer({}.__getitem__, {INK: ink}.__getitem__, known, "cpu"))


def test_block_weights_do_what_diffusers_does_with_them(studio: Studio) -> None:
    blocks = {"BASE": 0.0, "IN01": 0.5, "MID": 0.25, "OUT02": -1.0, "OUT03": 0.5}
    row = studio.renderer.engine.begin(Job(studio.recipe(blocks)))
    assert isinstance(row, Row)
    while not row.done:
        row.advance(row.model.denoiser.predict([row])[0])
    oracle: Any = DiffusionPipeline.from_pretrained(studio.folder / "tiny")
    oracle.load_lora_weights(studio.folder / "ink.safetensors", adapter_name="ink")
    unet = {"down": {"block_0": 0.4}, "mid": 0.2, "up": {"block_1": [-0.8, 0.4]}}
    oracle.set_adapters("ink", {"text_encoder": 0.0, "unet": unet})
    expected = decoded(oracle, alone(oracle, studio.recipe(None), {}, studio.folder))
    assert (decoded(oracle, row.latents) - expected).abs().max() <= 1e-4


def test_a_lora_without_weight_in_any_block_is_none(studio: Studio) -> None:
    none: dict[str, float] = dict.fromkeys(
        ("BASE", "IN01", "IN02", "IN03", "MID", "OUT00", "OUT01", "OUT02", "OUT03"), 0.0
    )
    assert studio.draw(none) == studio.draw(None)
    assert studio.draw(none | {"MID": 1.0}) != studio.draw(None)


def test_a_block_that_the_model_does_not_have_is_said(studio: Studio) -> None:
    with pytest.raises(TryAgain, match="no block 'OUT11': choose among BASE, IN00, IN01"):
        studio.draw({"OUT11": 0.5})


@pytest.mark.parametrize("count", lora_blocks.BLOCKS)
def test_what_is_written_is_read_again(count: int) -> None:
    factors = tuple(n / 8 for n in range(count))
    assert lora_blocks.read(lora_blocks.written(factors)) == factors
    assert len(lora_blocks.BLOCKS[count]) == len(set(lora_blocks.BLOCKS[count])) == count


@pytest.mark.parametrize("wrong", ["1,0", "lbw=", "lbw=1,0", "lbw=MIDD", "weight=" + "1," * 16 + "1"])
def test_what_is_no_row_of_weights_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"lbw|numbers|float"):
        lora_blocks.read(wrong)
