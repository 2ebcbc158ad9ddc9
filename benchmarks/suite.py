"""Measures that belong together, run by one command."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

import torch
from threadpoolctl import threadpool_limits

from benchmarks.results import Row, beside_older, weights, write


@dataclass(frozen=True)
class Extent:
    """
    How much is measured of what is made from a seed; `quick` says only whether it works, in a minute or so.

    What was made is kept in the folder `kept`, so that the same command goes on where it was stopped.
    """

    share: float = 1.0
    seed: int = 0
    kept: Path | None = None
    quick: bool = False


@dataclass(frozen=True)
class Suite:
    """`measures` are functions by id, as `module:name`, of the share of their full size; they give rows.

    Without the `device`, what they measure is no result. Those that are `seeded` are functions of the whole extent,
    and their results name the hashes of the picture book's weights.
    """

    name: str
    measures: Mapping[str, str]
    device: Literal["cpu", "cuda"] = "cpu"
    seeded: bool = False

    @property
    def command(self) -> str:
        return f"atelier bench {self.name}"

    @property
    def here(self) -> bool:
        return self.device == "cpu" or torch.cuda.is_available()

    def function(self, id: str) -> Callable[..., list[Row]]:
        module, _, called = self.measures[id].partition(":")
        return getattr(import_module(module), called)

    def measure(self, only: Iterable[str], extent: Extent) -> list[Row]:
        """
        Results are kept from a share of 1 on, of the first seed; those of other measures stay beside them, as old as
        they are.
        """
        started = time.monotonic()
        # before any other thread starts: each would else take all cores
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            rows = self._rows(only, extent)
        finally:
            torch.set_num_threads(threads)
        if extent.share >= 1 and not extent.seed and self.here:
            whole = list(only) == list(self.measures)
            kept = rows if whole else beside_older(self.name, rows)
            write(self.name, self.command, time.monotonic() - started, kept, weights=weights() if self.seeded else None)
        return rows

    def _rows(self, only: Iterable[str], extent: Extent) -> list[Row]:
        rows: list[Row] = []
        for id in only:
            measured = self.function(id)
            # only what is loaded by now is held to one thread
            with threadpool_limits(1):
                fresh = measured(extent if self.seeded else extent.share)
            for row in fresh:
                missed = " MISSED" if row.met is False else ""
                between = f"[{row.low:.4g}, {row.high:.4g}]"
                print(f"{row.id} {row.value:.4g} {between} {row.unit} {row.what} ({row.note}){missed}")
            rows += fresh
        return rows
