"""Where a finished picture goes: the file the user named, or one named after the prompt in the current folder."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.problems import TryAgain

if TYPE_CHECKING:
    from knowledge.gallery import Gallery
    from knowledge.image_files import FileFormat
    from knowledge.picture import Picture

FORMATS: dict[str, FileFormat] = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def named_after(prompt: str, seed: int) -> str:
    """The stem of a file for this picture."""
    words = "-".join(re.findall(r"\w+", prompt.casefold()))[:48].strip("-")
    return f"{words or 'picture'}-{seed}"


def targets(output: Path | None, stems: Sequence[str]) -> list[Path]:
    """A file for each stem: the one asked for, numbered if there are several, else one of that stem that is free here.

    Raises `TryAgain`, before anything is drawn, where a file could not be written."""
    if output is None:
        found = [_free(Path(f"{stem}.png")) for stem in stems]
    elif len(stems) == 1:
        found = [output]
    else:
        found = [output.with_name(f"{output.stem}-{number}{output.suffix}") for number in range(1, len(stems) + 1)]
    _check(found[0])
    return found


def _check(target: Path) -> None:
    if target.suffix.lower() not in FORMATS:
        raise TryAgain(f"Cannot write {str(target)!r}; name a file that ends in {', '.join(FORMATS)}.")
    if target.is_dir():
        raise TryAgain(f"{str(target)!r} is a folder; name a file.")
    try:
        tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as refused:
        reason = (refused.strerror or str(refused)).lower()
        raise TryAgain(f"Cannot write into {str(target.parent)!r} ({reason}); choose another with -o.") from refused


def _free(wanted: Path) -> Path:
    """`wanted`, or the first numbered name beside it that is not taken."""
    numbered = (wanted.with_stem(f"{wanted.stem}-{number}") for number in range(2, 10_000))
    return next(path for path in (wanted, *numbered) if not path.exists())


def deliver(gallery: Gallery, picture: Picture, target: Path) -> None:
    """A copy of the picture, with all it says of itself, in the format the name asks for."""
    from knowledge.data_folder import write_whole
    from knowledge.image_files import write_picture

    image_format = FORMATS[target.suffix.lower()]
    if image_format == "PNG":
        data = gallery.path(picture.id).read_bytes()
    else:
        data = write_picture(gallery.image(picture.id), picture.provenance, {}, image_format)
    write_whole(target, data)
