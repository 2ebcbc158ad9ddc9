"""The plots of the README, made from the results by `atelier bench report`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import FOLDER
from benchmarks.throughput import CROWDS, MODELS

DOCS = Path(__file__).parent.parent / "docs"


def plot_throughput(results: Mapping[str, Any], path: Path) -> None:
    """Medians with their 95 % intervals, one line a model; the rival is the line at 1."""
    from matplotlib.figure import Figure

    rows = {row["id"]: row for row in results["rows"]}
    figure = Figure(figsize=(6.4, 3.6), dpi=150, layout="constrained")
    axes = figure.subplots()
    axes.axhline(1, color="0.6", linewidth=1, linestyle="--", label="diffusers, one after another")
    for mark, (what, _) in MODELS.items():
        shown = [rows[f"{mark}{crowd}"] for crowd in CROWDS]
        errors = [[row["value"] - row["low"] for row in shown], [row["high"] - row["value"] for row in shown]]
        axes.errorbar(CROWDS, [row["value"] for row in shown], errors, marker="o", capsize=3, label=f"Atelier, {what}")
    axes.set_xscale("log", base=2)
    axes.set_xticks(CROWDS, [str(crowd) for crowd in CROWDS])
    axes.set(xlabel="requests at once", ylabel="pictures a CPU second, relative", ylim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def write_plots(docs: Path = DOCS) -> None:
    path = FOLDER / "render.json"
    if path.is_file():
        plot_throughput(json.loads(path.read_text("utf-8")), docs / "throughput.png")
