"""Models of the true shapes of SD 1.5 and SDXL with random weights: what they cost does not depend on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from benchmarks.lora_speed import MODELS
from benchmarks.mixed_requests import Model
from tests import tiny_models

CLIP_L = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
CLIP_G = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20}
SIDES = {"SD 1.5": 512, "SDXL": 1024}
FILES = 16


def model(folder: Path, family: str, true: bool) -> Model:
    """With a ControlNet and as many LoRAs as `FILES`; not `true`, the same made of next to nothing."""
    made = (tiny_models.sd15 if family == "SD 1.5" else tiny_models.sdxl)(folder / "model")
    if true:
        grow(made, family)
    net = tiny_models.controlnet(folder / "net", made)
    rank = 16 if true else 4
    files = [tiny_models.kohya_lora(folder / f"lora-{n}.safetensors", made, rank, 0.01, n) for n in range(FILES)]
    side = SIDES[family] if true else 64
    return Model(made, net, {f"{n:064x}": file for n, file in enumerate(files)}, side, "cuda" if true else "cpu")


def grow(folder: Path, family: str, device: str = "cuda") -> None:
    """The small pipeline's parts become the real ones' size, in half precision; words stay spelt as in the small."""
    pipeline: Any = DiffusionPipeline.from_pretrained(folder)
    shape = MODELS[family][1]
    with torch.device(device):
        torch.set_default_dtype(torch.float16)
        try:
            pipeline.unet = UNet2DConditionModel(**shape, sample_size=SIDES[family] // 8)
            pipeline.vae = autoencoder(SIDES[family])
            pipeline.text_encoder = encoder(CLIPTextModel, pipeline.text_encoder, CLIP_L)
            if family == "SDXL":
                pipeline.text_encoder_2 = encoder(CLIPTextModelWithProjection, pipeline.text_encoder_2, CLIP_G)
        finally:
            torch.set_default_dtype(torch.float32)
    pipeline.save_pretrained(folder)


def autoencoder(side: int) -> AutoencoderKL:
    shape: dict[str, Any] = {
        "block_out_channels": (128, 256, 512, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 2,
        "latent_channels": 4,
    }
    return AutoencoderKL(**shape, sample_size=side)


def encoder(kind: Any, small: Any, size: dict[str, int]) -> Any:
    return kind(CLIPTextConfig(**(small.config.to_dict() | size | {"projection_dim": size["hidden_size"]})))
