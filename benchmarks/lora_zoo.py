"""LoRA files as users have them, and files that only look like them; what is wrong with the cards made of them."""

from __future__ import annotations

import os
import pickle
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.lora_makers import (
    Layer,
    Shapes,
    comfy,
    diffusers,
    dora,
    flat,
    full,
    kohya,
    locon,
    loha,
    lokr,
    oft,
    old_diffusers,
    peft,
    peft_dora,
    peft_named,
    raw,
    safetensors,
    spelled,
)
from benchmarks.results import Row
from knowledge.lora_files import read_card
from knowledge.problems import TryAgain

BLOCK = "down_blocks.1.attentions.0.transformer_blocks.0"


def unet(width: int) -> list[Layer]:
    """A self-attention and a cross-attention layer of a UNet whose text tokens have that width."""
    return [(f"{BLOCK}.attn1.to_q", 640, 640), (f"{BLOCK}.attn2.to_k", width, 640)]


SD1_SHALLOW: list[Layer] = [("down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", 320, 320)]
SDXL_DEEP: list[Layer] = [("mid_block.attentions.0.transformer_blocks.9.attn1.to_q", 1280, 1280)]
SDXL_ORIGINAL: list[Layer] = [("input_blocks.4.1.transformer_blocks.1.attn2.to_k", 2048, 640)]
B_LORA: list[Layer] = [
    (f"up_blocks.0.attentions.{n}.transformer_blocks.{depth}.attn2.to_v", 2048, 1280)
    for n in (0, 1)
    for depth in (0, 9)
]
CLIP_L: list[Layer] = [("text_model.encoder.layers.11.self_attn.k_proj", 768, 768)]
CLIP_H: list[Layer] = [("text_model.encoder.layers.22.self_attn.k_proj", 1024, 1024)]
CLIP_G: list[Layer] = [("text_model.encoder.layers.31.self_attn.k_proj", 1280, 1280)]
T5: list[Layer] = [("encoder.block.0.layer.0.SelfAttention.k", 4096, 4096)]
SD3_ORIGINAL: list[Layer] = [("joint_blocks.0.x_block.attn.qkv", 1536, 4608)]
SD3: list[Layer] = [("transformer_blocks.0.attn.to_q", 1536, 1536)]
FLUX_ORIGINAL: list[Layer] = [
    ("double_blocks.0.img_attn.qkv", 3072, 9216),
    ("single_blocks.37.linear1", 3072, 21504),
]
FLUX: list[Layer] = [
    ("transformer_blocks.18.attn.add_q_proj", 3072, 3072),
    ("single_transformer_blocks.0.proj_mlp", 3072, 12288),
]
FLUX2: list[Layer] = [("double_blocks.0.img_attn.qkv", 6144, 18432), ("single_blocks.47.linear1", 6144, 55296)]
KLEIN: list[Layer] = [("double_blocks.0.img_attn.qkv", 3072, 9216), ("single_blocks.0.linear1", 3072, 27648)]
QWEN: list[Layer] = [
    ("transformer_blocks.59.attn.to_q", 3072, 3072),
    ("transformer_blocks.0.img_mlp.net.2", 12288, 3072),
]
Z_IMAGE: list[Layer] = [("layers.0.attention.to_q", 3840, 3840)]
LUMINA: list[Layer] = [("layers.0.attention.qkv", 2304, 3840)]
WAN: list[Layer] = [("blocks.0.self_attn.q", 5120, 5120), ("blocks.39.cross_attn.k_img", 5120, 5120)]
HUNYUAN: list[Layer] = [("double_blocks.0.img_attn_qkv", 3072, 9216), ("double_blocks.0.img_mlp.fc1", 3072, 12288)]
LTX: list[Layer] = [("transformer_blocks.0.attn2.to_k", 2048, 2048)]
TE1, TE2, TE3 = ({"prefix": f"lora_te{number}_"} for number in "123")

