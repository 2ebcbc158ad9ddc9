"""A collection as one .zip file: packed while others go on writing, unpacked without trusting what is in it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex

from knowledge.archive_parts import pack, unpack
from knowledge.base import About
from knowledge.collection_folder import HIDDEN, slug
from knowledge.embedded import EmbeddedBase
from knowledge.embedded_collection import Collection
from knowledge.problems import GiveUp, TryAgain
from knowledge.sqlite_store import told

PAGE = 500
PASSING = f"{HIDDEN}passing-"
DAY = 86_400
ODD = (GiveUp, ValueError, TypeError, LookupError, ArithmeticError)
"""What reading a database raises in which somebody has written anything at all."""


def export_collection(base: EmbeddedBase, collection: str, path: Path) -> About:
    """
    Pack the collection as it is at one moment, without what was deleted from it, into a new file.

    Raises `TryAgain` if there is such a file already.
    """
    about = base.about(collection)
    if path.exists():
        raise TryAgain(f"There is a file {path.name!r} already: choose another name, or remove it first.")
    with told(about.name), passing(path.parent) as folder:
        copied = folder / slug(about.name)
        copied.mkdir()
        # Connections of its own, so that nobody waits for the copy.
        with closing(EmbeddedBase(base.folder)) as source:
            source.snapshot(collection, copied)
        with closing(EmbeddedBase(folder)) as copies:
            copies.compact(about.name)
        pack(copied, folder / "packed")
        (folder / "packed").replace(path)
    return about


def import_collection(base: EmbeddedBase, path: Path, name: str = "") -> About:
    """
    Make a collection of a packed one, under its own name or another; it is there as a whole, or not at all.

    Every record and vector is read and stored like any other, whatever the file says of them. Raises `TryAgain` if the
    file is no packed collection, or if the name is taken.
    """
    with told(path.name), passing(base.folder) as folder:
        (folder / "packed").mkdir()
        unpack(path, folder / "packed")
        try:
            made = rebuilt(folder / "packed", folder, name)
        except ODD as problem:
            why = str(problem) if isinstance(problem, GiveUp) else "its rows do not fit together"
            raise TryAgain(f"{path.name!r} cannot be imported: {why}") from problem
        if made.name in (*base.collections(), *base.aliases()):
            raise TryAgain(f"There is a collection {made.name!r} already: import it under another name.")
        (folder / slug(made.name)).rename(base.folder / slug(made.name))
    return base.about(made.name)


def rebuilt(packed: Path, folder: Path, name: str) -> About:
    """The packed collection stored anew, beside it."""
    source = Collection.at(packed)
    if not source:
        raise GiveUp("it holds no collection.")
    with closing(source.database), closing(EmbeddedBase(folder)) as target:
        # As SQLite advises for files from elsewhere.
        (said,) = source.read(lambda rows: rows.db.execute("PRAGMA quick_check(1)").fetchone())
        if said != "ok":
            raise GiveUp("its database is damaged.")
        (own,) = source.read(lambda rows: rows.db.execute("SELECT name FROM about").fetchone())
        target.ensure(name or own, source.spaces())
        after = ""
        while ids := source.ids(after, PAGE):
            if failed := target.upsert(name or own, source.items(ids)).failed:
                raise GiveUp(f"its record {failed[0][0]!r} cannot be kept: {failed[0][1]}.")
            after = ids[-1]
        return target.about(name or own)


@contextmanager
def passing(root: Path) -> Iterator[Path]:
    """A folder that is no collection's, for as long as the work lasts; those of killed processes go after a day."""
    for left in root.glob(f"{PASSING}*"):
        if left.stat().st_mtime < time.time() - DAY:
            shutil.rmtree(left, ignore_errors=True)
    folder = root / f"{PASSING}{token_hex(8)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
