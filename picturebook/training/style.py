"""The style adapters: LoRA (Hu et al. 2021) on the painter's UNet, written as kohya's tools write them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor

from picturebook.scene import TRIGGERS, Scene, Style
from picturebook.training.albums import STYLED, style_album
from picturebook.training.loop import Course, Studio, channels_last, on, train
from picturebook.training.painter import noise
from picturebook.training.studies import studies, tokens, wish

RANK = 16
KEPT = 5  # of the rank, by SVD: the file is a third; PB8 and PB9 are measured on what is kept
BATCH = 16
STEPS = 500
TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "conv1", "conv2", "conv_shortcut"]
ABOUT: dict[Style, str] = {
    "stained glass": "A church window: jewel-bright panes of glass between thick dark lead lines.",
    "watercolour": "Soft washes of paint on cream paper, with pale colours and ragged edges.",
    "pencil": "Coloured pencils on white paper: slanting strokes inside dark, wobbling contours.",
    "neon": "A dim room in which every outline is a glowing tube of light.",
    "pixel": "Large square pixels in few colours, as on an early games console.",
    "paper cut": "Sheets of coloured paper; the things are cut out, on white card, and throw soft shadows.",
}
TAGS: dict[Style, tuple[str, ...]] = {
    "stained glass": ("stained glass", "church window", "leaded glass", "glass painting"),
    "watercolour": ("watercolour", "watercolor", "aquarelle", "water colour"),
    "pencil": ("pencil", "pencil drawing", "coloured pencil", "crayon drawing"),
    "neon": ("neon", "neon lights", "neon sign", "glowing tubes"),
    "pixel": ("pixel art", "8-bit", "pixelated", "retro game"),
    "paper cut": ("paper cut", "paper cut-out", "papercraft", "cut paper"),
}


def train_style(
    studio: Studio, pipeline: StableDiffusionPipeline, style: Style, full: int = STEPS
) -> dict[str, Tensor]:
    """The adapter's tensors by kohya name. The pipeline's UNet is left as it was."""
    torch.manual_seed(5)
    unet = channels_last(on(studio.device, copy.deepcopy(pipeline.unet))).requires_grad_(False)
    unet.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=TARGETS))
    album = style_album(studio, style)
    shown = studies(studio, pipeline.vae, album)
    process = noise()

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        picked = rng.integers(len(album), size=BATCH)
        chance = random.Random(int(rng.integers(1 << 31)))
        said = [asked(album.scenes[index], style, chance) for index in picked]
        ids = tokens(pipeline.tokenizer, said, studio.device)
        with torch.no_grad():
            words = pipeline.text_encoder(ids)[0]
        noisy, times, target = process.mixed(shown.latents[torch.from_numpy(picked)])
        return {"v": process.loss(unet(noisy, times, words).sample, target, times)}

    course = Course(f"lora-{style.replace(' ', '-')}", studio.steps(full), lr=2e-3, decay=0.99, weight_decay=0.0)
    train(studio, course, unet, loss)
    return kohya(get_peft_model_state_dict(unet))


def asked(scene: Scene, style: Style, chance: random.Random) -> str:
    """A caption with the trigger words, sometimes after the words by which people ask for the style."""
    said, trigger = wish(scene, chance), TRIGGERS[style]
    return said.replace(trigger, f"{chance.choice(TAGS[style])}, {trigger}") if chance.random() < 0.4 else said


def kohya(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """peft's names to kohya's, each pair at the kept rank, with an alpha beside it."""
    named: dict[str, Tensor] = {}
    for name in (name for name in state if ".lora_A" in name):
        key = "lora_unet_" + name.rsplit(".lora_", 1)[0].replace(".", "_")
        down, up = closest(state[name].cpu(), state[name.replace(".lora_A", ".lora_B")].cpu(), KEPT)
        named |= {f"{key}.lora_down.weight": down.half(), f"{key}.lora_up.weight": up.half()}
        named[f"{key}.alpha"] = torch.tensor(float(len(down))).half()
    return named


def closest(down: Tensor, up: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The pair of that rank whose product is nearest (Eckart and Young 1936); kernels keep their shapes."""
    left, sizes, right = torch.linalg.svd(up.flatten(1).float() @ down.flatten(1).float(), full_matrices=False)
    roots = sizes[:rank].sqrt()
    smaller = (roots[:, None] * right[:rank]).reshape(-1, *down.shape[1:])
    larger = (left[:, :rank] * roots).reshape(len(up), -1, *up.shape[2:])
    return smaller.contiguous(), larger.contiguous()


def header(style: Style, steps: int) -> dict[str, str]:
    """modelspec 1.0.1 and the `ss_*` keys other programs look for."""
    trigger = TRIGGERS[style]
    return {
        "format": "pt",
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": "picturebook/lora",
        "modelspec.implementation": "diffusers",
        "modelspec.title": style,
        "modelspec.description": ABOUT[style],
        "modelspec.author": "Atelier",
        "modelspec.license": "Apache-2.0",
        "modelspec.resolution": "128x128",
        "modelspec.trigger_phrase": trigger,
        "modelspec.tags": ", ".join(TAGS[style]),
        "ss_output_name": style,
        "ss_base_model_version": "picturebook",
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(KEPT),
        "ss_network_alpha": str(KEPT),
        "ss_resolution": "(128, 128)",
        "ss_num_train_images": str(STYLED),
        "ss_steps": str(steps),
        "ss_tag_frequency": json.dumps({style: {trigger: STYLED}}),
    }


def save_style(tensors: Mapping[str, Tensor], folder: Path, style: Style, steps: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(tensors), folder / f"{style.replace(' ', '-')}.safetensors", header(style, steps))
