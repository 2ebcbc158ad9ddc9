"""Rows that wear LoRAs come out as diffusers draws them alone, and the model is as it was when they are taken off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

from benchmarks.lora_makers import kohya, loha, peft
from knowledge.recipe import LoraUse
from tests import tiny_models
from tools.engine.lora.deltas import Parts, Product
from tools.engine.lora.seam import Seam
from tools.engine.lora.wardrobe import Wardrobe, Wear
from tools.engine.quiet import quiet

BLOCK = "down_blocks.0.attentions.0.transformer_blocks.0"
MIDDLE = "mid_block.attentions.0.transformer_blocks.0"
Set = Mapping[str, float]
"""LoRAs by name and their weights."""


def locon(name: str, inputs: int, outputs: int, kernel: int) -> dict[str, tuple[int, ...]]:
    layer = "lora_unet_" + name.replace(".", "_")
    return {
        f"{layer}.lora_down.weight": (3, inputs, kernel, kernel),
        f"{layer}.lora_up.weight": (outputs, 3, 1, 1),
        f"{layer}.alpha": (),
    }


def dora(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return peft(name, inputs, outputs) | {f"unet.{name}.lora_magnitude_vector": (outputs,)}


CONVOLUTIONS = (
    locon("conv_in", 4, 16, 3)
    | locon("down_blocks.0.resnets.0.conv1", 16, 16, 3)
    | locon("down_blocks.0.downsamplers.0.conv", 16, 16, 3)
    | locon("up_blocks.1.resnets.1.conv_shortcut", 32, 16, 1)
)
ATTENTION = kohya(f"{BLOCK}.attn1.to_q", 16, 16) | kohya(f"{BLOCK}.ff.net.2", 64, 16)


@dataclass(frozen=True)
class Fitting:
    """A model and its wardrobe, a second copy that only diffusers touches, and LoRA files by name."""

    pipeline: Any
    rival: Any
    files: Mapping[str, Path]

    @property
    def wardrobe(self) -> Wardrobe:
        return Wardrobe.of(self.pipeline)

    def row(self, wardrobe: Wardrobe, worn: Set, **blocks: float) -> tuple[Wear, ...]:
        return tuple(
            wardrobe.wear(LoraUse(name=name, sha256=f"{number:064x}", weight=worn[name]), path, blocks)
            for number, (name, path) in enumerate(self.files.items())
            if name in worn
        )

    def asked(self, rows: int) -> dict[str, Any]:
        """What a UNet reads, each row another."""
        made = torch.Generator().manual_seed(rows)
        width = self.pipeline.unet.config.cross_attention_dim
        asked: dict[str, Any] = {
            "sample": torch.randn(rows, 4, 8, 8, generator=made),
            "timestep": torch.arange(rows) * 100,
            "encoder_hidden_states": torch.randn(rows, 7, width, generator=made),
        }
        if self.pipeline.unet.config.addition_embed_type:
            sizes = torch.tensor([[64, 64, 0, 0, 64, 64]]).expand(rows, -1)
            asked["added_cond_kwargs"] = {
                "text_embeds": torch.randn(rows, 32, generator=made),
                "time_ids": sizes,
            }
        return asked

    def predicted(self, asked: Mapping[str, Any]) -> torch.Tensor:
        with torch.no_grad():
            return self.pipeline.unet(**asked).sample

    def alone(self, asked: Mapping[str, Any], row: int, worn: Mapping[str, Any]) -> torch.Tensor:
        """What diffusers and peft make of one row by itself."""
        with torch.no_grad(), quiet(), self.loaded(worn):
            return self.rival.unet(**_row(asked, row)).sample[0]

    def loaded(self, worn: Mapping[str, Any]) -> Any:
        return _Loaded(self.rival, {name: (self.files[name], weight) for name, weight in worn.items()})


@dataclass(frozen=True)
class _Loaded:
    pipeline: Any
    worn: Mapping[str, tuple[Path, Any]]

    def __enter__(self) -> None:
        for name, (path, _) in self.worn.items():
            self.pipeline.load_lora_weights(str(path.parent), weight_name=path.name, adapter_name=name)
        if self.worn:
            self.pipeline.set_adapters(list(self.worn), [weight for _, weight in self.worn.values()])

    def __exit__(self, *_: object) -> None:
        if self.worn:
            self.pipeline.unload_lora_weights()


def _row(asked: Mapping[str, Any], row: int) -> dict[str, Any]:
    return {name: _row(one, row) if isinstance(one, dict) else one[row : row + 1] for name, one in asked.items()}


@pytest.fixture(scope="module")
def sd15(tmp_path_factory: pytest.TempPathFactory) -> Fitting:
    folder = tmp_path_factory.mktemp("sd15")
    model = tiny_models.sd15(folder / "model")
    files = {
        "whole": tiny_models.kohya_lora(folder / "whole.safetensors", model, strength=0.1),
        "few": tiny_models.adapter(folder / "few.safetensors", peft(f"{MIDDLE}.attn2.to_k", 32, 32), seed=4),
        "convolutions": tiny_models.adapter(folder / "convolutions.safetensors", CONVOLUTIONS | ATTENTION, seed=5),
        "dora": tiny_models.adapter(
            folder / "dora.safetensors", dora(f"{BLOCK}.attn1.to_q", 16, 16) | dora(f"{MIDDLE}.attn2.to_k", 32, 32), 6
        ),
        "loha": tiny_models.adapter(folder / "loha.safetensors", loha(f"{BLOCK}.attn1.to_q", 16, 16), seed=7),
    }
    load = StableDiffusionPipeline.from_pretrained
    return Fitting(load(model), load(model), files)


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> Fitting:
    folder = tmp_path_factory.mktemp("sdxl")
    model = tiny_models.sdxl(folder / "model")
    original = "input_blocks_1_1_transformer_blocks_0"
    shapes = (
        kohya(f"{original}_attn2_to_k", 64, 16)
        | kohya("middle_block_1_transformer_blocks_0_ff_net_2", 128, 32)
        | kohya("output_blocks_3_1_proj_out", 16, 16)
        | kohya("encoder_layers_1_mlp_fc1", 32, 64, "lora_te2_text_model_")
    )
    files = {
        "whole": tiny_models.kohya_lora(folder / "whole.safetensors", model, strength=0.1),
        "original": tiny_models.adapter(folder / "original.safetensors", shapes),
    }
    load = StableDiffusionXLPipeline.from_pretrained
    return Fitting(load(model), load(model), files)


@pytest.fixture(autouse=True)
def untouched(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does, the model afterwards is the model before, to the bit, with no hook on it."""
    names = [name for name in ("sd15", "sdxl") if name in request.fixturenames]
    parts = [part for name in names for part in _parts(request.getfixturevalue(name).pipeline)]
    before = [{name: tensor.clone() for name, tensor in part.state_dict().items()} for part in parts]
    yield
    for part, kept in zip(parts, before, strict=True):
        now = part.state_dict()
        assert list(now) == list(kept)
        assert all(torch.equal(now[name], kept[name]) for name in kept)
        assert not hooks(part)


