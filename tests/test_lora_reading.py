"""A LoRA file in any trainer's spelling is read as the change it means, or refused with the reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from safetensors.torch import save_file

from benchmarks.lora_makers import Shapes, comfy, diffusers, kohya, loha, lokr, old_diffusers, peft, peft_named, raw
from knowledge.problems import TryAgain
from knowledge.recipe import LoraUse
from tests import tiny_models
from tools.engine.lora.wardrobe import Wardrobe

Tensors = Mapping[str, torch.Tensor]
BLOCK = "down_blocks.0.attentions.0.transformer_blocks.0"
TO_Q, CONV, OUTPUTS = f"{BLOCK}.attn1.to_q", "down_blocks.0.resnets.0.conv1", 16
TEXT = "encoder.layers.1.self_attn.q_proj"


@pytest.fixture(scope="module")
def sd15(tmp_path_factory: pytest.TempPathFactory) -> StableDiffusionPipeline:
    return StableDiffusionPipeline.from_pretrained(tiny_models.sd15(tmp_path_factory.mktemp("sd15")))


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> StableDiffusionXLPipeline:
    return StableDiffusionXLPipeline.from_pretrained(tiny_models.sdxl(tmp_path_factory.mktemp("sdxl")))


def used(path: Path, weight: float = 1.0) -> LoraUse:
    return LoraUse(name=path.stem, sha256="0" * 64, weight=weight)


def changed(pipeline: Any, path: Path, weight: float = 1.0) -> Tensors:
    """What the file adds to each parameter, by its name."""
    wardrobe = Wardrobe.of(pipeline)
    found: dict[str, torch.Tensor] = {}
    for deltas in wardrobe.wear(used(path), path).lora.deltas.values():
        for place, delta in deltas.items():
            pristine = place.parameter.detach().reshape(place.size)
            total = torch.zeros(place.size)
            delta.add(total, pristine, weight)
            found[f"{place.component}.{place.name}.{place.kind}"] = total.view(place.parameter.shape)
    return found


def refusal(pipeline: Any, path: Path) -> str:
    with pytest.raises(TryAgain) as told:
        Wardrobe.of(pipeline).wear(used(path), path)
    assert str(told.value).count(". ") == 0
    return str(told.value)


def close(made: torch.Tensor, meant: torch.Tensor) -> bool:
    return torch.allclose(made, meant, rtol=1e-5, atol=1e-6)


# --- spellings


@pytest.mark.parametrize("spelling", [kohya, peft, peft_named, diffusers, old_diffusers, comfy])
def test_every_spelling_means_the_same_layer(
    tmp_path: Path, sd15: StableDiffusionPipeline, spelling: Callable[..., Shapes]
) -> None:
    path = tiny_models.adapter(tmp_path / "a.safetensors", spelling(TO_Q, OUTPUTS, OUTPUTS))
    assert list(changed(sd15, path)) == [f"unet.{TO_Q}.weight"]


@pytest.mark.parametrize(
    "start", ["lora_te_text_model_", "lora_te1_text_model_", "lora_te_", "text_encoder.text_model.", "text_encoder."]
)
def test_the_text_encoder_has_two_names_in_each_spelling(
    tmp_path: Path, sd15: StableDiffusionPipeline, start: str
) -> None:
    made = kohya(TEXT, 32, 32, start) if "lora" in start else peft(TEXT, 32, 32, start)
    (name,) = changed(sd15, tiny_models.adapter(tmp_path / "a.safetensors", made))
    assert name.startswith("text_encoder.")
    assert name.endswith(f"{TEXT}.weight")


def test_early_diffusers_called_the_projections_of_text_encoders_as_those_of_the_unet(
    tmp_path: Path, sd15: StableDiffusionPipeline
) -> None:
    start = "text_encoder.text_model.encoder.layers.1.self_attn.to_out_lora"
    path = tiny_models.adapter(
        tmp_path / "a.safetensors", {f"{start}.down.weight": (2, 32), f"{start}.up.weight": (32, 2)}
    )
    assert [name.rpartition(".layers.")[2] for name in changed(sd15, path)] == ["1.self_attn.out_proj.weight"]


def test_old_processors_have_no_number_for_the_last_projection(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    path = tiny_models.adapter(tmp_path / "a.safetensors", old_diffusers(f"{BLOCK}.attn2.to_out", OUTPUTS, OUTPUTS))
    assert list(changed(sd15, path)) == [f"unet.{BLOCK}.attn2.to_out.0.weight"]


@pytest.mark.parametrize(
    ("original", "name", "inputs", "outputs"),
    [
        ("input_blocks_1_1_transformer_blocks_0_attn2_to_k", f"{BLOCK}.attn2.to_k", 64, 16),
        (
            "middle_block_1_transformer_blocks_0_attn1_to_q",
            "mid_block.attentions.0.transformer_blocks.0.attn1.to_q",
            32,
            32,
        ),
        ("output_blocks_3_1_proj_out", "up_blocks.1.attentions.1.proj_out", 16, 16),
        ("input_blocks_3_0_emb_layers_1", "down_blocks.1.resnets.0.time_emb_proj", 64, 32),
        ("label_emb_0_2", "add_embedding.linear_2", 64, 64),
        ("time_embed_0", "time_embedding.linear_1", 16, 64),
    ],
)
def test_the_original_codes_names_are_known(
    tmp_path: Path, sdxl: StableDiffusionXLPipeline, original: str, name: str, inputs: int, outputs: int
) -> None:
    path = tiny_models.adapter(tmp_path / "a.safetensors", kohya(original, inputs, outputs))
    assert list(changed(sdxl, path)) == [f"unet.{name}.weight"]


def test_the_original_codes_convolutions_are_known(tmp_path: Path, sdxl: StableDiffusionXLPipeline) -> None:
    shapes = {
        "lora_unet_input_blocks_2_0_op.diff": (16, 16, 3, 3),
        "lora_unet_output_blocks_1_1_conv.diff": (32, 32, 3, 3),
        "lora_unet_input_blocks_1_0_in_layers_2.diff": (16, 16, 3, 3),
        "lora_unet_out_2.diff_b": (4,),
        "lora_unet_input_blocks_1_0_out_layers_0.w_norm": (16,),
    }
    assert set(changed(sdxl, tiny_models.adapter(tmp_path / "a.safetensors", shapes))) == {
        "unet.down_blocks.0.downsamplers.0.conv.weight",
        "unet.up_blocks.0.upsamplers.0.conv.weight",
        "unet.down_blocks.0.resnets.0.conv1.weight",
        "unet.conv_out.bias",
        "unet.down_blocks.0.resnets.0.norm2.weight",
    }


def test_the_second_text_encoder_is_found_by_its_own_prefix(tmp_path: Path, sdxl: StableDiffusionXLPipeline) -> None:
    for start in ("lora_te2_text_model_", "lora_te2_"):
        path = tiny_models.adapter(tmp_path / "a.safetensors", kohya(TEXT, 32, 32, start))
        assert [name.partition(".")[0] for name in changed(sdxl, path)] == ["text_encoder_2"]


# --- formulas, each computed here anew


def kept(path: Path, tensors: Tensors, **metadata: str) -> Path:
    save_file(dict(tensors), path, metadata=metadata)
    return path


def layer_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    return {
        name.partition(".")[2].removesuffix(".weight"): made for name, made in tiny_models.random_like(shapes).items()
    }


def only(made: Tensors) -> torch.Tensor:
    (change,) = made.values()
    return change


def test_alpha_over_rank_scales_the_product(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    shapes = kohya(TO_Q, OUTPUTS, OUTPUTS)
    t = layer_of(shapes)
    made = changed(sd15, tiny_models.adapter(tmp_path / "a.safetensors", shapes), 0.7)
    assert close(only(made), 0.7 * 1.5 / 2 * t["lora_up"] @ t["lora_down"])


def test_pefts_own_settings_scale_where_no_alpha_does(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    made = tiny_models.random_like(peft(TO_Q, OUTPUTS, OUTPUTS))
    down, up = made.values()
    for settings, scale in (
        ({"unet.lora_alpha": 8}, 8 / 2),
        ({"unet.lora_alpha": 8, "unet.use_rslora": True}, 8 / 2**0.5),
        ({"unet.lora_alpha": 8, "unet.alpha_pattern": {"attn1.to_q": 1}}, 1 / 2),
        ({"unet.lora_alpha": None}, 1.0),
        ({"text_encoder.lora_alpha": 8}, 1.0),
    ):
        path = kept(tmp_path / "a.safetensors", made, lora_adapter_metadata=json.dumps(settings))
        assert close(only(changed(sd15, path)), scale * up @ down)


def test_a_header_that_is_no_json_changes_nothing(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    path = kept(tmp_path / "a.safetensors", tiny_models.random_like(peft(TO_Q, 16, 16)), lora_adapter_metadata="{")
    assert changed(sd15, path)


def test_a_convolution_with_a_tucker_core(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    layer = "lora_unet_" + CONV.replace(".", "_")
    shapes = {
        f"{layer}.lora_down.weight": (3, 16, 1, 1),
        f"{layer}.lora_mid.weight": (3, 3, 3, 3),
        f"{layer}.lora_up.weight": (16, 3, 1, 1),
        f"{layer}.alpha": (),
    }
    t = layer_of(shapes)
    image = torch.randn(1, 16, 5, 5)
    conv = torch.nn.functional.conv2d
    meant = conv(conv(conv(image, t["lora_down"]), t["lora_mid"], padding=1), t["lora_up"]) * 1.5 / 3
    made = only(changed(sd15, tiny_models.adapter(tmp_path / "a.safetensors", shapes)))
    assert close(conv(image, made, padding=1), meant)


def test_loha_multiplies_two_products_entry_by_entry(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    shapes = loha(TO_Q, OUTPUTS, OUTPUTS) | {"lycoris_" + TO_Q.replace(".", "_") + ".alpha": ()}
    t = layer_of(shapes)
    made = only(changed(sd15, tiny_models.adapter(tmp_path / "a.safetensors", shapes)))
    assert close(made, (t["hada_w1_a"] @ t["hada_w1_b"]) * (t["hada_w2_a"] @ t["hada_w2_b"]) * 1.5 / 2)


def test_loha_of_a_convolution_with_cores(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    layer = "lora_unet_" + CONV.replace(".", "_")
    shapes = {f"{layer}.hada_w{n}_{side}": (2, 16) for n in "12" for side in "ab"}
    t = layer_of(shapes | {f"{layer}.hada_t{n}": (2, 2, 3, 3) for n in "12"} | {f"{layer}.alpha": ()})
    path = kept(tmp_path / "a.safetensors", {f"{layer}.{role}": part for role, part in t.items()})
    meant = torch.ones(16, 16, 3, 3)
    for n in "12":
        core = sum(
            t[f"hada_t{n}"][i, j] * (t[f"hada_w{n}_a"][i][:, None] * t[f"hada_w{n}_b"][j])[..., None, None]
            for i in range(2)
            for j in range(2)
        )
        meant = meant * core
    assert close(only(changed(sd15, path)), meant * 1.5 / 2)


def test_lokr_is_a_kronecker_product(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    shapes = lokr(TO_Q, OUTPUTS, OUTPUTS)
    t = layer_of(shapes)
    made = only(changed(sd15, tiny_models.adapter(tmp_path / "a.safetensors", shapes)))
    second = t["lokr_w2_a"] @ t["lokr_w2_b"]
    blocks = [torch.cat([entry * second for entry in row], 1) for row in t["lokr_w1"]]
    assert close(made, torch.cat(blocks) * 1.5 / 2)


def test_lokr_of_whole_factors_has_no_rank_to_scale_by(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    layer = "lora_unet_" + CONV.replace(".", "_")
    shapes = {f"{layer}.lokr_w1": (2, 4), f"{layer}.lokr_w2": (8, 4, 3, 3), f"{layer}.alpha": ()}
    t = layer_of(shapes)
    made = only(changed(sd15, tiny_models.adapter(tmp_path / "a.safetensors", shapes)))
    assert close(made, torch.kron(t["lokr_w1"][..., None, None], t["lokr_w2"]))


@pytest.mark.parametrize("by_row", [True, False])
@pytest.mark.parametrize("layer", [f"{BLOCK}.attn2.to_k", CONV])
def test_kohyas_dora_gives_the_changed_weight_new_lengths(
    tmp_path: Path, sd15: StableDiffusionPipeline, layer: str, by_row: bool
) -> None:
    weight = sd15.unet.get_submodule(layer).weight.detach()
    outputs, inputs, *kernel = weight.shape
    start, ones = "lora_unet_" + layer.replace(".", "_"), [1] * len(kernel)
    made = tiny_models.random_like(
        {f"{start}.lora_down.weight": (2, inputs, *kernel), f"{start}.lora_up.weight": (outputs, 2, *ones)}
    )
    lengths = torch.rand(outputs, 1, *ones) + 1 if by_row else torch.rand(1, inputs, *ones) + 1
    path = kept(tmp_path / "a.safetensors", {**made, f"{start}.dora_scale": lengths})
    down, up = made.values()
    moved = weight + (up.flatten(1) @ down.flatten(1)).view_as(weight)
    axes = tuple(axis for axis in range(weight.ndim) if axis != (0 if by_row else 1))
    meant = lengths * moved / torch.linalg.vector_norm(moved, dim=axes, keepdim=True) - weight
    assert close(only(changed(sd15, path)), meant)
    assert close(only(changed(sd15, path, 0.4)), 0.4 * meant)


def test_half_precision_and_eighth_precision_files_are_read(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    made = tiny_models.random_like(kohya(TO_Q, OUTPUTS, OUTPUTS))
    exact = only(changed(sd15, kept(tmp_path / "a.safetensors", made)))
    for dtype, error in ((torch.bfloat16, 0.01), (torch.float8_e4m3fn, 0.1), (torch.float64, 1e-6)):
        small = {name: tensor.to(dtype) for name, tensor in made.items()}
        other = only(changed(sd15, kept(tmp_path / f"{dtype}.safetensors", small)))
        assert 0 <= (other - exact).abs().max() / exact.abs().max() < error


def test_numbers_of_several_types_lie_in_one_file(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    made = tiny_models.random_like(kohya(TO_Q, OUTPUTS, OUTPUTS))
    exact = only(changed(sd15, kept(tmp_path / "a.safetensors", made)))
    down, up, alpha = made
    header, data, end = {}, b"", 0
    # an odd beginning: no type wider than a byte can be looked at in place
    for name, tensor, dtype in (
        ("some_number", torch.ones(1, dtype=torch.float8_e5m2), "F8_E5M2"),
        (down, made[down], "F32"),
        (up, made[up], "F32"),
        (alpha, made[alpha].double(), "F64"),
    ):
        written = tensor.view(-1).view(torch.uint8).numpy().tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [end, end + len(written)]}
        data, end = data + written, end + len(written)
    path = raw(tmp_path / "b.safetensors", json.dumps(header).encode(), data)
    assert close(only(changed(sd15, path)), exact)


def test_an_alpha_without_its_tensors_does_no_harm(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    shapes = {**kohya(TO_Q, OUTPUTS, OUTPUTS), "lora_unet_no_such_layer.alpha": ()}
    assert len(changed(sd15, tiny_models.adapter(tmp_path / "a.safetensors", shapes))) == 1


# --- refusals


def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    good = tiny_models.adapter(tmp_path / "good.safetensors", kohya(TO_Q, OUTPUTS, OUTPUTS))
    assert "not a .safetensors file" in refusal(sd15, Path(shutil.copy(good, tmp_path / "a.pt")))
    assert "is gone" in refusal(sd15, tmp_path / "missing.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(good.read_bytes()[:-9])
    assert "damaged" in refusal(sd15, tmp_path / "cut.safetensors")
    assert "holds no weights" in refusal(sd15, raw(tmp_path / "none.safetensors", b"{}      "))
    with (tmp_path / "huge.safetensors").open("wb") as file:
        file.truncate(5 << 30)
    assert "larger than 4 GB" in refusal(sd15, tmp_path / "huge.safetensors")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_that_are_no_numbers_are_refused(
    tmp_path: Path, sd15: StableDiffusionPipeline, number: float, dtype: torch.dtype
) -> None:
    made = {name: one.to(dtype) for name, one in tiny_models.random_like(kohya(TO_Q, OUTPUTS, OUTPUTS)).items()}
    next(iter(made.values()))[1, 5] = number
    assert "not numbers" in refusal(sd15, kept(tmp_path / "a.safetensors", made))


def test_numbers_of_an_unusable_type_are_refused(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    made = {name: torch.ones(shape, dtype=torch.uint8) for name, shape in kohya(TO_Q, OUTPUTS, OUTPUTS).items()}
    assert "type 'U8'" in refusal(sd15, kept(tmp_path / "a.safetensors", made))


def test_another_architecture_is_told_by_name(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    unet = UNet2DConditionModel.from_config({**sd15.unet.config, "cross_attention_dim": 768})
    assert isinstance(unet, UNet2DConditionModel)
    sd1 = SimpleNamespace(unet=unet, text_encoder=sd15.text_encoder)
    path = tiny_models.adapter(tmp_path / "a.safetensors", kohya(f"{BLOCK}.attn2.to_k", 2048, 640))
    assert "'a' is for sdxl and this model is sd1: choose a LoRA made for sd1" in refusal(sd1, path)
    path = tiny_models.adapter(tmp_path / "b.safetensors", kohya("double_blocks.0.img_attn.qkv", 3072, 9216))
    assert "'b' is for flux and this model is sd1" in refusal(sd1, path)


def test_a_layer_the_model_lacks_is_named(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    shapes = kohya(TO_Q, OUTPUTS, OUTPUTS) | kohya(TO_Q.replace("blocks.0", "blocks.7"), OUTPUTS, OUTPUTS)
    told = refusal(sd15, tiny_models.adapter(tmp_path / "a.safetensors", shapes))
    assert "lacks 1 of its layers" in told
    assert "'lora_unet_down_blocks_7_" in told


@pytest.mark.parametrize(
    "shapes",
    [
        kohya(TO_Q, 2 * OUTPUTS, OUTPUTS),
        kohya(TO_Q, OUTPUTS, 2 * OUTPUTS),
        loha(TO_Q, OUTPUTS, 2 * OUTPUTS),
        peft(TO_Q, OUTPUTS, OUTPUTS) | {f"unet.{TO_Q}.lora_magnitude_vector": (5,)},
        peft(TO_Q, OUTPUTS, OUTPUTS) | {f"unet.{TO_Q}.lora_B.bias": (OUTPUTS,)},
        {f"unet.{TO_Q}.lora_A.weight": (2, OUTPUTS)},
        {f"unet.{TO_Q}.lora_A.weight": (2, OUTPUTS), f"unet.{TO_Q}.lora_B.weight": (OUTPUTS, 3)},
        {f"unet.{TO_Q}.lora_A.weight": (0, OUTPUTS), f"unet.{TO_Q}.lora_B.weight": (OUTPUTS, 0)},
        {f"unet.{TO_Q}.lora_A.weight": (OUTPUTS,), f"unet.{TO_Q}.lora_B.weight": (OUTPUTS,)},
        {"lora_unet_" + TO_Q.replace(".", "_") + ".diff_b": (OUTPUTS,)},
        {f"unet.{TO_Q}.oft_blocks": (2, 8, 8)},
    ],
    ids=range(11),
)
def test_what_does_not_go_together_with_the_model_is_refused(
    tmp_path: Path, sd15: StableDiffusionPipeline, shapes: Mapping[str, tuple[int, ...]]
) -> None:
    assert "'a" in refusal(sd15, tiny_models.adapter(tmp_path / "a.safetensors", shapes))


def test_an_absurd_rank_is_refused(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    shapes = {f"unet.{TO_Q}.lora_A.weight": (2000, OUTPUTS), f"unet.{TO_Q}.lora_B.weight": (OUTPUTS, 2000)}
    assert "rank 2000" in refusal(sd15, tiny_models.adapter(tmp_path / "a.safetensors", shapes))


def test_other_kinds_of_file_are_refused_as_what_they_are(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    path = tiny_models.adapter(tmp_path / "a.safetensors", {"first_stage_model.decoder.conv_in.weight": (8, 8)})
    assert "is a VAE" in refusal(sd15, path)


# --- keeping


def test_a_file_is_read_once(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    path = tiny_models.adapter(tmp_path / "a.safetensors", kohya(TO_Q, OUTPUTS, OUTPUTS))
    wardrobe = Wardrobe.of(sd15)
    first = wardrobe.wear(used(path), path)
    path.unlink()
    assert wardrobe.wear(used(path), path) == first
    assert wardrobe.loras.hits == 1


def test_blocks_are_those_of_the_model(tmp_path: Path, sd15: StableDiffusionPipeline) -> None:
    path = tiny_models.adapter(tmp_path / "a.safetensors", kohya(TO_Q, OUTPUTS, OUTPUTS))
    wardrobe = Wardrobe.of(sd15)
    assert wardrobe.blocks == ("BASE", "IN00", "IN01", "IN02", "IN03", "MID", "OUT00", "OUT01", "OUT02", "OUT03")
    with pytest.raises(TryAgain, match="no block 'IN11': choose among BASE, IN00"):
        wardrobe.wear(used(path), path, {"IN11": 0.5})
