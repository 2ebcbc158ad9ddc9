"""What the judge reads rightly, and what the painter makes of counts, relations, things unseen and maps."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
from diffusers import StableDiffusionControlNetPipeline
from PIL import Image

from benchmarks.results import Row, rate
from picturebook.album import draw_many
from picturebook.book import Control
from picturebook.examiner import GUIDANCE, Examiner, Pair, Pictures, painted, paired
from picturebook.layouts import Layout, alone, pair, set_out, side_by_side, stacked, trio
from picturebook.references import references
from picturebook.scene import COLOURS, RARE, STYLES, Scene, Thing, captions, is_held_out
from picturebook.training.control import MAPS, unnamed
from picturebook.training.loop import pixels

UNGUIDED = 1.0
LAYOUTS = (alone, side_by_side, stacked, pair, trio)


def wanted(rng: random.Random, layout: Layout) -> Scene:
    """A scene of that layout in which every triple was kept from training."""
    made = iter(lambda: set_out(rng, layout), None)
    return next(s for s in made if all(is_held_out(t.kind, t.colour, s.background) for t in s.things))


def rare_scene(rng: random.Random) -> Scene:
    """Something that no training shows, alone."""
    scene = set_out(rng, alone)
    return replace(scene, things=(Thing(rng.choice(RARE), rng.choice(COLOURS)),))


def anything(rng: random.Random) -> Scene:
    """Any layout and style; one in six shows something that no training shows."""
    scene = rare_scene(rng) if rng.random() < 1 / 6 else set_out(rng, rng.choice(LAYOUTS))
    return replace(scene, style=rng.choices(STYLES, (6, *(1,) * (len(STYLES) - 1)))[0])


def marks(pairs: Iterable[Pair]) -> dict[str, list[bool]]:
    """Right or wrong, attribute by attribute; what a thing is, is only asked where as many were seen."""
    found: dict[str, list[bool]] = {
        name: [] for name in ("count", "kind", "unseen kind", "colour", "relation", "background", "style")
    }
    for want, got in pairs:
        same = len(want.things) == len(got.things)
        found["count"].append(same)
        found["background"].append(want.background == got.background)
        found["style"].append(want.style == got.style)
        if same and len(want.things) == 2:
            found["relation"].append([t.place for t in want.things] == [t.place for t in got.things])
        for thing, read in zip(want.things, got.things, strict=True) if same else ():
            found["unseen kind" if thing.kind in RARE else "kind"].append(thing.kind == read.kind)
            found["colour"].append(thing.colour == read.colour)
    return {name: hits for name, hits in found.items() if hits}


@torch.no_grad()
def worn(examiner: Examiner, drawings: Pictures) -> Pictures:
    """As the autoencoder gives them back."""
    vae = examiner.book.autoencoder()
    again = [vae.decoder(vae.encoder(part)).clamp(-1, 1) for part in pixels(drawings, "cpu").split(25)]
    return np.asarray(torch.cat(again).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1))


def judge(examiner: Examiner) -> list[Row]:
    """The judge's error, attribute by attribute, on drawings and on what the autoencoder makes of them."""
    asked = examiner.scenes("judge", 1000, anything)
    drawings = draw_many(asked)
    rows: list[Row] = []
    for id, which, pictures in (
        ("PB1", "fresh drawings", drawings),
        ("PB1w", "drawings out of the autoencoder", worn(examiner, drawings)),
    ):
        found = marks(zip(asked, examiner.judge.read(pictures), strict=True))
        worst = min(found, key=lambda name: np.mean(found[name]))
        rows.append(rate(id, f"judge on {len(asked)} {which}, worst attribute", found[worst], 0.95, note=worst))
        rows += [rate(f"{id}-{name}", f"judge reads {name}, {which}", hits, None) for name, hits in found.items()]
    return rows


