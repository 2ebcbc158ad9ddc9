"""Every figure of the model card, measured on fresh drawings and held-out prompts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import typer

from benchmarks.results import Row, write
from picturebook import exams_first as first
from picturebook import exams_world as world
from picturebook.book import HERE, Book
from picturebook.card import write_card
from picturebook.examiner import Examiner

COMMAND = "python -m picturebook evaluate"
LEAST = 0.3
"""The share of the prompts from which on figures are kept: their intervals say how much is known."""

EXAMS: dict[str, Callable[[Examiner], list[Row]]] = {
    "PB1": world.judge,
    "PB2": first.single,
    "PB6": first.two,
    "PB7": first.retrieval,
    "PB8": first.styles,
    "PB10": first.control,
    "PB12": first.speed,
    "PB13": first.autoencoder,
    "PB14": world.counting,
    "PB15": world.relations,
    "PB16": world.unseen,
    "PB19": world.maps,
}
"""Each exam by the first of the figures it gives."""


def measure(models: Path, only: tuple[str, ...] = (), share: float = 1.0) -> list[Row]:
    """Run the exams; all of them over the book's own models are written down, with the model card."""
    started = time.monotonic()
    examiner = Examiner(Book(models), share)
    rows: list[Row] = []
    for id, exam in EXAMS.items():
        if not only or id in only:
            for row in exam(examiner):
                rows.append(row)
                mark = {True: "met", False: "MISSED", None: ""}[row.met]
                typer.echo(
                    f"{row.id:22} {row.value:8.4f} [{row.low:.4f}, {row.high:.4f}] {row.unit:5} {row.what}  {mark}"
                )
    if not only and share >= LEAST and models == HERE / "models":
        keep(rows, share, time.monotonic() - started)
    return rows


def keep(rows: list[Row], share: float, seconds: float) -> None:
    command = COMMAND if share == 1 else f"{COMMAND} --share {share:g}"
    write("picturebook", command, seconds, rows)
    write_card(HERE / "models", rows)
