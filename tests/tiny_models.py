"""Small random models in the shape of real ones: standard diffusers folders and adapter files, built in a moment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    ControlNetModel,
    DiffusionPipeline,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

WIDTH = 32
"""Features per token of the tiny text encoders."""
ABSENT: Any = None
"""For a part that diffusers' annotations require and its pipelines do without."""


def sd15(folder: Path, seed: int = 0) -> Path:
    """A `StableDiffusionPipeline` with one text encoder and a x8 autoencoder, trained at 64 pixels by its config."""
    torch.manual_seed(seed)
    pipeline = StableDiffusionPipeline(
        vae=cast(Any, _tiny_autoencoder()),
        text_encoder=CLIPTextModel(_text_config()).eval(),
        tokenizer=_tokenizer(),
        unet=_unet(cross_attention_dim=WIDTH),
        scheduler=_euler(prediction_type="v_prediction"),
        safety_checker=ABSENT,
        feature_extractor=ABSENT,
        requires_safety_checker=False,
    )
    return _saved(pipeline, folder)


def sdxl(folder: Path, seed: int = 0) -> Path:
    """A `StableDiffusionXLPipeline`: two text encoders, size and crop conditioning."""
    torch.manual_seed(seed)
    unet = _unet(
        cross_attention_dim=2 * WIDTH,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + WIDTH,
        use_linear_projection=True,
    )
    pipeline = StableDiffusionXLPipeline(
        vae=_autoencoder(channels=4),
        text_encoder=CLIPTextModel(_text_config()).eval(),
        text_encoder_2=CLIPTextModelWithProjection(_text_config(projection_dim=WIDTH)).eval(),
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        unet=unet,
        scheduler=_euler(),
    )
    return _saved(pipeline, folder)


def sd3(folder: Path, seed: int = 0) -> Path:
    """A `StableDiffusion3Pipeline`: a transformer, flow matching, and no T5."""
    torch.manual_seed(seed)
    transformer = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=2 * WIDTH,
        caption_projection_dim=32,
        pooled_projection_dim=2 * WIDTH,
        out_channels=4,
        pos_embed_max_size=16,
    )
    pipeline = StableDiffusion3Pipeline(
        transformer=transformer,
        vae=_autoencoder(channels=4, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06),
        text_encoder=CLIPTextModelWithProjection(_text_config(projection_dim=WIDTH)).eval(),
        text_encoder_2=CLIPTextModelWithProjection(_text_config(projection_dim=WIDTH)).eval(),
        text_encoder_3=ABSENT,
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        tokenizer_3=None,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )
    return _saved(pipeline, folder)


def controlnet(folder: Path, model: Path, seed: int = 1) -> Path:
    """A `ControlNetModel` for that model's UNet whose output is not zero, as an untrained one's would be."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8, 16, 16))
    for parameter in net.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    net.save_pretrained(folder)
    return folder


def ip_adapter(folder: Path, model: Path, plus: bool = False, seed: int = 5) -> Path:
    """A folder with `ip_adapter.safetensors` for that model's UNet, and the image encoder that it reads with."""
    torch.manual_seed(seed)
    unet: Any = UNet2DConditionModel.from_pretrained(model / "unet")
    vision = CLIPVisionConfig(
        image_size=32,
        patch_size=8,
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        projection_dim=24,
    )
    CLIPVisionModelWithProjection(vision).eval().save_pretrained(folder / "image_encoder")
    width = unet.config.cross_attention_dim
    shapes = _resampler(48, width) if plus else _projection(24, width)
    crossing = [unet.get_submodule(name.removesuffix(".processor")) for name in unet.attn_processors if "attn2" in name]
    for number, layer in enumerate(crossing):
        for name in ("to_k_ip", "to_v_ip"):
            shapes[f"ip_adapter.{2 * number + 1}.{name}.weight"] = (layer.inner_dim, width)
    save_file(random_like(shapes, seed=seed), folder / "ip_adapter.safetensors")
    return folder


def _projection(read: int, width: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"proj.weight": (4 * width, read), "proj.bias": (4 * width,)}
    shapes |= {"norm.weight": (width,), "norm.bias": (width,)}
    return {f"image_proj.{name}": shape for name, shape in shapes.items()}


