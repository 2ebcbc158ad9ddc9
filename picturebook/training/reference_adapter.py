"""The IP-Adapter (Ye et al. 2023): what a reference drawing shows, in the colour and place that the words say."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from picturebook.album import Drawings, draw_many, kept_album
from picturebook.layouts import figments, lone_figment, shown
from picturebook.references import references
from picturebook.scene import KINDS, Noun, Scene
from picturebook.training.albums import style_album
from picturebook.training.loop import Course, Studio, channels_last, on, train
from picturebook.training.painter import WIDTH, noise
from picturebook.training.studies import Studies, studies, tokens, wish

BATCH = 32
SHAPES = 16000  # without a name: only by looking can one know them
NAMED = 0.2  # of the pictures show what words could say too
UNSEEN = 0.1  # of the time no reference, for classifier-free guidance
MEANS, SPREADS = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""CLIP's own for pixels in 0..1, which pipelines take for an encoder that comes with an adapter."""


FULL = {"ff.net.0.proj": "proj.0", "ff.net.2": "proj.2", "norm": "proj.3"}
"""The projection's layers, and what the files of this kind call them."""


class Beholder(nn.Module):
    """All that learns: the image encoder, the projection of its tokens, and the UNet's keys and values for them."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        """`unet` gets the adapter's attention; its own weights stay."""
        super().__init__()
        self.encoder = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=WIDTH,
                intermediate_size=2 * WIDTH,
                projection_dim=WIDTH,
                num_hidden_layers=3,
                num_attention_heads=4,
                image_size=128,
                patch_size=8,
            )
        )
        unet._load_ip_adapter_weights([fresh(unet)], low_cpu_mem_usage=False)
        adapter: Any = unet.encoder_hid_proj
        self.projection: nn.Module = adapter.image_projection_layers[0]
        self.attention = nn.ModuleList(part for part in unet.attn_processors.values() if isinstance(part, nn.Module))

    def seen(self, pictures: Tensor) -> list[Tensor]:
        """Pictures (n, 3, 128, 128), normalised, to what the UNet takes for them: [(n, 1, 257, width)]."""
        return [self.encoder(pictures, output_hidden_states=True).hidden_states[-2][:, None]]

    def file(self) -> dict[str, Tensor]:
        """As `load_ip_adapter` reads it, of the kind that looks at every patch ("full")."""
        made: dict[str, Tensor] = {}
        for name, value in self.projection.state_dict().items():
            layer, _, part = name.rpartition(".")
            made[f"image_proj.{FULL[layer]}.{part}"] = value
        for number, part in enumerate(self.attention):
            for way in ("k", "v"):
                made[f"ip_adapter.{2 * number + 1}.to_{way}_ip.weight"] = part.state_dict()[f"to_{way}_ip.0.weight"]
        return {key: value.half().contiguous() for key, value in made.items()}


def fresh(unet: UNet2DConditionModel) -> dict[str, dict[str, Tensor]]:
    """An adapter that changes nothing yet: its values are 0."""
    projection = {
        "proj.0.weight": torch.randn(WIDTH, WIDTH) / WIDTH**0.5,
        "proj.0.bias": torch.zeros(WIDTH),
        "proj.2.weight": torch.randn(WIDTH, WIDTH) / WIDTH**0.5,
        "proj.2.bias": torch.zeros(WIDTH),
        "proj.3.weight": torch.ones(WIDTH),
        "proj.3.bias": torch.zeros(WIDTH),
    }
    attention: dict[str, Tensor] = {}
    layers = (name.removesuffix(".processor") for name in unet.attn_processors if ".attn2." in name)
    for number, layer in enumerate(layers):
        keys = unet.state_dict()[f"{layer}.to_k.weight"]
        attention[f"{2 * number + 1}.to_k_ip.weight"] = keys.clone()
        attention[f"{2 * number + 1}.to_v_ip.weight"] = torch.zeros_like(keys)
    return {"image_proj": projection, "ip_adapter": attention}


@dataclass(frozen=True)
class Portraits:
    """Scenes with something without a name in them, and of each such thing another drawing."""

    targets: Studies
    references: Drawings