def _parts(pipeline: Any) -> list[torch.nn.Module]:
    found = (getattr(pipeline, name, None) for name in ("unet", "text_encoder", "text_encoder_2"))
    return [part for part in found if part is not None]


def hooks(part: torch.nn.Module) -> int:
    """Those of the wardrobe: transformers has some of its own."""
    every = (hook for module in part.modules() for hook in module._forward_hooks.values())  # pyright: ignore[reportPrivateUsage]
    return sum(isinstance(hook, Seam) for hook in every)


def error(made: torch.Tensor, meant: torch.Tensor) -> float:
    return float((made - meant).abs().max() / meant.abs().max())


def assert_as_alone(fitting: Fitting, sets: Sequence[Set], wardrobe: Wardrobe, calls: int = 1) -> None:
    asked = fitting.asked(len(sets))
    rows = [fitting.row(wardrobe, worn) for worn in sets]
    made = plain = fitting.predicted(asked)
    try:
        for _ in range(calls):
            with wardrobe.worn(rows):
                made = fitting.predicted(asked)
    finally:
        wardrobe.bare()
    for number, worn in enumerate(sets):
        assert error(made[number], fitting.alone(asked, number, worn)) < 1e-5
        assert not any(worn.values()) or error(made[number], plain[number]) > 1e-3
    assert torch.equal(fitting.predicted(asked), plain)


# --- rows that differ


def test_rows_wear_their_own_sets_in_one_call(sd15: Fitting) -> None:
    sets: list[Set] = [
        {},
        {"whole": 1.0},
        {"few": -0.7},
        {"whole": 0.5, "few": 1.5},
        {"convolutions": 1.0},
        {"whole": -0.3, "few": 0.4, "convolutions": 0.8},
        {"whole": 0.0},
    ]
    assert_as_alone(sd15, sets, sd15.wardrobe)


