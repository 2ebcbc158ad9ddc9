"""The starter pack of prompt craft: lore for Stable Diffusion and Flux models, kept in the folder beside this file."""

from __future__ import annotations

from pathlib import Path

from knowledge.ingest import read_records
from knowledge.records import Lore

FOLDER = Path(__file__).parent / "craft"


def craft() -> list[Lore]:
    """Every entry, one file of JSON lines a subject."""
    records = (record for path in sorted(FOLDER.glob("*.jsonl")) for record in read_records(path))
    return [record for record in records if isinstance(record, Lore)]
