"""What the training command does: trains or goes on, shows how far it is, and tells what came of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.problems import TryAgain
from tools.renderer import Cancelled
from ui.orders import opened
from ui.telling import line
from ui.watching import at_once, watching

if TYPE_CHECKING:
    from agent.settings import Settings
    from tools.call import Call
    from tools.train import Asked, Trained

SHOWN = 20
"""Refused pictures that are told one by one."""


def run(settings: Settings, source: Path | None, asked: Asked, resume: bool) -> None:
    from agent.workshop import open_trainer

    if resume == (source is not None):
        raise TryAgain("Name a folder of pictures to begin a training; --resume goes on with one, and takes no folder.")
    trainer = open_trainer(settings, opened(settings))
    with watching() as watch:
        try:
            with watch.call(f"training {asked.name}") as call, at_once(watch.cancelled) as pool:
                call = call if watch.console.is_terminal else in_lines(call)
                work = partial(trainer.train, source) if source else trainer.resume
                trained = pool.submit(work, asked, call).result()
        except (KeyboardInterrupt, Cancelled):
            if trainer.begun(asked.name):
                sys.stderr.write(f"What was learnt is kept: atelier train --name {asked.name!r} --resume goes on.\n")
            raise
    sys.stdout.write("".join(f"{one}\n" for one in told(trained)))


def in_lines(call: Call) -> Call:
    """How far it is, for logs: the first step, then every tenth part."""

    def say(done: int, total: int) -> None:
        if done in (1, total) or done % max(1, total // 10) == 0:
            sys.stderr.write(f"{done} of {total} steps\n")

    return replace(call, on_progress=say)


def told(trained: Trained) -> list[str]:
    training, card, refused = trained.record.training, trained.card, trained.record.refused
    pictures = len(trained.record.captions)
    return [
        line("trained", f"{card.name!r}, {training.steps} steps on {pictures} pictures, loss {trained.loss:.4f}"),
        *(line("refused", f"{name}: {why}") for name, why in refused[:SHOWN]),
        *([line("refused", f"{len(refused) - SHOWN} more")] if len(refused) > SHOWN else []),
        *(line("sample", f"{picture.id[:12]}, {picture.provenance.decisions[0].why}") for picture in trained.samples),
        *(line("note", note) for note in trained.notes),
        line("say", f"{training.trigger!r} in a prompt, and it is worn"),
        line("file", str(trained.file)),
    ]
