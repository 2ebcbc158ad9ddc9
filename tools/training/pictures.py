"""A folder of pictures with their captions: each is used, or refused with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from knowledge.image_files import open_image
from knowledge.problems import TryAgain
from knowledge.readers.limits import KINDS, Limits
from knowledge.readers.pictures import LONGEST, SETTINGS, WORDS_BESIDE, Captioner, prompt_in
from knowledge.readers.texts import line, read_text
from tools.mentions import mentions

MOST = 10_000
"""Pictures: a low-rank adapter has no room for what more of them would teach."""
LEAST = 4
"""Of the model's side: a picture with fewer than this part of its pixels teaches what enlarging looks like."""
NAMED = 5


@dataclass(frozen=True)
class Captioned:
    path: Path
    caption: str


@dataclass(frozen=True)
class Found:
    """The pictures to learn from, in the order of their names; those refused, by name, and why."""

    pictures: tuple[Captioned, ...]
    refused: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cropped:
    """The middle of a picture, square; `sizes` are its height and width before, and how much was cut at the top and
    the left, as SDXL is told (Podell et al. 2023), in pixels."""

    image: Image.Image
    sizes: tuple[int, int, int, int]


def read_folder(folder: Path, side: int, captioner: Captioner | None = None, limits: Limits | None = None) -> Found:
    """Raises `TryAgain` if there is nothing to learn from, or if pictures lack captions, naming them."""
    if not folder.is_dir():
        raise TryAgain(f"{str(folder)!r} is no folder: name one with pictures and their captions.")
    used: list[Captioned] = []
    refused: list[tuple[str, str]] = []
    silent: list[str] = []
    for path in _pictures(folder):
        name = path.relative_to(folder).as_posix()
        try:
            image = _large_enough(open_image(path), name, side)
            caption = _caption(path, image, captioner, limits or Limits())
        except TryAgain as problem:
            refused.append((name, str(problem)))
            continue
        if caption is None:
            silent.append(name)
        else:
            used.append(Captioned(path, caption))
    if silent:
        raise TryAgain(_speechless(silent))
    if not used:
        why = f": {refused[0][1]}" if refused else ": put pictures into it, each with a .txt file of its name."
        raise TryAgain(f"There is no picture to learn from in {folder.name!r}{why}")
    return Found(tuple(used), tuple(refused))


def with_trigger(caption: str, trigger: str) -> str:
    """The caption, which says the trigger word somewhere; of an empty one it is all."""
    if mentions(caption, trigger):
        return caption
    return f"{caption}, {trigger}" if caption else trigger


def cropped(image: Image.Image, side: int) -> Cropped:
    scale = side / min(image.size)
    width, height = (max(side, round(length * scale)) for length in image.size)
    square = ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)
    return Cropped(square, (image.height, image.width, (height - side) // 2, (width - side) // 2))


def _pictures(folder: Path) -> Iterator[Path]:
    found = (path for path in sorted(folder.rglob("*")) if KINDS.get(path.suffix.lower()) == "image")
    for number, path in enumerate(path for path in found if not path.name.startswith(".")):
        if number == MOST:
            raise TryAgain(f"{folder.name!r} holds more than {MOST:,} pictures: choose among them.")
        yield path


def _large_enough(image: Image.Image, name: str, side: int) -> Image.Image:
    if min(image.size) * LEAST < side:
        raise TryAgain(f"{name!r} has only {image.width}x{image.height} pixels: use one of {side} or more a side.")
    return image


def _caption(path: Path, image: Image.Image, captioner: Captioner | None, limits: Limits) -> str | None:
    """What a file beside the picture says, else the picture itself, else the captioner; None if nobody does."""
    for beside in (path.with_suffix(suffix) for suffix in WORDS_BESIDE):
        if beside.is_file():
            if not beside.stat().st_size:
                return ""
            text = read_text(beside, limits.bytes["text"], limits.characters)
            return line(SETTINGS.split(text)[0])[:LONGEST]
    said = prompt_in(path) or (captioner.caption(image) if captioner else "")
    return line(said)[:LONGEST] or None


def _speechless(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:NAMED])) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    lack = "1 picture has" if len(names) == 1 else f"{len(names)} pictures have"
    return (
        f"{lack} no caption: {shown}. Say in a .txt file of the same name what is to be seen; "
        "an empty one stands for the trigger word alone."
    )
