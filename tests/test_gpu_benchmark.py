"""The benchmark for GPUs rehearses everywhere, on models of nothing much."""

from __future__ import annotations

import pytest
import torch

from benchmarks.gpu import SUITE


@pytest.mark.skipif(torch.cuda.is_available(), reason="with a GPU it measures the true models")
@pytest.mark.parametrize(
    ("id", "rows"),
    [("H1", {"H1", "H2", "H2-control", "H3", "H3-lora", "H5", "H6"}), ("H4", {"H4", "H4-one", "H5-xl", "H6-xl"})],
)
def test_every_figure_is_there_and_has_no_target(id: str, rows: set[str]) -> None:
    measured = SUITE.function(id)(0.1)
    assert {row.id for row in measured} == rows
    assert all(row.target is None for row in measured)
    assert all(row.value > 0 for row in measured if not row.id.startswith("H6"))