READABLE: Mapping[str, tuple[Shapes, dict[str, str], str]] = {
    "kohya sd1": (spelled(kohya, unet(768)), {}, "sd1"),
    "kohya sd2": (spelled(kohya, unet(1024)), {}, "sd2"),
    "kohya sdxl": (spelled(kohya, unet(2048)), {}, "sdxl"),
    "kohya sdxl in the original names": (spelled(kohya, SDXL_ORIGINAL), {}, "sdxl"),
    "kohya sdxl refiner": (spelled(kohya, unet(1280)), {}, "sdxl-refiner"),
    "peft sd1": (spelled(peft, unet(768)), {}, "sd1"),
    "peft sdxl with an adapter's name": (spelled(peft_named, unet(2048)), {}, "sdxl"),
    "diffusers sd2": (spelled(diffusers, unet(1024)), {}, "sd2"),
    "diffusers sd1 of 2023": (spelled(old_diffusers, unet(768)), {}, "sd1"),
    "B-LoRA": (spelled(diffusers, B_LORA), {}, "sdxl"),
    "LoCon sd1": (spelled(kohya, unet(768)) | spelled(locon, [("mid_block.resnets.0.conv1", 1280, 1280)]), {}, "sd1"),
    "LoCon of convolutions alone": (spelled(locon, [("down_blocks.3.resnets.0.conv1", 1280, 1280)]), {}, "sd1"),
    "LoHa sdxl": (spelled(loha, unet(2048)), {}, "sdxl"),
    "LoKr sd1": (spelled(lokr, unet(768)), {}, "sd1"),
    "LoKr sdxl": (spelled(lokr, unet(2048)), {}, "sdxl"),
    "kohya DoRA sdxl": (spelled(dora, unet(2048)), {}, "sdxl"),
    "peft DoRA sd1": (spelled(peft_dora, unet(768)), {}, "sd1"),
    "OFT sd1": (spelled(oft, SD1_SHALLOW), {}, "sd1"),
    "OFT sdxl": (spelled(oft, SDXL_DEEP), {}, "sdxl"),
    "full difference sd1": (spelled(full, unet(768)), {}, "sd1"),
    "text encoder of sd1": (spelled(kohya, CLIP_L, prefix="lora_te_"), {}, "sd1"),
    "text encoder of sd2": (spelled(kohya, CLIP_H, prefix="lora_te_"), {}, "sd2"),
    "text encoders of sdxl": (spelled(kohya, CLIP_L, **TE1) | spelled(kohya, CLIP_G, **TE2), {}, "sdxl"),
    "text encoders of sd3 that say so": (
        spelled(kohya, CLIP_L, **TE1) | spelled(kohya, CLIP_G, **TE2),
        {"ss_base_model_version": "sd3m"},
        "sd3",
    ),
    "text encoders of sd3": (spelled(kohya, CLIP_G, **TE2) | spelled(kohya, T5, **TE3), {}, "sd3"),
    "text encoders of flux": (spelled(kohya, CLIP_L, **TE1) | spelled(kohya, T5, **TE3), {}, "flux"),
    "a text encoder that several have": (spelled(kohya, CLIP_L, **TE1), {}, "unknown"),
    "a text encoder that says whose": (spelled(kohya, CLIP_L, **TE1), {"ss_base_model_version": "flux1"}, "flux"),
    "kohya sd3": (spelled(kohya, SD3_ORIGINAL), {}, "sd3"),
    "diffusers sd3": (spelled(peft, SD3, prefix="transformer."), {}, "sd3"),
    "kohya flux": (spelled(kohya, FLUX_ORIGINAL), {}, "flux"),
    "comfy flux": (spelled(comfy, FLUX_ORIGINAL), {}, "flux"),
    "diffusers flux": (spelled(peft, FLUX, prefix="transformer."), {}, "flux"),
    "LoKr flux": (spelled(lokr, FLUX_ORIGINAL), {}, "flux"),
    "XLabs flux": ({"double_blocks.0.processor.qkv_lora1.down.weight": (16, 3072)}, {}, "flux"),
    "chroma, which looks like flux": (
        spelled(kohya, FLUX_ORIGINAL),
        {"modelspec__architecture": "chroma/lora"},
        "chroma",
    ),
    "flux 2": (spelled(comfy, FLUX2), {}, "flux2"),
    "flux 2 klein": (spelled(comfy, KLEIN), {}, "flux2"),
    "qwen image": (spelled(kohya, QWEN), {}, "qwenimage"),
    "z-image": (spelled(comfy, Z_IMAGE), {}, "zimage"),
    "lumina 2": (spelled(kohya, LUMINA), {}, "lumina2"),
    "wan": (spelled(comfy, WAN), {}, "wan"),
    "hunyuan video, which looks like flux": (spelled(kohya, HUNYUAN), {}, "hunyuanvideo"),
    "ltx, as wide as sdxl": (spelled(peft, LTX, prefix="transformer."), {}, "ltx"),
    "picture book": (spelled(kohya, unet(96)), {"modelspec__architecture": "picturebook/lora"}, "picturebook"),
    "a model nobody knows": ({"secret.0.lora_A.weight": (2, 7), "secret.0.lora_B.weight": (7, 2)}, {}, "unknown"),
    "sdxl that says sd1": (spelled(kohya, unet(2048)), {"ss_base_model_version": "sd_v1"}, "sdxl"),
    "a UNet that says flux": (spelled(kohya, unet(96)), {"ss_base_model_version": "flux1"}, "unknown"),
    "huge rank": ({f"lora_unet_{flat(BLOCK)}_attn2_to_k.lora_down.weight": (4096, 768)}, {}, "sd1"),
    "upper case.SAFETENSORS": (spelled(kohya, unet(768)), {}, "sd1"),
    "emoji 🎨 name": (spelled(kohya, unet(768)), {}, "sd1"),
    "two\nlines": (spelled(kohya, unet(768)), {}, "sd1"),
}

