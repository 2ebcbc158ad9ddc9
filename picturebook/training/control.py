"""The ControlNets: small nets that read a map and tell the painter's UNet where things go."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from diffusers import ControlNetModel, StableDiffusionPipeline
from torch import Tensor

from picturebook.album import Drawings, kept_album
from picturebook.book import Book, Control
from picturebook.edges import as_picture, edges
from picturebook.layouts import alone, lone_figment, shown
from picturebook.maps import depth, hole, sketch
from picturebook.scene import BACKGROUNDS, COLOURS, Scene
from picturebook.training.albums import style_album
from picturebook.training.loop import Course, Studio, channels_last, on, train
from picturebook.training.painter import WIDTH, noise
from picturebook.training.studies import Studies, studies, tokens, wish

BATCH = 24
UNSAID = 0.3  # of the time without a caption, so that the map must speak
UNNAMED = 0.8  # of the captions call everything a thing: only the map says what it is
SITTERS, ODD = 12000, 0.8  # drawings of one thing, and how many are of one without a name
Picture = np.ndarray


def build(pipeline: StableDiffusionPipeline) -> ControlNetModel:
    """Without attention, which the map has no use for: half the size, and a third faster."""
    unet: Any = pipeline.unet.config
    net = ControlNetModel(
        block_out_channels=unet.block_out_channels,
        down_block_types=("DownBlock2D",) * len(unet.block_out_channels),
        mid_block_type="UNetMidBlock2D",
        layers_per_block=unet.layers_per_block,
        norm_num_groups=unet.norm_num_groups,
        cross_attention_dim=WIDTH,
        conditioning_embedding_out_channels=(16, 24, 32, 64),
    )
    learnt = pipeline.unet.state_dict()
    net.load_state_dict({name: learnt[name] for name in net.state_dict() if name in learnt}, strict=False)
    return net


def canny(scene: Scene, drawing: Picture, rng: random.Random) -> Picture:
    """As different users' detectors would draw it."""
    low = rng.uniform(30, 120)
    return as_picture(edges(drawing, low, low * rng.uniform(1.8, 2.6), smooth=rng.random() < 0.5))


def scribble(scene: Scene, drawing: Picture, rng: random.Random) -> Picture:
    return as_picture(sketch(scene, drawing, rng))


def deep(scene: Scene, drawing: Picture, rng: random.Random) -> Picture:
    return np.repeat(depth(scene)[..., None], 3, axis=2)


def inpaint(scene: Scene, drawing: Picture, rng: random.Random) -> Picture:
    """The hole is black, and nothing else: it becomes -1, which no picture has."""
    return np.where(hole(scene, rng)[..., None], 0, np.maximum(drawing, 1)).astype(np.uint8)


def tile(scene: Scene, drawing: Picture, rng: random.Random) -> Picture:
    """As it is."""
    return drawing


MAPS: dict[Control, Callable[[Scene, Picture, random.Random], Picture]] = {
    "canny": canny,
    "scribble": scribble,
    "depth": deep,
    "inpaint": inpaint,
    "tile": tile,
}


def maps(kind: Control, scenes: Sequence[Scene], drawings: Drawings, chance: random.Random, device: str) -> Tensor:
    """(n, 3, 128, 128) in 0..1, and -1 where a picture is to be filled in."""
    made = [MAPS[kind](scene, drawing, chance) for scene, drawing in zip(scenes, drawings, strict=True)]
    read = torch.from_numpy(np.stack(made)).to(device).permute(0, 3, 1, 2).float() / 255
    return holed(read) if kind == "inpaint" else read


def asked(kind: Control, scene: Scene, chance: random.Random) -> str:
    """What is said beside the map: nothing, what it is, or where a map shows it only what it is like."""
    if chance.random() < UNSAID:
        return ""
    share = {"inpaint": 0.0, "tile": 1.0}.get(kind, UNNAMED)
    return wish(unnamed(scene) if chance.random() < share else scene, chance)


def unnamed(scene: Scene) -> Scene:
    return replace(scene, things=tuple(replace(thing, kind="thing") for thing in scene.things))


def holed(read: Tensor) -> Tensor:
    return torch.where(read.amax(1, keepdim=True) == 0, -1.0, read)


@dataclass(frozen=True)
class Models:
    """Latents of what is to be drawn, and the drawings that its maps are made of."""

    targets: Studies
    drawings: Drawings


def models(studio: Studio, pipeline: StableDiffusionPipeline, kind: Control) -> Models:
    """What tiles show is to be drawn in other colours and before something else, so they are drawings of that."""
    if kind != "tile":
        album = style_album(studio)
        return Models(studies(studio, pipeline.vae, album), album.drawings)
    rng = random.Random("sitters")
    scenes = tuple(shown(rng, lone_figment if rng.random() < ODD else alone) for _ in range(studio.count(SITTERS)))
    others = tuple(twin(scene, rng) for scene in scenes)
    targets = kept_album(studio.cache, "sitters", scenes, studio.say)
    return Models(
        studies(studio, pipeline.vae, targets),
        kept_album(studio.cache, "twins-of-sitters", others, studio.say).drawings,
    )


def twin(scene: Scene, rng: random.Random) -> Scene:
    """The same in the same place, but not as it is said of it."""
    things = tuple(replace(thing, colour=rng.choice(COLOURS)) for thing in scene.things)
    return replace(scene, things=things, background=rng.choice(BACKGROUNDS))


def train_control(
    studio: Studio, pipeline: StableDiffusionPipeline, kind: Control = "canny", full: int = 2500
) -> ControlNetModel:
    torch.manual_seed(2)
    known = Book(studio.models).controlnet_folder(kind).exists()
    net = Book(studio.models).controlnet(kind) if studio.onward and known else build(pipeline)
    net = channels_last(on(studio.device, net))
    given = models(studio, pipeline, kind)
    channels_last(pipeline.unet).requires_grad_(False)
    pipeline.text_encoder.requires_grad_(False)
    process = noise()

    def loss(step: int, rng: np.random.Generator) -> Mapping[str, Tensor]:
        picked = rng.integers(len(given.drawings), size=BATCH)
        chance = random.Random(int(rng.integers(1 << 31)))
        scenes = [given.targets.scenes[index] for index in picked]
        said = [asked(kind, scene, chance) for scene in scenes]
        words = pipeline.text_encoder(tokens(pipeline.tokenizer, said, studio.device))[0]
        noisy, times, target = process.mixed(given.targets.latents[torch.from_numpy(picked)])
        read = maps(kind, scenes, given.drawings[picked], chance, studio.device)
        down, middle = net(noisy, times, words, read, return_dict=False)
        drawn = pipeline.unet(
            noisy, times, words, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample
        return {"v": process.loss(drawn, target, times)}

    train(studio, Course(f"controlnet-{kind}", studio.steps(full), lr=1e-3, decay=0.995), net, loss)
    return net
