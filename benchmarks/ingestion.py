"""K8: files of every kind are ingested while the process is killed again and again: which of them got lost?"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.cheap_encoder import CheapEncoder
from benchmarks.mixed_files import Made, make
from benchmarks.results import Row
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.ingestion import Ingestion
from knowledge.ledger import Ledger
from knowledge.readers.readers import Readers
from knowledge.web import Web

COMMAND = "python -m benchmarks.ingestion"
COLLECTION = "mixed"
MARK = re.compile(r"mark(\d{6})v\d+")


def ingestion(data: Path) -> Ingestion:
    """The real thing but for its encoders: theirs take seconds to load, and it is not they that are interrupted."""
    encoder, gallery = CheapEncoder(), Gallery(data / "gallery")
    ingester = Ingester(EmbeddedBase(data / "knowledge"), Encoders(encoder, encoder), gallery.image)
    return Ingestion(ingester, Ledger(data / "knowledge" / "ingested.sqlite"), Readers(gallery), Web())


def work(folder: Path, data: Path) -> None:
    """One run, in a process of its own, telling how far it is."""
    ingestion(data).run([str(folder)], COLLECTION, lambda done, total: print(done, flush=True))


def interrupted(folder: Path, data: Path, done: int, seconds: float) -> None:
    """Kill a run a moment after it has come so far."""
    command = [sys.executable, "-m", "benchmarks.ingestion", "--work", str(folder), str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent) as process:
        assert process.stdout is not None
        while (line := process.stdout.readline()) and int(line) < done:
            pass
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()


def lost(data: Path, made: list[Made]) -> Iterator[str]:
    """The files of whose newest edition the records are not there exactly once, and that are not listed either."""
    with closing(ingestion(data).ingester.base) as base:
        counts: Counter[str] = Counter()
        after = ""
        while ids := base.ids(COLLECTION, after):
            for record in base.get(COLLECTION, ids):
                counts.update({match[0] for match in MARK.finditer(record.model_dump_json())})
            after = ids[-1]
    listed = {entry.key for entry in Ledger(data / "knowledge" / "ingested.sqlite").unfinished() if entry.reason}
    for file in made:
        there = {mark: count for mark, count in counts.items() if mark.startswith(file.mark.partition("v")[0])}
        whole = there == {file.mark: file.records}
        if not whole and not (str(file.path.resolve()) in listed and not there.keys() - {file.mark}):
            yield f"{file.path.name}: {there or 'nothing'} instead of {file.records}"


def k8(files: int, interruptions: int, seed: int = 0) -> Row:
    """Between the kills a fiftieth of the files is written anew."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        folder, data = Path(place) / "files", Path(place) / "data"
        made = [make(folder, number) for number in range(files)]
        for kill in range(interruptions):
            interrupted(folder, data, round(files * (kill + rng.random()) / interruptions), rng.random() * 0.2)
            for number in rng.sample(range(files), max(1, files // 50)):
                made[number] = make(folder, number, kill + 2)
        summary = ingestion(data).run([str(folder)], COLLECTION)
        gone = list(lost(data, made))
    for line in gone:
        print(line)
    refused = sum(not file.records for file in made)
    note = f"n = {files}, of which {refused} cannot be read and are listed; {len(summary.failed)} listed in all"
    what = f"mixed files lost or doubled after {interruptions} kills during ingestion"
    return Row("K8", what, len(gone), len(gone), len(gone), "files", "equal", 0, note)


def interrupted_often(share: float) -> list[Row]:
    return [k8(max(100, round(5000 * share)), max(2, round(20 * share)))]


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument(
        "--work", type=Path, nargs=2, required=True, metavar=("FOLDER", "DATA"), help="one run, as it is interrupted"
    )
    work(*asked.parse_args().work)
