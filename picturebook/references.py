"""Reference drawings of every kind: two of each for the knowledge base to start with, more for the judge to compare."""

from __future__ import annotations

import hashlib
import io
import json
import random
from dataclasses import replace
from pathlib import Path

from PIL import Image

from picturebook.drawing import draw
from picturebook.scene import (
    BACKGROUNDS,
    COLOURS,
    KINDS,
    RARE,
    Noun,
    Scene,
    Style,
    Thing,
    any_scene,
    captions,
    training_scene,
)

DATABASES: dict[Style, str] = {"neon": "neon", "paper cut": "paper-cut"}
"""The same subjects in two styles, each in a folder of its own."""


def shown(kind: Noun, rng: random.Random, style: Style = "plain") -> Scene:
    """One thing of that kind, in a colour and place in which training may see it."""
    if kind in RARE:
        scene = any_scene(rng, 1, style)
        return replace(scene, things=(replace(scene.things[0], kind=kind),))
    return next(scene for scene in iter(lambda: training_scene(rng, 1, style), None) if scene.things[0].kind == kind)


def references(kind: Noun, count: int = 10) -> list[Scene]:
    """One thing of that kind each, in all the colours there are."""
    rng = random.Random(f"shelf {kind}")
    return [
        Scene((Thing(kind, COLOURS[number % len(COLOURS)]),), rng.choice(BACKGROUNDS), "plain", rng.randrange(1 << 30))
        for number in range(count)
    ]


def write_references(folder: Path, style: Style = "plain", each: int = 2) -> int:
    """Drawings under `folder/references`, their records in `folder/references.jsonl`; how many there are."""
    pictures = folder / "references"
    pictures.mkdir(parents=True, exist_ok=True)
    lines = []
    for kind in (*KINDS, *RARE):
        rng = random.Random(f"reference {kind}")
        for number in range(each):
            name = f"{kind}-{number + 1}"
            lines.append(json.dumps(kept(shown(kind, rng, style), pictures / f"{name}.png")))
    (folder / "references.jsonl").write_text("\n".join(lines) + "\n")
    return len(lines)


def kept(scene: Scene, path: Path) -> dict[str, str]:
    """The scene drawn into that file; its record."""
    buffer = io.BytesIO()
    Image.fromarray(draw(scene)).save(buffer, "PNG", optimize=True)
    path.write_bytes(buffer.getvalue())
    return {
        "kind": "reference",
        "id": path.stem,
        "caption": captions(scene)[0],
        "image_id": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "licence": "Apache-2.0",
        "source": "Atelier",
    }
