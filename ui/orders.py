"""What the drawing commands do with what was asked for: open the workshop, draw, deliver, tell."""

from __future__ import annotations

import json
import re
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from knowledge.problems import TryAgain
from ui import delivery, telling
from ui.failures import stoppable

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.wish import Wish
    from agent.workshop import Workshop
    from tools.call import Call


@dataclass(frozen=True)
class Tray:
    """Where finished pictures go and how they are told."""

    output: Path | None
    as_json: bool

    def put(self, words: list[str]) -> None:
        if not self.as_json:
            sys.stdout.write("".join(f"{line}\n" for line in words))
            sys.stdout.flush()

    def put_json(self, value: dict[str, object]) -> None:
        if self.as_json:
            sys.stdout.write(json.dumps(value) + "\n")


def settings_for(model: str | None) -> Settings:
    """Those of the environment, with another model if one is named."""
    from agent.settings import read_settings

    settings = read_settings()
    return settings if model is None else settings.model_copy(update={"model": model})


def opened(settings: Settings) -> Workshop:
    """The workshop the settings describe; what was chosen is said on stderr."""
    from agent.workshop import open_workshop

    workshop = open_workshop(settings)
    sys.stderr.write(f"{' · '.join(workshop.lines)}\n")
    return workshop


def any_seed() -> int:
    return secrets.randbelow(2**31)


def sides(size: str) -> tuple[int, int]:
    """Width and height in pixels."""
    found = re.fullmatch(r"(\d{1,9})[xX×](\d{1,9})", size)
    if not found:
        raise TryAgain(f"The size {size!r} is not WIDTHxHEIGHT; write one such as 512x512.")
    return int(found[1]), int(found[2])


@dataclass(frozen=True)
class Given:
    """The user's own pictures: to start from or to follow, and white where only to repaint it."""

    reference: Path | None = None
    mask: Path | None = None

    def kept(self, workshop: Workshop, wish: Wish) -> Wish:
        if self.mask and not self.reference:
            raise TryAgain("A mask needs a picture to repaint: give it with --reference.")
        keep = workshop.bench.gallery.keep_file
        return replace(
            wish,
            reference_id=keep(self.reference) if self.reference else None,
            mask_id=keep(self.mask) if self.mask else None,
        )


def draw(settings: Settings, wish: Wish, given: Given, count: int, tray: Tray) -> None:
    """One picture for each of `count` seeds, the wish's own first; what can be refused is refused before any work."""
    from agent.workflow import draw as drawn

    wish.refuse_nonsense()
    seeds = range(wish.seed, wish.seed + count)
    files = delivery.targets(tray.output, [delivery.named_after(wish.prompt, seed) for seed in seeds])
    workshop = opened(settings)
    wish = given.kept(workshop, wish)
    pictures: list[dict[str, object]] = []
    for seed, file in zip(seeds, files, strict=True):
        with _watched(f"seed {seed}") as call:
            picture = drawn(workshop.bench, replace(wish, seed=seed), call)
        delivery.deliver(workshop.bench.gallery, picture, file)
        tray.put(telling.drawn(picture, str(file)))
        pictures.append(telling.as_json(picture, str(file)))
    tray.put_json({"wish": wish.prompt, "pictures": pictures})


def redraw(file: Path, others: set[str], tray: Tray) -> None:
    """The same recipe once more, and whether the pixels are those of the file."""
    from agent.redraw import redraw as redrawn
    from agent.settings import read_settings

    if others:
        raise TryAgain(f"--again draws the file's own recipe; leave out {', '.join(sorted(others))}.")
    (target,) = delivery.targets(tray.output, [f"{file.stem}-again"])
    workshop = opened(read_settings())
    with _watched("again") as call:
        result = redrawn(workshop.bench, file, call)
    delivery.deliver(workshop.bench.gallery, result.picture, target)
    tray.put([*telling.drawn(result.picture, str(target)), telling.line("pixels", telling.SAME[result.identical])])
    tray.put_json({"identical": result.identical, "pictures": [telling.as_json(result.picture, str(target))]})


def show(file: Path) -> list[str]:
    from knowledge.image_files import read_provenance

    provenance, _inputs = read_provenance(file)
    return telling.shown(provenance)


@contextmanager
def _watched(what: str) -> Iterator[Call]:
    """A call whose steps are shown on stderr, and which Ctrl-C stops."""
    from tools.call import Call

    cancelled = threading.Event()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    if not console.is_terminal:
        console.print(f"drawing {what}", highlight=False)
    with stoppable(cancelled), Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"drawing {what}", total=None)
        yield Call(lambda done, total: bar.update(task, completed=done, total=total), cancelled)
