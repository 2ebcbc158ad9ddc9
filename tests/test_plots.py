"""The plots of the README show what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.plots import plot_throughput
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
