"""Measures that belong together, run by one command."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

import torch
from threadpoolctl import threadpool_limits

from benchmarks.results import Row, beside_older, write


@dataclass(frozen=True)
class Suite:
    """`measures` are functions by id, as `module:name`, of the share of their full size; they give rows.

    Without the `device`, what they measure is no result.
    """

    name: str
    measures: Mapping[str, str]
    device: Literal["cpu", "cuda"] = "cpu"

    @property
    def command(self) -> str:
        return f"atelier bench {self.name}"

    @property
    def here(self) -> bool:
        return self.device == "cpu" or torch.cuda.is_available()

    def function(self, id: str) -> Callable[[float], list[Row]]:
        module, _, called = self.measures[id].partition(":")
        return getattr(import_module(module), called)

    def measure(self, only: Iterable[str], share: float) -> list[Row]:
        """Results are kept from a share of 1 on; those of other measures stay beside them, as old as they are."""
        started = time.monotonic()
        # before any other thread starts: each would else take all cores
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            rows = self._rows(only, share)
        finally:
            torch.set_num_threads(threads)
        if share >= 1 and self.here:
            whole = list(only) == list(self.measures)
            kept = rows if whole else beside_older(self.name, rows)
            write(self.name, self.command, time.monotonic() - started, kept)
        return rows

    def _rows(self, only: Iterable[str], share: float) -> list[Row]:
        rows: list[Row] = []
        for id in only:
            measured = self.function(id)
            # only what is loaded by now is held to one thread
            with threadpool_limits(1):
                fresh = measured(share)
            for row in fresh:
                missed = " MISSED" if row.met is False else ""
                print(f"{row.id} {row.value:.4g} {row.unit} {row.what} ({row.note}){missed}")
            rows += fresh
        return rows
