"""The plots of the README, made from the results by `atelier bench report`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.faithful import told
from benchmarks.results import FOLDER
from benchmarks.throughput import CROWDS, MODELS

DOCS = Path(__file__).parent.parent / "docs"
ENDS = ("base", "all")
"""The systems between which everything lies."""


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


def plot_faithfulness(results: Mapping[str, Any], path: Path) -> None:
    """The base model beside all parts, suite by suite; and what each part adds to the others, over all suites."""
    from matplotlib.figure import Figure

    found = told.cells(results)
    suites = [name for name, row in found[ENDS[0]].items() if row["unit"] == "rate"]
    gains = {name.removeprefix(told.GAIN): row for name, row in found.items() if name.startswith(told.GAIN)}
    figure = Figure(figsize=(9.6, 4.2), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for shift, name in zip((-0.2, 0.2), ENDS, strict=True):
        shown = [found[name][suite] for suite in suites]
        places = [place + shift for place in range(len(suites))]
        left.barh(places, [row["value"] for row in shown], 0.38, xerr=_errors(shown), capsize=2, label=name)
    left.set_yticks(range(len(suites)), suites)
    left.invert_yaxis()
    left.set(xlabel="all that was specified is there", xlim=(0, 1))
    left.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    shown = [row[told.MEAN] for row in gains.values()]
    right.axvline(0, color="0.6", linewidth=1, linestyle="--")
    right.errorbar([row["value"] for row in shown], range(len(shown)), xerr=_errors(shown), fmt="o", capsize=3)
    right.set_yticks(range(len(shown)), list(gains))
    right.invert_yaxis()
    right.set(xlabel="what it adds to all other parts")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _errors(shown: Sequence[Mapping[str, Any]]) -> list[list[float]]:
    return [[row["value"] - row["low"] for row in shown], [row["high"] - row["value"] for row in shown]]


def write_plots(docs: Path = DOCS) -> None:
    plots = {"render": (plot_throughput, "throughput"), told.NAME: (plot_faithfulness, "faithfulness")}
    for name, (plot, called) in plots.items():
        if (path := FOLDER / f"{name}.json").is_file():
            plot(json.loads(path.read_text("utf-8")), docs / f"{called}.png")