def test_rows_of_sdxl_with_the_original_codes_names(sdxl: Fitting) -> None:
    assert_as_alone(sdxl, [{"original": 1.0}, {}, {"whole": 0.8, "original": -0.5}], sdxl.wardrobe)


def test_the_number_of_rows_may_change_from_call_to_call(sd15: Fitting) -> None:
    wardrobe = sd15.wardrobe
    for count in (3, 1, 2):
        assert_as_alone(sd15, [{"whole": 1.0}, {"few": 1.0}, {}][:count], wardrobe)


def test_a_call_with_another_number_of_rows_fails_loudly(sd15: Fitting) -> None:
    wardrobe = sd15.wardrobe
    with wardrobe.worn([sd15.row(wardrobe, {"whole": 1.0}), ()]), pytest.raises(ValueError, match="2 rows"):
        sd15.predicted(sd15.asked(4))
    wardrobe.bare()


# --- rows that are alike


@pytest.mark.parametrize("merges", [False, True])
@pytest.mark.parametrize("worn", [{"whole": 0.8}, {"whole": 0.5, "few": 1.0, "convolutions": -0.6}], ids=str)
def test_one_set_is_the_same_beside_the_weights_and_merged(sd15: Fitting, worn: Set, merges: bool) -> None:
    assert_as_alone(sd15, [worn] * 2, replace(sd15.wardrobe, merges=merges))


def test_what_is_merged_costs_nothing_from_then_on(sd15: Fitting) -> None:
    wardrobe, unet = replace(sd15.wardrobe, merges=True), sd15.pipeline.unet
    rows = [sd15.row(wardrobe, {"whole": 1.0})]
    with wardrobe.worn(rows * 2):
        assert not hooks(unet)
    versions = [parameter._version for parameter in unet.parameters()]
    with wardrobe.worn(rows):
        assert [parameter._version for parameter in unet.parameters()] == versions
    wardrobe.bare()


def test_another_row_ends_the_merging(sd15: Fitting) -> None:
    wardrobe = replace(sd15.wardrobe, merges=True)
    whole = sd15.row(wardrobe, {"whole": 1.0})
    asked = sd15.asked(2)
    with wardrobe.worn([whole, whole]):
        assert not hooks(sd15.pipeline.unet)
    with wardrobe.worn([whole, ()]):
        made = sd15.predicted(asked)
    wardrobe.bare()
    assert torch.equal(made[1], sd15.predicted(asked)[1])
    assert error(made[0], sd15.alone(asked, 0, {"whole": 1.0})) < 1e-5


def test_many_switches_leave_no_trace(sd15: Fitting) -> None:
    """That nothing is left is what the fixture finds."""
    wardrobe = replace(sd15.wardrobe, merges=True)
    rows = [sd15.row(wardrobe, worn) for worn in ({"whole": 1.0}, {"dora": 1.0}, {"few": -2.0, "whole": 3.0}, {})]
    for number in range(120):
        with wardrobe.worn([rows[number % 4]]):
            pass
        with wardrobe.worn([rows[0], rows[2]]):
            pass
    wardrobe.bare()


# --- what is not low-rank


@pytest.mark.parametrize("weight", [1.0, 0.6, -0.5])
def test_dora_is_what_peft_makes_of_it(sd15: Fitting, weight: float) -> None:
    assert_as_alone(sd15, [{"dora": weight}], sd15.wardrobe)
    assert_as_alone(sd15, [{"dora": weight, "whole": 0.5}] * 2, sd15.wardrobe)


def test_rows_in_what_is_not_low_rank_share_calls_with_their_like_only(sd15: Fitting) -> None:
    wardrobe = sd15.wardrobe
    sets: list[Set] = [{}, {"whole": 1.0}, {"few": 1.0}, {"loha": 1.0}, {"loha": 1.0}, {"loha": 0.5}, {"dora": 1.0}]
    rows = [sd15.row(wardrobe, worn) for worn in sets]
    free, *_ = groups = [wardrobe.group(row) for row in rows]
    assert groups[:3] == [free] * 3
    assert groups[3] == groups[4] != free
    assert len(set(groups)) == 4
    with pytest.raises(ValueError, match="different groups"), wardrobe.worn(rows[2:4]):
        pass
    wardrobe.bare()


