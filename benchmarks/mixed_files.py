"""Small files of every kind that ingestion reads, each with words that no other file has."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

from knowledge.image_files import write_picture
from knowledge.picture import Provenance
from knowledge.recipe import Recipe


@dataclass(frozen=True)
class Made:
    """How many records a file gives, each with its mark in it; 0 if it cannot be read."""

    path: Path
    mark: str
    records: int


def make(folder: Path, number: int, edition: int = 1) -> Made:
    """A file of the kind that its number decides; a later edition has another mark."""
    mark = f"mark{number:06d}v{edition}"
    name, write = list(KINDS.items())[number % len(KINDS)]
    path = folder / f"part-{number % 7}" / f"{number:06d}{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return Made(path, mark, write(path, mark, random.Random(f"{number} {edition}")))


def text(path: Path, mark: str, rng: random.Random) -> int:
    path.write_text(f"{mark} is a word for {rng.choice(('light', 'paint', 'paper'))} that falls from above.\n", "utf-8")
    return 1


def markdown(path: Path, mark: str, rng: random.Random) -> int:
    path.write_text(f"---\nlicence: CC0\n---\n# On {rng.choice(('light', 'ink'))}\n\nWhat *{mark}* means.\n", "utf-8")
    return 1


def table(path: Path, mark: str, rng: random.Random) -> int:
    rows = "".join(f'"{mark}, term {row}",what it means\n' for row in range(3))
    path.write_text(f"title,body\n{rows}", "utf-8")
    return 3


def lines(path: Path, mark: str, rng: random.Random) -> int:
    record = {"kind": "lore", "id": path.stem, "title": mark, "body": "as it is"}
    path.write_text(f"{json.dumps(record)}\n{json.dumps({'title': f'{mark} too', 'text': 'a row'})}\n", "utf-8")
    return 2


def picture(path: Path, mark: str, rng: random.Random) -> int:
    noise(rng).save(path)
    path.with_suffix(".txt").write_text(f"{mark}, a picture of noise", "utf-8")
    return 1


def drawn(path: Path, mark: str, rng: random.Random) -> int:
    """How the picture came to be lies in the file."""
    provenance = Provenance(recipe=Recipe(prompt=f"{mark}, noise"))
    path.write_bytes(write_picture(noise(rng), provenance, {}, "PNG"))
    return 1


def told(path: Path, mark: str, rng: random.Random) -> int:
    noise(rng).save(path)
    path.with_suffix(".json").write_text(json.dumps({"title": mark, "license": "CC0", "consent": "given"}), "utf-8")
    return 1


def page(path: Path, mark: str, rng: random.Random) -> int:
    body = f"<h1>Page</h1><p>Here {mark} is explained in a sentence that is long enough.</p>"
    path.write_text(f"<html><body><nav>Home</nav><main>{body}</main></body></html>", "utf-8")
    return 1


def feed(path: Path, mark: str, rng: random.Random) -> int:
    posts = "".join(
        f"<item><title>{mark} {post}</title><guid>{post}</guid><description>A post.</description></item>"
        for post in range(2)
    )
    path.write_text(f'<?xml version="1.0"?><rss version="2.0"><channel>{posts}</channel></rss>', "utf-8")
    return 2


def paper(path: Path, mark: str, rng: random.Random) -> int:
    path.write_bytes(pdf([f"{mark} stands on a page", f"{mark} stands on another"]))
    return 2


def lora(path: Path, mark: str, rng: random.Random) -> int:
    layer = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
    down = np.full((2, 768), rng.random(), np.float32)
    save_file({f"{layer}.lora_down.weight": down, f"{layer}.lora_up.weight": np.ones((320, 2), np.float32)}, path)
    path.with_suffix(".json").write_text(json.dumps({"activation text": mark, "sd version": "SD1"}), "utf-8")
    return 1


def torn_picture(path: Path, mark: str, rng: random.Random) -> int:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + mark.encode())
    return 0


def torn_paper(path: Path, mark: str, rng: random.Random) -> int:
    path.write_bytes(f"%PDF-1.7\n{mark}\n".encode())
    return 0


def torn_lines(path: Path, mark: str, rng: random.Random) -> int:
    path.write_text('{"title": "good"}\n{"title": ' + mark, "utf-8")
    return 0


KINDS: Mapping[str, Callable[[Path, str, random.Random], int]] = {
    ".txt": text,
    ".md": markdown,
    ".csv": table,
    ".jsonl": lines,
    ".png": picture,
    "-drawn.png": drawn,
    "-told.webp": told,
    ".html": page,
    ".rss": feed,
    ".pdf": paper,
    ".safetensors": lora,
    "-torn.png": torn_picture,
    "-torn.pdf": torn_paper,
    "-torn.jsonl": torn_lines,
}


def noise(rng: random.Random) -> Image.Image:
    return Image.frombytes("RGB", (24, 24), rng.randbytes(24 * 24 * 3))


def pdf(pages: list[str]) -> bytes:
    """A document of one line a page, in a font that every reader brings along."""
    contents = [f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode() for words in pages]
    kids = " ".join(f"{4 + 2 * place} 0 R" for place in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for place, content in enumerate(contents):
        resources = f"/Resources << /Font << /F1 3 0 R >> >> /MediaBox [0 0 612 792] /Contents {5 + 2 * place} 0 R"
        objects.append(f"<< /Type /Page /Parent 2 0 R {resources} >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    body, places = b"%PDF-1.4\n", list[int]()
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, count = len(body), len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % count
    return body + head + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start)
