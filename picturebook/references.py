"""The reference drawings the knowledge base starts with: two of each kind, with captions."""

from __future__ import annotations

import hashlib
import io
import json
import random
from pathlib import Path

from PIL import Image

from picturebook.drawing import draw
from picturebook.scene import KINDS, Kind, Scene, captions, training_scene


def shown(kind: Kind, rng: random.Random) -> Scene:
    """One thing of that kind, of a triple that training may see."""
    return next(scene for scene in iter(lambda: training_scene(rng, 1), None) if scene.things[0].kind == kind)


def write_references(folder: Path, each: int = 2) -> int:
    """Drawings under `folder/references`, their records in `folder/references.jsonl`; how many there are."""
    pictures = folder / "references"
    pictures.mkdir(parents=True, exist_ok=True)
    lines = []
    for kind in KINDS:
        rng = random.Random(f"reference {kind}")
        for number in range(each):
            scene = shown(kind, rng)
            buffer = io.BytesIO()
            Image.fromarray(draw(scene)).save(buffer, "PNG", optimize=True)
            name = f"{kind}-{number + 1}"
            (pictures / f"{name}.png").write_bytes(buffer.getvalue())
            record = {
                "kind": "reference",
                "id": name,
                "caption": captions(scene)[0],
                "image_id": hashlib.sha256(buffer.getvalue()).hexdigest(),
                "licence": "Apache-2.0",
                "source": "Atelier",
            }
            lines.append(json.dumps(record))
    (folder / "references.jsonl").write_text("\n".join(lines) + "\n")
    return len(lines)
