"""The base family of a LoRA, measured on the layers of diffusers' own models and on the names people write."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import (
    AuraFlowTransformer2DModel,
    Flux2Transformer2DModel,
    FluxTransformer2DModel,
    HunyuanVideoTransformer3DModel,
    LTXVideoTransformer3DModel,
    Lumina2Transformer2DModel,
    ModelMixin,
    QwenImageTransformer2DModel,
    SanaTransformer2DModel,
    SD3Transformer2DModel,
    UNet2DConditionModel,
    WanTransformer3DModel,
    ZImageTransformer2DModel,
)

from benchmarks.lora_makers import Layer, diffusers, kohya, loha, lokr, oft, peft, spelled
from knowledge.lora_family import family, family_named, finetune
from knowledge.lora_layers import adapted_layers

SHALLOW: dict[str, Any] = {"block_out_channels": (320, 640, 1280, 1280)}
DEEP: dict[str, Any] = {
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
}
SD3_MEDIUM = {"num_layers": 24, "num_attention_heads": 24, "attention_head_dim": 64, "caption_projection_dim": 1536}
SD3_LARGE = {"num_layers": 38, "num_attention_heads": 38, "attention_head_dim": 64, "caption_projection_dim": 2432}
KLEIN = {"num_layers": 5, "num_single_layers": 20, "num_attention_heads": 24, "joint_attention_dim": 7680}

MODELS: list[tuple[str, type[ModelMixin], dict[str, Any]]] = [
    ("sd1", UNet2DConditionModel, {"cross_attention_dim": 768, **SHALLOW}),
    ("sd2", UNet2DConditionModel, {"cross_attention_dim": 1024, **SHALLOW}),
    ("sdxl", UNet2DConditionModel, {"cross_attention_dim": 2048, **DEEP}),
    ("sd3", SD3Transformer2DModel, SD3_MEDIUM),
    ("sd3", SD3Transformer2DModel, SD3_LARGE),
    ("flux", FluxTransformer2DModel, {}),
    ("flux2", Flux2Transformer2DModel, {}),
    ("flux2", Flux2Transformer2DModel, KLEIN),
    ("qwenimage", QwenImageTransformer2DModel, {}),
    ("zimage", ZImageTransformer2DModel, {}),
    ("lumina2", Lumina2Transformer2DModel, {}),
    ("auraflow", AuraFlowTransformer2DModel, {}),
    ("sana", SanaTransformer2DModel, {}),
    ("wan", WanTransformer3DModel, {}),
    ("hunyuanvideo", HunyuanVideoTransformer3DModel, {}),
    ("ltx", LTXVideoTransformer3DModel, {}),
]


SPELLINGS = (kohya, peft, diffusers, loha, lokr)


def layers_of(kind: type[ModelMixin], config: dict[str, Any]) -> list[Layer]:
    with torch.device("meta"):
        model = kind(**config)
    parts = (
        (name, part) for name, part in model.named_modules() if isinstance(part, torch.nn.Linear | torch.nn.Conv2d)
    )
    sizes = ((name, part.weight.shape[1], part.weight.shape[0]) for name, part in parts)
    return [layer for layer in sizes if layer[1] % 8 == 0 == layer[2] % 8]


@pytest.mark.parametrize(("named", "kind", "config"), MODELS)
def test_layers_of_real_models_tell_their_family(named: str, kind: type[ModelMixin], config: dict[str, Any]) -> None:
    every = layers_of(kind, config)
    attention = [layer for layer in every if "att" in layer[0]]
    for spelling in SPELLINGS:
        for layers in (every, attention):
            lines = adapted_layers("a file", spelled(spelling, layers))
            assert family(lines, []) == (named, ""), spelling.__name__


@pytest.mark.parametrize(("named", "kind", "config"), MODELS[:3])
def test_orthogonal_adapters_tell_it_by_the_depth_of_the_unet(
    named: str, kind: type[ModelMixin], config: dict[str, Any]
) -> None:
    layers = [layer for layer in layers_of(kind, config) if layer[2] % 80 == 0]
    lines = adapted_layers("a file", spelled(oft, layers))
    assert family(lines, [])[0] == ("sdxl" if named == "sdxl" else "sd1")
    assert family(lines, [named]) == (named, "")


def test_layers_win_over_words_and_the_card_says_so() -> None:
    layers = ["lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k 2048>640"]
    assert family(layers, ["SD 1.5"]) == ("sdxl", "It is said to be for sd1, but its layers are not.")
    assert family(layers, ["SDXL 1.0", "SD 1.5"]) == ("sdxl", "")
    assert family(layers, ["novel thing"]) == ("sdxl", "")


def test_words_count_where_layers_do_not_tell() -> None:
    assert family(["some.layer 7>7"], ["novel thing", "SD 1.5"]) == ("sd1", "")
    assert family(["some.layer 7>7"], []) == ("unknown", "Its layers do not tell its base model: name it in a sidecar.")


@pytest.mark.parametrize(
    ("base", "named"),
    [
        ("stable-diffusion-v1/lora", "sd1"),
        ("stable-diffusion-v2-768-v/lora", "sd2"),
        ("stable-diffusion-xl-v1-base/lora", "sdxl"),
        ("stable-diffusion-xl-v1-refiner/lora", "sdxl-refiner"),
        ("stable-diffusion-3-medium/lora", "sd3"),
        ("flux-1-dev/lora", "flux"),
        ("lumina-2/lora", "lumina2"),
        ("picturebook/lora", "picturebook"),
        ("sd_v1", "sd1"),
        ("sdxl_base_v1-0", "sdxl"),
        ("sd3m", "sd3"),
        ("hunyuan_video", "hunyuanvideo"),
        ("SD1", "sd1"),
        ("SDXL", "sdxl"),
        ("Unknown", ""),
        ("SD 1.5 LCM", "sd1"),
        ("SD 3.5 Large", "sd3"),
        ("Pony", "sdxl"),
        ("Pony V7", "auraflow"),
        ("Illustrious", "sdxl"),
        ("NoobAI", "sdxl"),
        ("Flux.1 Kontext", "flux"),
        ("Flux.2 Klein 9B", "flux2"),
        ("ZImageTurbo", "zimage"),
        ("Wan Video 2.2 TI2V-5B", "wan"),
        ("LTXV", "ltx"),
        ("LTXV 2.3", "ltx2"),
        ("PixArt E", "pixartsigma"),
        ("Anima", "anima"),
        ("runwayml/stable-diffusion-v1-5", "sd1"),
        ("stabilityai/stable-diffusion-2-1", "sd2"),
        ("stabilityai/stable-diffusion-xl-base-1.0", "sdxl"),
        ("black-forest-labs/FLUX.1-dev", "flux"),
        ("Qwen/Qwen-Image-Edit-2509", "qwenimage"),
        ("Tongyi-MAI/Z-Image-Turbo", "zimage"),
        ("Wan-AI/Wan2.1-T2V-14B-Diffusers", "wan"),
        ("somebody/animefull-latest", ""),
        ("", ""),
    ],
)
def test_names_of_base_models_are_understood(base: str, named: str) -> None:
    assert family_named(base) == named


@pytest.mark.parametrize(
    ("named", "bases", "expected"),
    [
        ("sdxl", ["SDXL 1.0", "/models/ponyDiffusionV6XL.safetensors"], "pony"),
        ("sdxl", ["Illustrious"], "illustrious"),
        ("sdxl", ["SDXL 1.0"], ""),
        ("sd1", ["my pony pictures"], ""),
        ("flux", ["Flux.1 Kontext"], "kontext"),
    ],
)
def test_finetunes_are_named_apart_from_the_family(named: str, bases: list[str], expected: str) -> None:
    assert finetune(named, bases) == expected
