"""The tables of the README, made from the results: `atelier bench report` puts them between their marks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.faithful import told
from benchmarks.results import FOLDER

README = Path(__file__).parent.parent / "README.md"
BETWEEN_MARKS = re.compile(r"(<!-- figures: (?P<name>[\w-]+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def table(results: Mapping[str, Any]) -> str:
    """A row a figure: what, its value with the 95 % interval, and the target."""
    rows = [f"| {row['id']} | {row['what']} | {_measured(row)} | {_target(row)} |" for row in results["rows"]]
    made = f"Made by `{results['command']}` on {results['date']} ({results['machine']})."
    return "\n".join(("| | figure | measured | target |", "|---|---|---|---|", *rows, "", made, ""))


def with_tables(text: str) -> str:
    """The text with a table between each pair of marks whose results are there."""

    def filled(found: re.Match[str]) -> str:
        path = FOLDER / f"{found['name']}.json"
        if not path.is_file():
            return found[0]
        return f"{found[1]}{table(json.loads(path.read_text('utf-8')))}{found[3]}"

    return BETWEEN_MARKS.sub(filled, text)


def _measured(row: Mapping[str, Any]) -> str:
    shown = _value(row["value"], row["unit"])
    interval = f" ({_value(row['low'], row['unit'])} to {_value(row['high'], row['unit'])})"
    return shown if row["low"] == row["high"] else shown + interval


def _target(row: Mapping[str, Any]) -> str:
    if row["target"] is None:
        return ""
    sign = {"higher": "≥", "lower": "≤", "equal": "="}[row["better"]]
    return f"{sign} {_value(row['target'], row['unit'])}{'' if row['met'] else ', not met'}"


def _value(number: float, unit: str) -> str:
    return f"{100 * number:.1f} %" if unit == "rate" else f"{number:.3g} {unit}"


def write_tables() -> None:
    README.write_text(with_tables(README.read_text("utf-8")), encoding="utf-8")
    if (cells := FOLDER / f"{told.NAME}.json").is_file():
        figures = table(json.loads((FOLDER / "faithfulness.json").read_text("utf-8")))
        (FOLDER / "faithfulness.md").write_text(told.page(json.loads(cells.read_text("utf-8")), figures), "utf-8")
