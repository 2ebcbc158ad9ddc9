"""What the knowledge commands do: each returns the lines it tells."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge import versions
from knowledge.base import About, Hit
from knowledge.collection_archive import export_collection, import_collection
from knowledge.embedded import EmbeddedBase
from knowledge.problems import GiveUp, TryAgain
from knowledge.readers.pictures import perceptual_hash
from knowledge.records import Lore, Reference
from knowledge.reencoding import reencode
from ui.telling import line

if TYPE_CHECKING:
    from agent.settings import Store
    from agent.workshop import Workshop
    from knowledge.copying import Copied

PAGE = 20
"""Records shown of a collection."""


@dataclass(frozen=True)
class Lesson:
    """What a user teaches: a word and its meaning, or with `image` a picture and its caption."""

    title: str
    means: str = ""
    adds: str = ""
    also: tuple[str, ...] = ()
    image: Path | None = None
    licence: str = ""
    source: str = ""


def desk() -> Workshop:
    from agent.settings import read_settings
    from agent.workshop import open_workshop

    return open_workshop(read_settings())


def tell(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{one}\n" for one in lines))


def listed(workshop: Workshop) -> list[str]:
    return [line(name, said(workshop, about)) for name, about in names(workshop).items()]


def names(workshop: Workshop) -> dict[str, About]:
    """Each collection under the name people use: its alias where it has one."""
    base = workshop.bench.base
    return {name: base.about(name) for name in versions.names(base.aliases(), base.collections())}


def said(workshop: Workshop, about: About) -> str:
    encoders = ", ".join(f"{space.name} {space.encoder[:12]} ({space.dim})" for space in about.spaces)
    old = versions.stale(workshop.bench.base, about.name, workshop.bench.encoders)
    advice = "; made with another encoder: run atelier knowledge reencode" if old else ""
    return f"{about.records} records, {encoders or 'no vectors'}{advice}"


def shown(workshop: Workshop, name: str, record_id: str) -> list[str]:
    base = workshop.bench.base
    if not record_id:
        ids = base.ids(name, limit=PAGE)
        rest = base.about(name).records - len(ids)
        more = [line("", f"and {rest} more")] if rest > 0 else []
        return [*(line(record.id, record.title) for record in base.get(name, ids)), *more]
    for record in base.get(name, [record_id]):
        return [line(field, worded(value)) for field, value in record.model_dump().items() if value not in ("", ())]
    raise TryAgain(f"There is no record {record_id!r} in {name!r}: atelier knowledge search finds its id.")


def worded(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def found(
    workshop: Workshop, words: str, collections: Sequence[str] | None, image: Path | None, limit: int
) -> list[str]:
    bench = workshop.bench
    asked = tuple(collections or names(workshop))
    kept = bench.gallery.keep_file(image) if image else None
    findings = bench.retriever.retrieve(words, asked, kept, limit)
    missing = [line("not asked", f"{name}: {why}") for name, why in findings.missing.items()]
    return [*(line(f"{hit.score:.2f}", of(hit)) for hit in findings.hits), *missing] or ["Nothing was found."]


def of(hit: Hit) -> str:
    return f"{hit.collection}/{hit.record.id}: {hit.record.title} ({hit.why}; good for {', '.join(hit.good_for)})"


def taught(workshop: Workshop, name: str, lesson: Lesson) -> list[str]:
    record = learned(workshop, lesson)
    report = workshop.ingester.add(name, [record])
    if report.failed:
        raise GiveUp(f"The record {record.id!r} could not be kept: {report.failed[0][1]}")
    return [f"{name}/{record.id} is known from now on."]


def learned(workshop: Workshop, lesson: Lesson) -> Lore | Reference:
    title, licence, source = lesson.title.strip(), lesson.licence, lesson.source or "you"
    if not title:
        raise TryAgain("There is nothing to learn: give the word, or the picture's caption.")
    if lesson.image:
        kept = workshop.bench.gallery.keep_file(lesson.image)
        record_id = f"{plain(title)}-{kept[:8]}"
        mark = perceptual_hash(workshop.bench.gallery.image(kept))
        return Reference(id=record_id, caption=title, image_id=kept, phash=mark, licence=licence, source=source)
    meaning = lesson.means.strip() or lesson.adds.strip()
    if not meaning:
        raise TryAgain(f"Say what {title!r} means with --means, or give its picture with --image.")
    terms, adds = (title, *lesson.also), lesson.adds.strip() or meaning
    return Lore(id=plain(title), title=title, body=meaning, terms=terms, adds=adds, licence=licence, source=source)


def plain(title: str) -> str:
    return "-".join(re.findall(r"\w+", title.casefold()))[:60].strip("-") or "record"


def removed(workshop: Workshop, name: str, ids: Sequence[str], everything: bool) -> list[str]:
    base = workshop.bench.base
    if everything == bool(ids):
        raise TryAgain("Name the records to forget, or give --all to forget the whole collection.")
    if everything:
        count = base.about(name).records
        base.drop(name)
        return [f"{name} and its {count} records are forgotten."]
    return [f"{base.delete(name, ids)} of {len(ids)} records were there and are forgotten."]


def reencoded(workshop: Workshop, name: str) -> list[str]:
    report = reencode(workshop.ingester, name)
    if report.failed:
        record_id, why = report.failed[0]
        raise GiveUp(
            f"{len(report.failed)} records of {name!r} cannot be encoded ({record_id!r}: {why}); the old vectors stay."
        )
    return [f"{name}: {len(report.stored)} records encoded anew." if report.stored else f"{name} is up to date."]


def copied(source: str, target: str, collections: Sequence[str]) -> tuple[list[str], bool]:
    """One line for each collection, and whether each arrived whole."""
    from agent.settings import read_settings
    from agent.workshop import knowledge_base
    from knowledge.copying import copy

    settings = read_settings()
    stores: dict[str, Store] = {"embedded": "embedded", "weaviate": "weaviate"}
    for name in (source, target):
        if name not in stores:
            raise TryAgain(f"There is no store {name!r}: use {' or '.join(stores)}.")
    if source == target:
        raise TryAgain(f"Both are {source!r}: copy from one store to the other.")
    bases = [knowledge_base(settings, stores[name]) for name in (source, target)]
    try:
        done = copy(bases[0], bases[1], collections or bases[0].collections(), counted)
    finally:
        for base in bases:
            base.close()
    return [line(name, result(some)) for name, some in done.items()], not any(some.failed for some in done.values())


def counted(name: str, done: int, of: int) -> None:
    sys.stderr.write(f"{name}: {done} of {of}\n")


def result(some: Copied) -> str:
    said = f"{some.records} records, {some.written} of them written now"
    failures = [f"; {record_id!r} failed: {why}" for record_id, why in some.failed[:1]]
    return said + "".join(failures) + (f", {some.extra} more were there already" if some.extra else "")


def local(workshop: Workshop) -> EmbeddedBase:
    base = workshop.bench.base
    if not isinstance(base, EmbeddedBase):
        raise TryAgain("Only the embedded store has files: bring it there with atelier knowledge copy first.")
    return base


def exported(workshop: Workshop, name: str, file: Path) -> list[str]:
    about = export_collection(local(workshop), name, file)
    return [f"{name}, {about.records} records, is in {str(file)!r}."]


def imported(workshop: Workshop, file: Path, name: str) -> list[str]:
    about = import_collection(local(workshop), file, name)
    advice = f"; run atelier knowledge reencode {about.name!r}" if stale_here(workshop, about.name) else ""
    return [f"{about.name} has come with {about.records} records{advice}."]


def stale_here(workshop: Workshop, name: str) -> bool:
    return versions.stale(workshop.bench.base, name, workshop.bench.encoders)


def compacted(workshop: Workshop, name: str) -> list[str]:
    local(workshop).compact(name)
    return [f"{name} takes no more room than it needs."]


def checked(workshop: Workshop) -> tuple[list[str], bool]:
    """One line for each collection, and whether all is well."""
    health = workshop.bench.base.health()
    troubles = {name: trouble(workshop, name) for name in names(workshop)} if health.ok else {}
    lines = [line("base", health.said), *(line(name, said or "well") for name, said in troubles.items())]
    return lines, health.ok and not any(troubles.values())


def trouble(workshop: Workshop, name: str) -> str:
    """What is wrong with one collection, or nothing: other encoders, or pictures that are gone."""
    base = workshop.bench.base
    if versions.stale(base, name, workshop.bench.encoders):
        return f"made with another encoder: run atelier knowledge reencode {name}"
    after, gone = "", list[str]()
    while ids := base.ids(name, after):
        pictures = [record for record in base.get(name, ids) if isinstance(record, Reference)]
        gone += [record.id for record in pictures if not readable(workshop, record)]
        after = ids[-1]
    return f"the pictures of {len(gone)} records are gone, such as {gone[0]!r}: add them again" if gone else ""


def readable(workshop: Workshop, reference: Reference) -> bool:
    try:
        workshop.ingester.image_of(reference.image_id)
    except TryAgain:
        return False
    return True