def test_what_fails_half_way_is_undone(sd15: Fitting) -> None:
    wardrobe = sd15.wardrobe
    (wear,) = sd15.row(wardrobe, {"whole": 1.0})

    def too_large(parts: Parts) -> torch.Tensor:
        raise torch.OutOfMemoryError("no room")

    places = list(wear.lora.deltas["unet"])
    deltas = {**wear.lora.deltas["unet"], places[-1]: Product(too_large, {}, 1.0)}
    broken = replace(wear, lora=replace(wear.lora, deltas={"unet": deltas, "text": {}}))
    before = sd15.predicted(sd15.asked(1))
    with pytest.raises(torch.OutOfMemoryError), wardrobe.worn([(broken,)]):
        pass
    assert torch.equal(sd15.predicted(sd15.asked(1)), before)


# --- block by block


def test_blocks_have_weights_of_their_own(sd15: Fitting) -> None:
    wardrobe, asked = sd15.wardrobe, sd15.asked(2)
    row = sd15.row(wardrobe, {"whole": 0.8}, IN01=0.5, MID=0.0)
    plain = sd15.row(wardrobe, {"few": 1.0})
    theirs = {"unet": {"down": 0.4, "mid": 0.0, "up": 0.8}}
    for rows in ([row, row], [row, plain]):
        with wardrobe.worn(rows):
            made = sd15.predicted(asked)
        wardrobe.bare()
        assert error(made[0], sd15.alone(asked, 0, {"whole": theirs})) < 1e-5


# --- words


def encoded(pipeline: Any) -> list[torch.Tensor]:
    """The last layer of each text encoder, for some tokens."""
    tokens = torch.arange(20).view(2, 10)
    encoders = _parts(pipeline)[1:]
    with torch.no_grad():
        return [encoder(tokens, output_hidden_states=True).hidden_states[-1] for encoder in encoders]


@pytest.mark.parametrize("name", ["sd15", "sdxl"])
def test_words_are_read_by_encoders_that_wear_the_lora(name: str, request: pytest.FixtureRequest) -> None:
    fitting: Fitting = request.getfixturevalue(name)
    wardrobe = fitting.wardrobe
    worn = {"whole": 0.7} if name == "sd15" else {"whole": 0.7, "original": 1.0}
    plain = encoded(fitting.pipeline)
    with wardrobe.worn_by_words(fitting.row(wardrobe, worn)):
        made = encoded(fitting.pipeline)
    with quiet(), fitting.loaded(worn):
        meant = encoded(fitting.rival)
    for one, other, before, after in zip(made, meant, plain, encoded(fitting.pipeline), strict=True):
        assert error(one, other) < 1e-5
        assert error(one, before) > 1e-3
        assert torch.equal(before, after)


def test_the_base_weight_is_for_the_words(sd15: Fitting) -> None:
    wardrobe = sd15.wardrobe
    plain = encoded(sd15.pipeline)
    with wardrobe.worn_by_words(sd15.row(wardrobe, {"whole": 1.0}, BASE=0.0)):
        assert torch.equal(encoded(sd15.pipeline)[0], plain[0])


# --- other types


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_model_in_half_precision_wears_the_same(sd15: Fitting, dtype: torch.dtype) -> None:
    unet = sd15.pipeline.unet
    wardrobe, asked = sd15.wardrobe, sd15.asked(2)
    rows = [sd15.row(wardrobe, {"whole": 1.0, "convolutions": 0.5}), sd15.row(wardrobe, {"few": 0.5})]
    meant = sd15.alone(asked, 0, {"whole": 1.0, "convolutions": 0.5})
    full = {name: tensor.clone() for name, tensor in unet.state_dict().items()}
    half = {name: one.to(dtype) if torch.is_floating_point(one) else one for name, one in asked.items()}
    for merges, worn in ((False, rows), (True, [rows[0]] * 2)):
        with quiet():
            unet.to(dtype)
        dressed = replace(wardrobe, merges=merges)
        with dressed.worn(worn):
            made = sd15.predicted(half)[0].float()
        dressed.bare()
        assert all(torch.equal(one, full[name].to(dtype)) for name, one in unet.state_dict().items())
        unet.to(torch.float32)
        unet.load_state_dict(full)
        assert error(made, meant) < (0.05 if dtype is torch.bfloat16 else 0.01)
