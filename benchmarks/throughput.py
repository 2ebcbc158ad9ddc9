"""How many pictures a CPU second gives as more are asked for at once, beside drawing them in turn."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.mixed_requests import InTurn, Together
from benchmarks.render_speed import book, compared, tiny
from benchmarks.results import Row
from benchmarks.timing import median
from tools.engine.quiet import quiet

CROWDS = (1, 2, 4, 8, 16)
PAIRS = 5
MODELS = {"T": ("latents 8 x 8", tiny), "B": ("the picture book's model", book)}


def throughput(share: float) -> list[Row]:
    """T1 to T16 and B1 to B16: pictures a CPU second together over in turn, by how many are asked for at once."""
    rows: list[Row] = []
    for mark, (what, build) in MODELS.items():
        with TemporaryDirectory() as folder, quiet():
            model = build(Path(folder))
            in_turn, together = InTurn(model, preloaded=True), Together(model)
            for crowd in CROWDS:
                ratios = compared(in_turn, together, max(2, round(PAIRS * share)), crowd)
                said = f"{crowd} mixed requests at once, {what}: pictures a CPU second over in turn"
                rows.append(median(f"{mark}{crowd}", said, ratios, "x", None, "higher"))
    return rows