def portraits(studio: Studio, pipeline: StableDiffusionPipeline) -> Portraits:
    rng = random.Random("portraits")
    count = studio.count(SHAPES)
    scenes = tuple(shown(rng, lone_figment if rng.random() < 0.65 else figments) for _ in range(count))
    others = tuple(portrait(scene, rng) for scene in scenes)
    targets = kept_album(studio.cache, "sitters", scenes, studio.say)
    return Portraits(
        studies(studio, pipeline.vae, targets), kept_album(studio.cache, "portraits", others, studio.say).drawings
    )


def portrait(scene: Scene, rng: random.Random) -> Scene:
    """What has no name there, alone, in another place and colour."""
    odd = next(thing for thing in scene.things if thing.figment)
    other = shown(rng, lone_figment)
    (thing,) = other.things
    return Scene(
        (type(thing)("thing", thing.colour, "centre", odd.figment),), other.background, "plain", other.variation
    )


def normalised(drawings: Drawings, device: str) -> Tensor:
    read = torch.from_numpy(np.array(drawings)).to(device).permute(0, 3, 1, 2).float() / 255
    means, spreads = (torch.tensor(three, device=device)[:, None, None] for three in (MEANS, SPREADS))
    return (read - means) / spreads


@dataclass(frozen=True)
class Sitting:
    """What a batch is drawn from: what has no name with its portrait, what has one with a drawing of its kind."""

    odd: Portraits
    named: Studies
    shelf: Mapping[Noun, Drawings]

    def pick(self, chance: random.Random) -> tuple[Tensor, Scene, NDArray[np.uint8]]:
        """A scene's latents, the scene, and a reference drawing of one of its things."""
        if chance.random() < NAMED:
            at = chance.randrange(len(self.named.scenes))
            kind = chance.choice(self.named.scenes[at].things).kind
            if kind in self.shelf:
                return self.named.latents[at], self.named.scenes[at], chance.choice(self.shelf[kind])
        at = chance.randrange(len(self.odd.references))
        return self.odd.targets.latents[at], self.odd.targets.scenes[at], self.odd.references[at]


def train_reference_adapter(studio: Studio, pipeline: StableDiffusionPipeline, full: int = 12000) -> Beholder:
    torch.manual_seed(7)
    unet = channels_last(on(studio.device, pipeline.unet)).requires_grad_(False)
    beholder = on(studio.device, Beholder(unet))
    beholder.attention.requires_grad_(True)
    named = studies(studio, pipeline.vae, style_album(studio))
    shelf: dict[Noun, Drawings] = {kind: draw_many(references(kind, 12)) for kind in KINDS}
    sitting = Sitting(portraits(studio, pipeline), named, shelf)
    process = noise()

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        chance = random.Random(int(rng.integers(1 << 31)))
        latents, scenes, looks = zip(*(sitting.pick(chance) for _ in range(BATCH)), strict=True)
        noisy, times, target = process.mixed(torch.stack(latents))
        with torch.no_grad():
            said = [wish(scene, chance) for scene in scenes]
            words = pipeline.text_encoder(tokens(pipeline.tokenizer, said, studio.device))[0]
        pictures = normalised(np.stack(looks), studio.device)
        blind = torch.from_numpy(rng.random(BATCH) < UNSEEN).to(studio.device)
        seen = beholder.seen(torch.where(blind[:, None, None, None], 0.0, pictures))
        drawn = unet(noisy, times, words, added_cond_kwargs={"image_embeds": seen}).sample
        return {"v": process.loss(drawn, target, times)}

    train(studio, Course("ip-adapter", studio.steps(full), lr=1e-3, decay=0.998), beholder, loss)
    return beholder


def save_reference_adapter(beholder: Beholder, folder: Path) -> None:
    """`ip-adapter.safetensors`, and the encoder beside it in `image_encoder`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(beholder.file(), folder / "ip-adapter.safetensors", {"format": "pt"})
    beholder.encoder.half().save_pretrained(folder / "image_encoder")
    beholder.encoder.float()
