"""Small random models that read pictures, in the shape of those on the hub, for the preprocessors that need weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    DPTImageProcessor,
    RTDetrConfig,
    RTDetrForObjectDetection,
    RTDetrImageProcessor,
    RTDetrResNetConfig,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessor,
    VitPoseBackboneConfig,
    VitPoseConfig,
    VitPoseForPoseEstimation,
    VitPoseImageProcessor,
)


def labels(count: int) -> dict[str, Any]:
    """What every configuration takes and none declares."""
    return {"num_labels": count}


def _sure(bias: Any, sees: int) -> None:
    torch.nn.init.constant_(bias, -9.0)
    bias.data[sees] = 9.0


def depth_anything(folder: Path) -> Path:
    torch.manual_seed(0)
    stages: dict[str, Any] = {"out_indices": [1, 2, 3, 4]}
    backbone = Dinov2Config(
        hidden_size=24,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=56,
        patch_size=14,
        reshape_hidden_states=False,
        **stages,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=24,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=8,
    )
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    DPTImageProcessor(size={"height": 56, "width": 56}, ensure_multiple_of=14, keep_aspect_ratio=True).save_pretrained(
        folder
    )
    return folder


def rt_detr(folder: Path, sees: int) -> Path:
    """Sure that everything is of that class of COCO."""
    torch.manual_seed(0)
    stages: dict[str, Any] = {"out_features": ["stage2", "stage3", "stage4"]}
    backbone = RTDetrResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 16, 16], depths=[1, 1, 1, 1], **stages)
    config = RTDetrConfig(
        backbone_config=backbone,
        encoder_hidden_dim=32,
        encoder_in_channels=[16, 16, 16],
        encoder_layers=1,
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        d_model=32,
        num_queries=4,
        decoder_in_channels=[32, 32, 32],
        decoder_ffn_dim=32,
        decoder_layers=1,
        decoder_attention_heads=2,
        num_denoising=0,
        **labels(80),
    )
    model = RTDetrForObjectDetection(config)
    for name, parameter in model.named_parameters():
        if name.endswith(("class_embed.0.bias", "enc_score_head.bias")):
            _sure(parameter, sees)
    model.save_pretrained(folder)
    RTDetrImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


def vitpose(folder: Path) -> Path:
    """Sure of every joint, wherever it sees it."""
    torch.manual_seed(0)
    stages: dict[str, Any] = {"out_indices": [1]}
    backbone = VitPoseBackboneConfig(
        image_size=[64, 48], hidden_size=32, num_hidden_layers=1, num_attention_heads=2, **stages
    )
    model = VitPoseForPoseEstimation(VitPoseConfig(backbone_config=backbone, **labels(17)))
    model.head.conv.bias = torch.nn.Parameter(torch.ones(17))
    model.save_pretrained(folder)
    VitPoseImageProcessor(size={"height": 64, "width": 48}).save_pretrained(folder)
    return folder


def segformer(folder: Path, sees: int) -> Path:
    """Sure that every pixel is of that one of 150 classes."""
    torch.manual_seed(0)
    config = SegformerConfig(
        hidden_sizes=[8, 8, 8, 8],
        depths=[1, 1, 1, 1],
        decoder_hidden_size=8,
        num_attention_heads=[1] * 4,
        **labels(150),
    )
    model = SegformerForSemanticSegmentation(config)
    _sure(model.decode_head.classifier.bias, sees)
    model.save_pretrained(folder)
    SegformerImageProcessor(size={"height": 64, "width": 64}, do_reduce_labels=True).save_pretrained(folder)
    return folder


def annotators(folder: Path) -> Path:
    """What controlnet-aux reads, with random weights: HED, PiDiNet, M-LSD and line art."""
    from controlnet_aux.hed import ControlNetHED_Apache2
    from controlnet_aux.lineart import Generator
    from controlnet_aux.mlsd import MobileV2_MLSD_Large
    from controlnet_aux.pidi import pidinet

    torch.manual_seed(0)
    folder.mkdir()
    torch.save(ControlNetHED_Apache2().state_dict(), folder / "ControlNetHED.pth")
    parts = {f"module.{name}": tensor for name, tensor in pidinet().state_dict().items()}
    torch.save({"state_dict": parts}, folder / "table5_pidinet.pth")
    torch.save(MobileV2_MLSD_Large().state_dict(), folder / "mlsd_large_512_fp32.pth")
    for name in ("sk_model.pth", "sk_model2.pth"):
        torch.save(Generator(3, 1, 3).state_dict(), folder / name)
    return folder
