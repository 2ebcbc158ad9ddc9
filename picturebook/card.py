"""The model card beside the models: what they are, what they were trained on, and their figures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, RARE, STYLES


class Figure(Protocol):
    """A measured value with its interval, as the benchmarks keep it."""

    @property
    def id(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def unit(self) -> str: ...
    @property
    def target(self) -> float | None: ...


def weights(models: Path) -> list[str]:
    lines = []
    for path in sorted(models.rglob("*.safetensors")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        lines.append(f"| {path.relative_to(models)} | {path.stat().st_size / 1e6:.2f} MB | {digest} |")
    return lines


def write_card(models: Path, rows: Sequence[Figure]) -> None:
    figures = [
        f"| {row.id} | {row.what} | {row.value:.3f} [{row.low:.3f}, {row.high:.3f}] {row.unit} | {row.target or ''} |"
        for row in rows
    ]
    lines = [
        "# The picture book's models",
        "",
        f"Trained from nothing on drawings made by code: {len(KINDS)} kinds of things in {len(COLOURS)} colours on",
        f"{len(BACKGROUNDS)} backgrounds, up to three to a picture, beside and above each other, and shapes without",
        f"a name; {', '.join(STYLES)}; 128 x 128 pixels. {len(RARE)} more kinds were kept from all training.",
        "About one in ten (kind, colour, background) triples was kept from all training; painter figures are on those.",
        "The talker, a Llama decoder with a tokenizer and a chat template of its own, was trained from nothing on",
        "dialogues made by code: wishes, changes, questions, and the tool calls that are then right. One phrasing in",
        "five, and more than one (thing, colour, place) triple in four, were kept from all its training: T16 in",
        "`benchmarks/results/conversation.json` is on those.",
        "They know nothing else of the world. Licence: Apache-2.0. Made again by `python -m picturebook train`.",
        "",
        "| figure | what | value [95 %] | target |",
        "|---|---|---|---|",
        *figures,
        "",
        "| file | size | SHA-256 |",
        "|---|---|---|",
        *weights(models),
        "",
    ]
    (models / "README.md").write_text("\n".join(lines))
