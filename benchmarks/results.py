"""The one format every measurement is kept in, and its one writer."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from math import sqrt
from pathlib import Path
from typing import Literal

import picturebook

FOLDER = Path(__file__).parent / "results"
MODELS = Path(picturebook.__file__).parent / "models"
AT = "; measured at "
"""In the note of a row that is older than the others: the commit."""
Better = Literal["higher", "lower", "equal"]


@dataclass(frozen=True)
class Row:
    """One figure with its 95 % interval; rates are fractions."""

    id: str
    what: str
    value: float
    low: float
    high: float
    unit: str
    better: Better
    target: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return {
            "higher": self.value >= self.target,
            "lower": self.value <= self.target,
            "equal": self.value == self.target,
        }[self.better]


def rate(
    id: str, what: str, hits: Iterable[bool], target: float | None, better: Better = "higher", note: str = ""
) -> Row:
    """A share of successes with Wilson's interval (1927)."""
    seen = list(hits)
    count, share, z = len(seen), sum(seen) / len(seen), 1.96
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    # rounding must not push the share itself out of its interval
    return Row(
        id,
        what,
        share,
        max(0.0, min(share, centre - half)),
        max(share, centre + half),
        "rate",
        better,
        target,
        note or f"n = {count}",
    )


def mean(
    id: str, what: str, values: Iterable[float], unit: str, target: float | None, better: Better = "higher"
) -> Row:
    """A mean with its normal interval."""
    seen = list(values)
    count = len(seen)
    middle = sum(seen) / count
    spread = sqrt(sum((value - middle) ** 2 for value in seen) / max(1, count - 1) / count)
    return Row(id, what, middle, middle - 1.96 * spread, middle + 1.96 * spread, unit, better, target, f"n = {count}")


def commit() -> str:
    """The commit measured, marked where the working tree differs from it in more than results."""
    dirty = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":!results")
    return (_git("describe", "--always") or "unknown") + ("-dirty" if dirty else "")


def _git(*said: str) -> str:
    folder = Path(__file__).parent
    return subprocess.run(("git", *said), capture_output=True, text=True, cwd=folder, check=False).stdout.strip()


def beside_older(name: str, rows: Iterable[Row], folder: Path = FOLDER) -> list[Row]:
    """The rows among those of earlier runs that they do not replace, each of which notes the commit it measured."""
    path = folder / f"{name}.json"
    if not path.is_file():
        return list(rows)
    whole = json.loads(path.read_text())
    told = {row["id"]: Row(**{key: row[key] for key in Row.__dataclass_fields__}) for row in whole["rows"]}
    older = (row if AT in row.note else replace(row, note=f"{row.note}{AT}{whole['commit']}") for row in told.values())
    return list(({row.id: row for row in older} | {row.id: row for row in rows}).values())


def weights(models: Path = MODELS) -> dict[str, str]:
    """The first 16 digits of the SHA-256 of each of the picture book's files of weights, by its name in the folder."""
    paths = sorted(models.rglob("*.safetensors"))
    return {path.relative_to(models).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths}


def write(
    name: str,
    command: str,
    seconds: float,
    rows: Iterable[Row],
    folder: Path = FOLDER,
    weights: Mapping[str, str] | None = None,
) -> Path:
    """`weights` are the hashes of the files that the figures are of."""
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    kept = [{**asdict(row), "met": row.met} for row in rows]
    for row in kept:
        row.update({key: round(row[key], 4) for key in ("value", "low", "high")})
    whole = {
        "name": name,
        "command": command,
        "commit": commit(),
        "date": date.today().isoformat(),
        "machine": machine,
        "seconds": round(seconds, 1),
        **({"weights": dict(weights)} if weights else {}),
        "rows": kept,
    }
    path = folder / f"{name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    return path
