"""What the rating command does: finds the picture by its file or id, keeps the rating, and tells what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.problems import TryAgain
from ui.telling import line

if TYPE_CHECKING:
    from agent.workshop import Workshop
    from knowledge.picture import Picture
    from tools.rate import Rated


def rated(workshop: Workshop, called: str, rating: int, reference: bool | None, collection: str) -> list[str]:
    if reference is False and collection:
        raise TryAgain("--no-reference forgets it everywhere: leave --collection out.")
    picture = meant(workshop, called)
    done = workshop.bench.rater.rate(picture.id, rating, reference, collection or "references")
    wish = picture.provenance.wish or picture.recipe.prompt
    return [line("rated", f"{wish!r}: {stars(done)}"), *(line("reference", said) for said in told(done))]


def meant(workshop: Workshop, called: str) -> Picture:
    path, gallery = Path(called).expanduser(), workshop.bench.gallery
    if path.is_file():
        return gallery.of_file(path)
    try:
        return gallery.beginning(called)
    except TryAgain as problem:
        if path.suffix:
            raise TryAgain(f"There is no file {called!r}: name a picture's file, or its id.") from problem
        raise


def stars(done: Rated) -> str:
    before = f" (it was {done.before})" if done.before not in (0, done.rating) else ""
    return f"{done.rating} of 5{before}"


def told(done: Rated) -> Sequence[str]:
    return (
        *(f"the next wishes find it in {name!r}" for name in done.reference_in),
        *(f"taken out of {name!r}" for name in done.removed_from),
    )
