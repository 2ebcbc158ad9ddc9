"""The parts of a packed collection: which they may be, how large, and taking them out of a .zip file."""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from pathlib import Path

from knowledge.collection_database import FILE
from knowledge.problems import TryAgain

PART = re.compile(rf"(?:(?P<folder>[^/\\]+)/)?(?P<file>{re.escape(FILE)}(?:-wal)?|vectors-\d+-\d+\.f32)")
"""At the top or in one folder, as a file manager packs it too."""
PASSED_OVER = re.compile(r"__MACOSX/.*|.*/|(?:.*/)?(?:\.DS_Store|Thumbs\.db|desktop\.ini|.*-shm)")
MOST_PARTS = 100
MOST_BYTES = 1 << 36
MOST_SWOLLEN = 200
"""Unpacked bytes for each packed one; short records of equal words come to fifty."""


def pack(folder: Path, path: Path) -> None:
    """The parts in a folder of that name; vectors as they are, because they hardly become smaller."""
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.iterdir()):
            how = zipfile.ZIP_STORED if part.suffix == ".f32" else zipfile.ZIP_DEFLATED
            archive.write(part, f"{folder.name}/{part.name}", how)


def unpack(path: Path, folder: Path) -> None:
    """Put the parts into a folder that is there. Raises `TryAgain` if the file is no packed collection."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name, part in parts(archive, path).items():
                with archive.open(part) as source, (folder / name).open("xb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
    except FileNotFoundError as error:
        raise TryAgain(f"There is no file {path.name!r}: check its name.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise TryAgain(f"{path.name!r} cannot be unpacked ({error}): give a .zip that was exported.") from error


def parts(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """By the name each gets here, which never comes from the archive but is one of a few."""
    there = [info for info in archive.infolist() if not PASSED_OVER.fullmatch(info.filename)]
    found = [PART.fullmatch(info.filename) for info in there]
    names = [match["file"] for match in found if match]
    folders = {match["folder"] for match in found if match}
    if FILE not in names or len(folders) > 1 or len(set(names)) < len(there):
        raise TryAgain(f"{path.name!r} is no packed collection: give a .zip that was exported.")
    size = sum(info.file_size for info in there)
    if len(there) > MOST_PARTS or size > min(MOST_BYTES, max(MOST_SWOLLEN * path.stat().st_size, 1 << 24)):
        raise TryAgain(f"{path.name!r} would unpack to {size / 1e9:,.1f} GB, more than a collection that was exported.")
    return dict(zip(names, there, strict=True))
