"""The whole table as a page, made from the results by `atelier bench report`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NAME = "faithfulness_table"
"""Of the results that have the cells."""
BETWEEN = " | "
"""In the id of a cell: the row, then the column."""
MEAN, GAIN = "mean", "gain of "
Cells = Mapping[str, Mapping[str, Mapping[str, Any]]]


def cells(results: Mapping[str, Any]) -> Cells:
    """By row and column."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in results["rows"]:
        name, _, column = row["id"].partition(BETWEEN)
        found.setdefault(name, {})[column] = row
    return found


def page(results: Mapping[str, Any], figures: str) -> str:
    """`figures` is the table of what was to be reached."""
    every = cells(results)
    gains = {name: row for name, row in every.items() if name.startswith(GAIN)}
    read = {name: row for name, row in every.items() if name not in gains and MEAN not in row}
    drawn = {name: row for name, row in every.items() if name not in gains and MEAN in row}
    hashes = [f"| {name} | {digest} |" for name, digest in results.get("weights", {}).items()]
    lines = (
        "# Do pictures show what was wished for?",
        "",
        "Shares of prompts of which all that was specified is there, in percent, with 95 % intervals; the costs are",
        "means of a prompt.",
        "",
        *_table("system", drawn),
        "",
        "What each part adds to all others: all parts less all but that one, over the same prompts, in points.",
        "",
        *_table("part", {name.removeprefix(GAIN): row for name, row in gains.items()}),
        "",
        "How often the judge takes drawings for right that are made by code, as each suite asks, and with one fault;",
        "and the ends of the table corrected for that.",
        "",
        *_table("", read),
        "",
        figures,
        f"Made by `{results['command']}` at {results['commit']} on {results['date']} ({results['machine']}), with:",
        "",
        "| weights | SHA-256 |",
        "|---|---|",
        *hashes,
        "",
    )
    return "\n".join(lines)


def _table(corner: str, rows: Cells) -> Iterator[str]:
    columns: Sequence[str] = list(dict.fromkeys(column for row in rows.values() for column in row))
    yield f"| {' | '.join((corner, *columns))} |"
    yield f"|---{'|---:' * len(columns)}|"
    for name, row in rows.items():
        yield f"| {' | '.join((name, *(_cell(row.get(column)) for column in columns)))} |"


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    if row["unit"] != "rate":
        return f"{row['value']:.3g}"
    low, value, high = (100 * row[name] for name in ("low", "value", "high"))
    return f"{value:.0f}" if low == high else f"{value:.0f} ({low:.0f} to {high:.0f})"
