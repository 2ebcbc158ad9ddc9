"""The plots of the README show what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.faithful.told import BETWEEN, GAIN, MEAN
from benchmarks.plots import ENDS, plot_faithfulness, plot_throughput
from benchmarks.throughput import CROWDS, MODELS


def drawn(path: Path, best: float) -> np.ndarray:
    rows = [
        {"id": f"{mark}{crowd}", "value": 1 + best * place, "low": 1.0, "high": 2 + best * place}
        for mark in MODELS
        for place, crowd in enumerate(CROWDS)
    ]
    plot_throughput({"rows": rows}, path)
    return np.asarray(Image.open(path).convert("L"))


def test_the_plot_of_throughput_shows_its_figures(tmp_path: Path) -> None:
    flat, steep = drawn(tmp_path / "flat.png", 0.0), drawn(tmp_path / "steep.png", 1.0)
    assert flat.shape == steep.shape
    assert (flat < 128).any()
    assert (flat != steep).mean() > 0.005


def proved(path: Path, gain: float) -> np.ndarray:
    ids = [f"{name}{BETWEEN}{column}" for name in ENDS for column in ("single", "edits", MEAN)]
    rows = [{"id": id, "unit": "rate", "value": 0.5, "low": 0.4, "high": 0.6} for id in ids]
    rows.append({"id": f"{GAIN}LoRA{BETWEEN}{MEAN}", "unit": "rate", "value": gain, "low": gain - 0.1, "high": gain})
    plot_faithfulness({"rows": rows}, path)
    return np.asarray(Image.open(path).convert("L"))


def test_the_plot_of_faithfulness_shows_its_figures(tmp_path: Path) -> None:
    nothing, much = proved(tmp_path / "nothing.png", 0.0), proved(tmp_path / "much.png", 0.4)
    assert nothing.shape == much.shape
    assert (nothing < 128).any()
    assert (nothing != much).any()
