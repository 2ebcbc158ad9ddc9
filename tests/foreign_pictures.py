"""Image files with the metadata that other tools write, in the shapes those tools write it."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

A1111 = (
    "masterpiece, a red fox in the snow <lora:ink_wash:0.8>\n"
    "Negative prompt: blurry, lowres\n"
    "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 2744391234, Size: 512x768, "
    'Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Clip skip: 2, Lora hashes: "ink_wash: 0123456789ab", '
    "Version: v1.10.1"
)
COMFYUI_PROMPT = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 156680208700286,
            "steps": 20,
            "cfg": 8.0,
            "sampler_name": "euler_ancestral",
            "scheduler": "normal",
            "denoise": 1.0,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15/v1-5-pruned-emaonly.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 640, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a glass bottle with a galaxy", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "text, watermark", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
}
COMFYUI_WORKFLOW = {
    "last_node_id": 9,
    "last_link_id": 9,
    "nodes": [],
    "links": [
        [1, 4, 0, 3, 0, "MODEL"],
        [2, 5, 0, 3, 3, "LATENT"],
        [3, 4, 1, 6, 0, "CLIP"],
        [4, 6, 0, 3, 1, "CONDITIONING"],
        [5, 4, 1, 7, 0, "CLIP"],
        [6, 7, 0, 3, 2, "CONDITIONING"],
        [7, 3, 0, 8, 0, "LATENT"],
        [8, 4, 2, 8, 1, "VAE"],
        [9, 8, 0, 9, 0, "IMAGE"],
    ],
    "version": 0.4,
}
INVOKEAI = {
    "generation_mode": "txt2img",
    "positive_prompt": "a lighthouse at dusk",
    "negative_prompt": "people",
    "width": 1024,
    "height": 832,
    "seed": 3471221,
    "cfg_scale": 7.5,
    "steps": 28,
    "scheduler": "dpmpp_2m_k",
    "model": {"key": "d6c7", "hash": "blake3:1f", "name": "Dreamshaper 8", "base": "sd-1", "type": "main"},
    "app_version": "5.6.0",
}
NOVELAI = {
    "Title": "AI generated image",
    "Description": "a lonely teapot, watercolour",
    "Software": "NovelAI",
    "Source": "Stable Diffusion 1D44365E",
    "Comment": json.dumps(
        {
            "prompt": "a lonely teapot, watercolour",
            "steps": 28,
            "height": 768,
            "width": 512,
            "scale": 11.0,
            "seed": 1903414832,
            "sampler": "k_euler_ancestral",
            "noise_schedule": "native",
            "uc": "lowres, bad hands",
        }
    ),
}
FOOOCUS = {
    "adm_guidance": "(1.5, 0.8, 0.3)",
    "base_model": "juggernautXL_v8Rundiffusion",
    "base_model_hash": "aeb7e9e689",
    "guidance_scale": 4.0,
    "loras": [["sd_xl_offset_example-lora_1.0", 0.1, "4852686128"]],
    "metadata_scheme": "fooocus",
    "negative_prompt": "ugly",
    "performance": "Speed",
    "prompt": "a castle made of cheese",
    "refiner_model": "None",
    "refiner_switch": 0.5,
    "resolution": "(1152, 896)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "7214031415926535",
    "sharpness": 2.0,
    "steps": 30,
    "styles": "['Fooocus V2', 'Fooocus Sharp']",
    "vae": "Default (model)",
    "version": "Fooocus v2.5.5",
}


def png(path: Path, size: tuple[int, int] = (64, 64), /, **texts: str) -> Path:
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    Image.new("RGB", size, "teal").save(path, "PNG", pnginfo=info)
    return path


def with_comment(path: Path, text: str, order: str = "utf-16-be") -> Path:
    """A JPEG or WebP, by the name, whose EXIF comment is `text`."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"UNICODE\0" + text.encode(order)
    Image.new("RGB", (64, 64), "teal").save(path, exif=exif)
    return path


def png_bytes(width: int, height: int, mode: str = "RGB") -> bytes:
    out = BytesIO()
    Image.new(mode, (width, height)).save(out, "PNG")
    return out.getvalue()