TENSOR = b'"a.lora_A.weight": {"dtype": "U8", "shape": [2], "data_offsets": '


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"lora": [1.0]}))


def torch_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"lora": [1.0]}))


def plain_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("my lora.safetensors", "…")


def truncated(path: Path) -> None:
    whole = safetensors(path, spelled(kohya, unet(768))).read_bytes()
    path.write_bytes(whole[:-100])


def loop(path: Path) -> None:
    path.symlink_to(path)


def holding(shapes: Shapes) -> Callable[[Path], object]:
    return lambda path: safetensors(path, shapes)


def header_of(header: bytes, data: bytes = b"", length: int | None = None) -> Callable[[Path], object]:
    return lambda path: raw(path, header, data, length)


REFUSED: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "empty": (Path.touch, "is empty: get it again"),
    "a torn download": (truncated, "is damaged"),
    "half a length": (lambda path: path.write_bytes(b"\x10\0\0"), "is damaged"),
    "a header longer than the file": (header_of(b"{}", length=1000), "is damaged"),
    "a header of exabytes": (header_of(b"{}", length=2**63), "is damaged"),
    "a header of many megabytes": (header_of(b"{" + b" " * (9 << 20) + b"}"), "header of more than 8 MB"),
    "a length that is no number": (
        header_of(b'{"a": {"dtype": "U8", "shape": [NaN], "data_offsets": [0, 2]}}', b"ab"),
        "is damaged",
    ),
    "negative offsets": (header_of(b"{" + TENSOR + b"[-2, 0]}}"), "is damaged"),
    "overlapping tensors": (
        header_of(b"{" + TENSOR + b"[0, 2]}, " + TENSOR.replace(b"_A", b"_B") + b"[1, 3]}}", b"abc"),
        "is damaged",
    ),
    "sizes that overflow": (
        header_of(b"{" + TENSOR.replace(b"[2]", b"[%d, 9]" % 2**62) + b"[0, 2]}}", b"ab"),
        "is damaged",
    ),
    "metadata that is not UTF-8": (
        header_of(b'{"__metadata__": {"a": "\xff"}, ' + TENSOR + b"[0, 2]}}", b"ab"),
        "is damaged",
    ),
    "metadata that is a list": (header_of(b'{"__metadata__": [], ' + TENSOR + b"[0, 2]}}", b"ab"), "is damaged"),
    "a deeply nested header": (header_of(b'{"a": ' + b"[" * 50_000), "is damaged"),
    "a web page": (lambda path: path.write_bytes(b"<html>Please log in</html>"), "is damaged or not safetensors"),
    "a pickle": (pickled, "is a pickled file, which can run code.*use a .safetensors LoRA"),
    "a zip of torch.save": (torch_zip, "is a pickled file"),
    "a zip": (plain_zip, "is a zip archive: unpack it"),
    "old.ckpt": (torch_zip, "is a pickled file"),
    "older.pt": (pickled, "is a pickled file"),
    "a GGUF file": (lambda path: path.write_bytes(b"GGUF\x03\0\0\0" + b"\1" * 40), "is a GGUF file"),
    "a Git LFS pointer": (
        lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
        "is a Git LFS pointer.*git lfs pull",
    ),
    "no tensors": (lambda path: safetensors(path, {}, ss_output_name="nothing"), "holds no tensors: get it again"),
    "a checkpoint": (
        holding({"model.diffusion_model.input_blocks.0.0.weight": (4, 4), "cond_stage_model.x.weight": (4,)}),
        "is a whole checkpoint, not a LoRA",
    ),
    "a checkpoint with a LoRA in it": (
        holding({"unet.mid_block.to_q.base_layer.weight": (4, 4), "unet.mid_block.to_q.lora_A.x.weight": (2, 4)}),
        "is a whole checkpoint, not a LoRA",
    ),
    "a transformer": (holding({"double_blocks.0.img_attn.qkv.weight": (9, 3)}), "is a whole model, not a LoRA"),
    "a ControlNet": (holding({"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3)}), "is a ControlNet"),
    "a ControlNet of Flux": (holding({"controlnet_blocks.0.weight": (8, 8)}), "is a ControlNet"),
    "a Control-LoRA": (
        holding({"lora_controlnet": (0,), "input_blocks.1.0.emb_layers.1.down": (4, 8)}),
        "is a ControlNet, not a LoRA",
    ),
    "an IP-Adapter with a LoRA in it": (
        holding({"image_proj.norm.weight": (8,), "ip_adapter.0.to_q_lora.down.weight": (4, 8)}),
        "is an IP-Adapter, not a LoRA",
    ),
    "a T2I-Adapter": (holding({"adapter.body.0.in_conv.weight": (4, 4)}), "is a T2I-Adapter"),
    "a VAE": (holding({"decoder.conv_in.weight": (8, 4, 3, 3), "encoder.conv_in.weight": (8, 3, 3, 3)}), "is a VAE"),
    "a text encoder": (holding({"text_model.embeddings.position_ids": (1, 77)}), "is a text encoder"),
    "a hypernetwork": (holding({"768.0.linear.0.weight": (8, 8)}), "is a hypernetwork"),
    "an embedding": (holding({"emb_params": (4, 768)}), "is an embedding"),
    "an embedding of sdxl": (holding({"clip_l": (2, 768), "clip_g": (2, 1280)}), "is an embedding"),
    "an embedding called by its word": (holding({"<my-cat>": (768,)}), "is an embedding"),
    "a motion module": (holding({"down_blocks.0.motion_modules.0.pe": (8,)}), "is an AnimateDiff motion module"),
    "a LoRA of a language model": (
        lambda path: safetensors(
            path, spelled(peft, [("model.layers.0.self_attn.q_proj", 64, 64)], prefix="base_model.model.")
        ),
        "is an adapter of a language model",
    ),
    "some other network": (holding({"conv_first.weight": (3, 3)}), "holds no LoRA weights"),
    "a folder": (Path.mkdir, "cannot be read"),
    "a link to itself": (loop, "cannot be read"),
    "a link to nothing": (lambda path: path.symlink_to("gone"), "cannot be read"),
    "a pipe": (os.mkfifo, "cannot be read"),
}


def named(folder: Path, name: str) -> Path:
    return folder / (name if Path(name).suffix in (".SAFETENSORS", ".ckpt", ".pt") else f"{name}.safetensors")


def k11(share: float) -> list[Row]:
    """All of them, whatever the share: they are few."""
    with tempfile.TemporaryDirectory() as folder:
        wrong = misjudged(Path(folder))
    for line in wrong:
        print(line)
    what = f"{len(READABLE)} LoRA files and {len(REFUSED)} that are none: wrong families, refusals without a reason"
    return [Row("K11", what, len(wrong), len(wrong), len(wrong), "files", "equal", 0)]


def misjudged(folder: Path) -> list[str]:
    """What is wrong with the cards, or the refusals, of all of them; ideally nothing."""
    return [
        *(wrong for name in READABLE if (wrong := wrong_card(folder, name))),
        *(wrong for name in REFUSED if (wrong := wrong_refusal(folder, name))),
    ]


def wrong_card(folder: Path, name: str) -> str:
    shapes, metadata, family = READABLE[name]
    try:
        found = read_card(safetensors(named(folder, name), shapes, **metadata)).base_model
    except TryAgain as problem:
        return f"{name!r} was refused: {problem}"
    return "" if found == family else f"{name!r} is {family} and was taken for {found}"


def wrong_refusal(folder: Path, name: str) -> str:
    """The reason is one line that names the file, not its folder, and says what is the matter."""
    make, why = REFUSED[name]
    path = named(folder, name)
    make(path)
    try:
        read_card(path)
    except TryAgain as problem:
        said = str(problem)
        good = re.search(why, said) and path.name in said and str(folder) not in said and re.fullmatch(r".+\.", said)
        return "" if good else f"{name!r} was refused with {said!r}"
    return f"{name!r} was not refused"