def counting(examiner: Examiner) -> list[Row]:
    rows, whole = [], []
    for layout, name in ((pair, "two"), (trio, "three")):
        asked = examiner.scenes(f"count {name}", 100, lambda rng, layout=layout: wanted(rng, layout))
        hits = [len(want.things) == len(got.things) for want, got in examiner.drawn(f"count {name}", asked)]
        rows.append(rate(f"PB14-{name}", f"{name} alike: as many", hits, None))
        whole += hits
    return [rate("PB14", "two or three alike: as many", whole, 0.85), *rows]


def relations(examiner: Examiner) -> list[Row]:
    """Kinds in the places that were said: above and below, left and right."""
    rows, whole = [], []
    for layout, name in ((stacked, "above and below"), (side_by_side, "left and right")):
        asked = examiner.scenes(name, 100, lambda rng, layout=layout: wanted(rng, layout))
        rng = random.Random(f"{name} words")
        said = [rng.choice([c for c in captions(scene) if any(word in c for word in PLACED)]) for scene in asked]
        read = examiner.judge.read(painted(examiner.pipeline, said))
        hits = [stands(want) == stands(got) for want, got in zip(asked, read, strict=True)]
        rows.append(rate(f"PB15-{name}", f"{name}: each kind where it was said", hits, None))
        whole += hits
    return [rate("PB15", "relations: each kind where it was said", whole, 0.90), *rows]


PLACED = ("above", "below", "top", "bottom", "left", "right")


def stands(scene: Scene) -> list[tuple[str, str]]:
    return [(thing.kind, thing.place) for thing in scene.things]


def unseen(examiner: Examiner) -> list[Row]:
    """Things that no training shows: by their names alone, and by a drawing as a tile with the word `thing`."""
    asked = examiner.scenes("unseen", 120, rare_scene)
    named = examiner.drawn("unseen", asked)
    rng = random.Random("unseen looks")
    looks = [rng.choice(references(scene.things[0].kind)) for scene in asked]
    said = [captions(unnamed(scene))[0] for scene in asked]
    shown = [(want, got) for want, (_, got) in zip(asked, followed(examiner, "tile", looks, said), strict=True)]
    there = [want.things[0].kind in [t.kind for t in got.things] for want, got in shown]
    return [
        rate(
            "PB16",
            "unseen things by their names",
            [want.things[0].kind in [t.kind for t in got.things] for want, got in named],
            0.10,
            "lower",
        ),
        rate("PB17", "unseen things by a reference drawing", there, 0.85),
        rate("PB18", "the same, in the colour that was said", [paired(w) == paired(g) for w, g in shown], 0.80),
    ]


def followed(
    examiner: Examiner, kind: Control, asked: list[Scene], said: list[str], guidance: float = GUIDANCE
) -> list[Pair]:
    """The painter's pictures after the ControlNet's map of each scene."""
    rng = random.Random(f"maps {kind}")
    maps = [Image.fromarray(MAPS[kind](s, d, rng)) for s, d in zip(asked, draw_many(asked), strict=True)]
    guided = StableDiffusionControlNetPipeline(
        **examiner.pipeline.components, controlnet=examiner.book.controlnet(kind)
    )
    guided.set_progress_bar_config(disable=True)
    return list(zip(asked, examiner.judge.read(painted(guided, said, maps, guidance=guidance)), strict=True))


def maps(examiner: Examiner) -> list[Row]:
    """Only the map says what it is: the words say a thing, its colour and where, and push less, as in the workflow."""
    rows: list[Row] = []
    given: tuple[tuple[str, Control], ...] = (("PB19", "scribble"), ("PB20", "depth"))
    asked = examiner.scenes("maps", 100, lambda rng: wanted(rng, alone))
    said = [captions(unnamed(scene))[0] for scene in asked]
    for id, kind in given:
        hits = [paired(want) == paired(got) for want, got in followed(examiner, kind, asked, said, UNGUIDED)]
        rows.append(rate(id, f"{kind}: the right thing in the right colour", hits, 0.85))
    filled = followed(examiner, "inpaint", asked, [captions(scene)[0] for scene in asked])
    hits = [(paired(w), w.background) == (paired(g), g.background) for w, g in filled]
    return [*rows, rate("PB21", "inpaint: thing, colour and background as said", hits, 0.85)]
