"""Writers killed with -9 in the middle of their work, and what is wrong with what they leave: ideally nothing.

Run as `python -m benchmarks.kills SCENE ROUNDS FOLDER SEED`, in a process of its own, because it forks.
"""

from __future__ import annotations

import itertools
import os
import random
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.base import Item, Space
from knowledge.embedded import EmbeddedBase
from knowledge.records import Lore

SPACES = (Space("text", "encoder", 64),)
DIRECTIONS = np.eye(64, dtype=np.float32)
PARTS = 6
LONGEST_PAUSE = 0.02
"""Seconds between an acknowledged step and the kill: some writes or compactions fit in."""
Step = Callable[[EmbeddedBase, str, int], None]


def item(record_id: str, number: int) -> Item:
    return Item(Lore(id=record_id, title=record_id, body=str(number)), {"text": DIRECTIONS[number % 64]})


def upsert(base: EmbeddedBase, who: str, number: int) -> None:
    """Some new records, and one that is written again each time."""
    names = [*(f"{who}-{number}-{part}" for part in range(PARTS)), f"{who}-again"]
    assert base.upsert("storm", [item(name, number) for name in names]).stored == tuple(names)


def compact(base: EmbeddedBase, who: str, number: int) -> None:
    """Every record written anew, and what that leaves behind cleared away."""
    base.upsert("storm", [item(f"{part:02}", number) for part in range(10 * PARTS)])
    base.compact("storm")


def move(base: EmbeddedBase, who: str, number: int) -> None:
    base.point("current", ("storm", "calm")[number % 2])


STEPS: Mapping[str, Step] = {"upsert": upsert, "compaction": compact, "alias": move}


def wrong_after_upsert(base: EmbeddedBase, who: str, last: int) -> Iterator[str]:
    written = [name for name in base.ids("storm", limit=1_000_000) if name.startswith(f"{who}-")]
    kept = {item.record.id: item for item in base.items("storm", written)}
    for number in range(last + 1):
        for name in (f"{who}-{number}-{part}" for part in range(PARTS)):
            if name not in kept or kept[name].vectors["text"][number % 64] != 1:
                yield f"{name} was acknowledged, and is lost"
    if kept and len(kept) % PARTS != 1:
        yield f"{who} left a write half done"


def wrong_after_compaction(base: EmbeddedBase, who: str, last: int) -> Iterator[str]:
    found = base.items("storm", base.ids("storm"))
    bodies = {item.record.model_dump()["body"] for item in found}
    if len(bodies) > 1 or (found and len(found) != 10 * PARTS):
        yield f"{who} left {len(found)} records of {len(bodies)} writes"
    if last >= 0 and not bodies & {str(last), str(last + 1)}:
        yield f"{who} lost an acknowledged write: {bodies} instead of {last}"
    if any(item.vectors["text"][int(next(iter(bodies))) % 64] != 1 for item in found):
        yield f"{who} left vectors of another write"
    base.ensure("storm", SPACES)
    if len(strays := list(base.folder.glob("storm/vectors-*"))) > 1:
        yield f"{who} left {len(strays)} vector files"


def wrong_after_move(base: EmbeddedBase, who: str, last: int) -> Iterator[str]:
    pointing = base.aliases().get("current")
    if last >= 0 and pointing not in ("storm", "calm"):
        yield f"{who} lost the alias"
    elif pointing:
        base.about("current")


WRONG: Mapping[str, Callable[[EmbeddedBase, str, int], Iterator[str]]] = {
    "upsert": wrong_after_upsert,
    "compaction": wrong_after_compaction,
    "alias": wrong_after_move,
}


@dataclass(frozen=True)
class Killing:
    scene: str
    folder: Path
    random: random.Random

    def round(self, who: str) -> Iterator[str]:
        """What is wrong after one writer worked for a while and was killed."""
        last, status = self._killed(who)
        if not os.WIFSIGNALED(status):
            yield f"{who} ended before it was killed"
        base = EmbeddedBase(self.folder)
        base.ensure("storm", SPACES)
        if not (health := base.health()).ok:
            yield health.said
        yield from base.check("storm")
        yield from WRONG[self.scene](base, who, last)
        base.close()

    def _killed(self, who: str) -> tuple[int, int]:
        """The last step that was acknowledged, -1 if none was; and how the writer ended."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            self._work(who, writer)
        os.close(writer)
        enough, said = self.random.randrange(4), b""
        while said.count(b"\n") < enough and (more := os.read(reader, 4096)):
            said += more
        select.select([], [], [], self.random.uniform(0, LONGEST_PAUSE))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        while more := os.read(reader, 4096):
            said += more
        os.close(reader)
        return said.count(b"\n") - 1, status

    def _work(self, who: str, writer: int) -> None:
        try:
            base = EmbeddedBase(self.folder)
            for collection in ("storm", "calm"):
                base.ensure(collection, SPACES)
            for number in itertools.count():
                STEPS[self.scene](base, who, number)
                os.write(writer, b"done\n")
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)


def failures(scene: str, rounds: int, folder: Path, seed: int = 0) -> list[str]:
    """What is wrong after that many kills, in a process that does the forking; the folder is new."""
    arguments = [sys.executable, "-m", "benchmarks.kills", scene, str(rounds), str(folder), str(seed)]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=Path(__file__).parent.parent, check=False)
    return [*done.stdout.splitlines(), *(done.stderr.splitlines()[-1:] if done.returncode else [])]


if __name__ == "__main__":
    scene, rounds, folder, seed = sys.argv[1:]
    killing = Killing(scene, Path(folder), random.Random(int(seed)))
    for number in range(int(rounds)):
        for wrong in killing.round(f"writer {number}"):
            print(wrong, flush=True)
