"""What the drawing commands do with what was asked for: open the workshop, draw, deliver, tell."""

from __future__ import annotations

import json
import re
import secrets
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.problems import TryAgain
from ui import delivery, telling
from ui.watching import Watch, at_once, watching

if TYPE_CHECKING:
    from agent.settings import Settings
    from agent.wish import Wish
    from agent.workflow import Plan
    from agent.workshop import Workshop
    from knowledge.picture import Picture
    from tools.toolbox import Bench


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
    """
    One picture for each of `count` seeds, the wish's own first, all at once; what can be refused is refused before any
    work. One that fails takes no other with it: the first failure is raised when all are done.
    """
    from agent.workflow import planned

    seeds = range(wish.seed, wish.seed + count)
    for seed in (seeds[0], seeds[-1]):
        replace(wish, seed=seed).refuse_nonsense()
    files = delivery.targets(tray.output, [delivery.named_after(wish.prompt, seed) for seed in seeds])
    workshop = opened(settings)
    wish, bench = given.kept(workshop, wish), workshop.bench
    pictures: list[dict[str, object]] = []
    failures: list[Exception] = []
    with watching() as watch, at_once(watch.cancelled) as pool:
        with watch.call("getting ready"):
            plan = planned(bench, wish)
        drawings = [pool.submit(_drawn, plan, bench, watch, seed, count - 1) for seed in seeds]
        for drawing, file in zip(drawings, files, strict=True):
            try:
                picture = drawing.result()
            except Exception as failure:
                failures.append(failure)
                continue
            delivery.deliver(bench.gallery, picture, file)
            tray.put(telling.drawn(picture, str(file)))
            pictures.append(telling.as_json(picture, str(file)))
    tray.put_json({"wish": wish.prompt, "pictures": pictures})
    if failures:
        raise failures[0]


def _drawn(plan: Plan, bench: Bench, watch: Watch, seed: int, beside: int) -> Picture:
    with watch.call(f"drawing seed {seed}") as call:
        return plan.drawn(bench, call, seed, beside)


def redraw(file: Path, others: set[str], tray: Tray) -> None:
    """The same recipe once more, and whether the pixels are those of the file."""
    from agent.redraw import redraw as redrawn
    from agent.settings import read_settings

    if others:
        raise TryAgain(f"--again draws the file's own recipe; leave out {', '.join(sorted(others))}.")
    (target,) = delivery.targets(tray.output, [f"{file.stem}-again"])
    workshop = opened(read_settings())
    with watching() as watch, watch.call("drawing again") as call:
        result = redrawn(workshop.bench, file, call)
    delivery.deliver(workshop.bench.gallery, result.picture, target)
    pixels = telling.compared(result.identical, result.levels)
    tray.put([*telling.drawn(result.picture, str(target)), telling.line("pixels", pixels)])
    tray.put_json(
        {
            "identical": result.identical,
            "levels": result.levels,
            "pictures": [telling.as_json(result.picture, str(target))],
        }
    )


def show(file: Path) -> list[str]:
    from knowledge.image_files import read_provenance

    provenance, _inputs = read_provenance(file)
    return telling.shown(provenance)