def _resampler(read: int, width: int, hidden: int = 16) -> dict[str, tuple[int, ...]]:
    """Of one layer with one head, spelled as the authors of IP-Adapter do."""
    shapes: dict[str, tuple[int, ...]] = {"latents": (1, 3, hidden), "proj_in.weight": (hidden, read)}
    shapes |= {"proj_in.bias": (hidden,), "proj_out.weight": (width, hidden), "proj_out.bias": (width,)}
    shapes |= {"norm_out.weight": (width,), "norm_out.bias": (width,)}
    for layer in range(4):
        for norm in ("0.norm1", "0.norm2", "1.0"):
            shapes |= {f"layers.{layer}.{norm}.{kind}": (hidden,) for kind in ("weight", "bias")}
        shapes |= {f"layers.{layer}.0.to_q.weight": (64, hidden), f"layers.{layer}.0.to_kv.weight": (128, hidden)}
        shapes |= {f"layers.{layer}.0.to_out.weight": (hidden, 64)}
        shapes |= {
            f"layers.{layer}.1.1.weight": (4 * hidden, hidden),
            f"layers.{layer}.1.3.weight": (hidden, 4 * hidden),
        }
    return {f"image_proj.{name}": shape for name, shape in shapes.items()}


def kohya_lora(file: Path, model: Path, rank: int = 2, strength: float = 0.5, seed: int = 2) -> Path:
    """A LoRA for a folder with a UNet, keys as sd-scripts writes them, for the UNet and the (first) text encoder."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    encoder = CLIPTextModel.from_pretrained(model / "text_encoder")
    text = "lora_te1" if (model / "text_encoder_2").is_dir() else "lora_te"
    layers = _attention(unet, "lora_unet", ("to_q", "to_k", "to_v", "to_out.0")) | _attention(
        encoder, f"{text}_text_model", ("_proj", "fc1", "fc2")
    )
    tensors: dict[str, torch.Tensor] = {}
    for name, (outs, ins) in layers.items():
        tensors[f"{name}.lora_down.weight"] = torch.randn(rank, ins)
        tensors[f"{name}.lora_up.weight"] = torch.randn(outs, rank) * strength
        tensors[f"{name}.alpha"] = torch.tensor(float(rank))
    save_file(tensors, file, metadata={"ss_network_module": "networks.lora"})
    return file


def random_like(shapes: Mapping[str, tuple[int, ...]], strength: float = 0.3, seed: int = 3) -> dict[str, torch.Tensor]:
    """A tensor for each shape, the same for the same seed; what is named alpha is 1.5."""
    made = torch.Generator().manual_seed(seed)
    return {
        name: torch.tensor(1.5) if name.endswith("alpha") else torch.randn(shape, generator=made) * strength
        for name, shape in shapes.items()
    }


def adapter(file: Path, shapes: Mapping[str, tuple[int, ...]], seed: int = 3, **metadata: str) -> Path:
    """An adapter file of random tensors of these shapes."""
    save_file(random_like(shapes, seed=seed), file, metadata=metadata)
    return file


def _attention(module: torch.nn.Module, prefix: str, ends: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    found = {}
    for name, layer in module.named_modules():
        if name.endswith(ends) and isinstance(layer, torch.nn.Linear):
            spelled = name.removeprefix("text_model.").replace(".", "_")
            found[f"{prefix}_{spelled}"] = (layer.out_features, layer.in_features)
    return found


def _euler(**changes: Any) -> Any:
    return EulerDiscreteScheduler(beta_schedule="scaled_linear", steps_offset=1, **changes)


def _saved(pipeline: DiffusionPipeline, folder: Path) -> Path:
    pipeline.save_pretrained(folder)
    return folder


def _tokenizer() -> CLIPTokenizer:
    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def _text_config(projection_dim: int = WIDTH) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=514,
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        projection_dim=projection_dim,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )


def _unet(**changes: Any) -> UNet2DConditionModel:
    config: dict[str, Any] = {
        "sample_size": 8,
        "layers_per_block": 1,
        "block_out_channels": (16, 32),
        "norm_num_groups": 8,
        "attention_head_dim": 4,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }
    return UNet2DConditionModel(**(config | changes)).eval()


def _tiny_autoencoder() -> AutoencoderTiny:
    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    ).eval()


def _autoencoder(channels: int, **changes: Any) -> AutoencoderKL:
    config: dict[str, Any] = {
        "block_out_channels": (8, 8, 8, 8),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "latent_channels": channels,
        "sample_size": 64,
    }
    return AutoencoderKL(**(config | changes)).eval()
