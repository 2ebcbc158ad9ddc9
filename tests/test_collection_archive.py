"""A collection as a .zip file: what comes back from it, and what is refused."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge.base import About, Eq, Item, Query
from knowledge.collection_archive import export_collection, import_collection
from knowledge.embedded import EmbeddedBase
from knowledge.problems import GiveUp, TryAgain
from tests.small_records import EAST, NORTH, SAME, SPACES, card, ids, lore, reference

STYLE = "ukiyo-e 浮世絵"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[EmbeddedBase]:
    made = EmbeddedBase(tmp_path / "knowledge")
    made.ensure(STYLE, SPACES)
    made.upsert(STYLE, [
        Item(lore("woodcut", "same", terms=("print",), licence="CC0"), {"text": EAST}),
        Item(reference("wave", "the same wave", rating=5), {"image": NORTH, "text": NORTH}),
        Item(card("ink", tags=("ink",), base_model="sdxl")),
    ])  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[EmbeddedBase]:
    made = EmbeddedBase(tmp_path / "elsewhere")
    yield made
    made.close()


@pytest.fixture
def packed(base: EmbeddedBase, tmp_path: Path) -> Path:
    export_collection(base, STYLE, tmp_path / "style.zip")
    return tmp_path / "style.zip"


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_packed_collection_comes_back_whole_in_another_base(
    base: EmbeddedBase, elsewhere: EmbeddedBase, packed: Path
) -> None:
    assert import_collection(elsewhere, packed) == About(STYLE, 3, SPACES)
    assert elsewhere.collections() == (STYLE,)
    for ours, theirs in zip(*(one.items(STYLE, base.ids(STYLE)) for one in (base, elsewhere)), strict=True):
        assert ours.record == theirs.record
        assert ours.vectors.keys() == theirs.vectors.keys()
        for space in ours.vectors:
            np.testing.assert_array_equal(ours.vectors[space], theirs.vectors[space])
    assert elsewhere.search(STYLE, SAME) == base.search(STYLE, SAME)
    assert elsewhere.check(STYLE) == ()
    assert left_over(elsewhere.folder) == left_over(packed.parent) == []


def test_a_packed_collection_may_come_back_under_another_name(base: EmbeddedBase, packed: Path) -> None:
    assert import_collection(base, packed, "woodcuts").name == "woodcuts"
    base.delete("woodcuts", ["ink"])
    assert base.collections() == (STYLE, "woodcuts")
    assert (base.about(STYLE).records, base.about("woodcuts").records) == (3, 2)


def test_a_name_that_is_taken_is_said_and_what_is_there_stays(base: EmbeddedBase, packed: Path) -> None:
    base.upsert(STYLE, [Item(lore("newer"))])
    base.point("current", STYLE)
    for name in ("", "current"):
        with pytest.raises(TryAgain, match=r"There is a collection '.*' already: import it under another name"):
            import_collection(base, packed, name)
    assert base.about(STYLE).records == 4
    assert left_over(base.folder) == []


def test_a_file_that_is_there_is_not_written_over(base: EmbeddedBase, packed: Path) -> None:
    with pytest.raises(TryAgain, match=r"a file 'style\.zip' already"):
        export_collection(base, STYLE, packed)
    with pytest.raises(TryAgain, match="no collection 'unknown'"):
        export_collection(base, "unknown", packed.with_name("other.zip"))


def test_what_was_deleted_is_not_shared(base: EmbeddedBase, tmp_path: Path) -> None:
    base.upsert(STYLE, [Item(lore("private", "a telephone number 5550123"), {"text": NORTH})])
    base.delete(STYLE, ["private"])
    export_collection(base, STYLE, tmp_path / "style.zip")
    with zipfile.ZipFile(tmp_path / "style.zip") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"woodcut" in everything
    assert b"5550123" not in everything
    assert b"telephon" not in everything


def test_a_collection_is_packed_as_it_is_at_one_moment_while_others_write(
    base: EmbeddedBase, elsewhere: EmbeddedBase, tmp_path: Path
) -> None:
    started, over = threading.Event(), threading.Event()

    def write() -> None:
        other = EmbeddedBase(base.folder)
        for number in range(10_000):
            if over.is_set():
                break
            other.upsert(STYLE, [Item(lore(f"{number}-{part}", "same"), {"text": EAST}) for part in range(5)])
            started.set()
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    started.wait()
    about = [export_collection(base, STYLE, tmp_path / f"{number}.zip") for number in range(3)]
    over.set()
    writer.join()
    for number, before in enumerate(about):
        kept = import_collection(elsewhere, tmp_path / f"{number}.zip", f"copy {number}").records
        assert kept >= before.records
        assert kept % 5 == 3, "a write is in it whole or not at all"


def test_a_folder_that_was_zipped_by_hand_can_be_imported(
    base: EmbeddedBase, elsewhere: EmbeddedBase, tmp_path: Path
) -> None:
    base.close()
    (folder,) = (path for path in base.folder.iterdir() if path.is_dir())
    (folder / ".DS_Store").touch()
    shutil.make_archive(str(tmp_path / "by hand"), "zip", base.folder, folder.name)
    assert import_collection(elsewhere, tmp_path / "by hand.zip") == About(STYLE, 3, SPACES)


def test_a_packed_collection_can_simply_be_unzipped_into_the_folder(elsewhere: EmbeddedBase, packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(elsewhere.folder)
    assert elsewhere.collections() == (STYLE,)
    assert "woodcut" in ids(elsewhere.search(STYLE, SAME))


# --- what is refused ---


def repacked(packed: Path, **parts: bytes | None) -> Path:
    """The archive with some parts other than they were, or more."""
    changed = packed.with_name("changed.zip")
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        for name, data in parts.items():
            target.writestr(name, data or b"")
    return changed


@pytest.mark.parametrize(
    "name",
    [
        "../evil.sqlite",
        "/etc/cron.d/evil",
        "a/b/records.sqlite",
        "..\\evil",
        "evil.py",
        "records.sqlite",
        "x/vectors-0-9.f32",
    ],
)
def test_an_archive_with_anything_else_in_it_is_refused(elsewhere: EmbeddedBase, packed: Path, name: str) -> None:
    before = {path for path in packed.parent.rglob("*") if "evil" in path.name}
    with pytest.raises(TryAgain, match="is no packed collection"):
        import_collection(elsewhere, repacked(packed, **{name: b"evil"}))
    assert {path for path in packed.parent.rglob("*") if "evil" in path.name} == before
    assert elsewhere.collections() == ()


def test_a_bomb_is_refused_before_it_is_unpacked(elsewhere: EmbeddedBase, packed: Path) -> None:
    (folder,) = {name.partition("/")[0] for name in zipfile.ZipFile(packed).namelist()}
    with pytest.raises(TryAgain, match=r"would unpack to 0\.1 GB"):
        import_collection(elsewhere, repacked(packed, **{f"{folder}/vectors-7-0.f32": bytes(60_000_000)}))


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04 torn"])
def test_a_file_that_is_no_archive_is_refused(elsewhere: EmbeddedBase, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "odd.zip").write_bytes(data)
    with pytest.raises(TryAgain, match=r"'odd\.zip' cannot be unpacked"):
        import_collection(elsewhere, tmp_path / "odd.zip")
    with pytest.raises(TryAgain, match=r"There is no file 'gone\.zip'"):
        import_collection(elsewhere, tmp_path / "gone.zip")


def test_a_torn_archive_is_refused(elsewhere: EmbeddedBase, packed: Path) -> None:
    data = bytearray(packed.read_bytes())
    data[len(data) // 3] ^= 0xFF
    packed.write_bytes(data)
    with pytest.raises(TryAgain, match=r"'style\.zip' (cannot be|is no)"):
        import_collection(elsewhere, packed)
    assert elsewhere.collections() == ()


def tampered(packed: Path, statement: str) -> Path:
    folder = packed.parent / "tampered"
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)
    (database,) = folder.rglob("records.sqlite")
    db = sqlite3.connect(database)
    db.execute(statement)
    db.commit()
    db.close()
    shutil.make_archive(str(packed.parent / "tampered"), "zip", folder)
    return packed.parent / "tampered.zip"


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("PRAGMA user_version=7", "another version of Atelier"),
        ("CREATE TRIGGER evil AFTER INSERT ON record BEGIN DELETE FROM record; END", "another version of Atelier"),
        ("CREATE TABLE evil(a)", "another version of Atelier"),
        ("""UPDATE record SET body='{"kind": "poison"}' WHERE id='ink'""", "holds what is no record"),
        ("UPDATE vector SET slot=slot + 99", "its rows do not fit together"),
        ("UPDATE space SET written=99", "shorter than its index"),
        ("UPDATE space SET dim=5", "shorter than its index"),
        ("UPDATE about SET name='../up'", "cannot name a collection"),
        ("UPDATE about SET name=''", "cannot name a collection"),
    ],
)
def test_a_collection_that_was_tampered_with_is_refused(
    elsewhere: EmbeddedBase, packed: Path, statement: str, why: str
) -> None:
    with pytest.raises(TryAgain, match=why):
        import_collection(elsewhere, tampered(packed, statement))
    assert elsewhere.collections() == ()
    assert left_over(elsewhere.folder) == []


def test_what_an_archive_says_of_its_records_is_not_believed(elsewhere: EmbeddedBase, packed: Path) -> None:
    lying = tampered(packed, "UPDATE field SET value='CC0' WHERE name='licence'")
    import_collection(elsewhere, lying)
    assert ids(elsewhere.search(STYLE, Query(where=Eq("licence", "CC0")))) == ["woodcut"]


def test_vectors_that_are_none_are_refused(elsewhere: EmbeddedBase, packed: Path) -> None:
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(packed.with_name("nan.zip"), "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, np.full(len(data) // 4, np.nan, "<f4").tobytes() if name.endswith("f32") else data)
    with pytest.raises(TryAgain, match=r"its record 'wave' cannot be kept: .*not finite"):
        import_collection(elsewhere, packed.with_name("nan.zip"))


def test_what_a_killed_import_left_goes_after_a_day(base: EmbeddedBase, packed: Path) -> None:
    old, young = (base.folder / f".passing-{name}" for name in ("old", "young"))
    old.mkdir()
    young.mkdir()
    os.utime(old, (0, 0))
    import_collection(base, packed, "again")
    assert left_over(base.folder) == [".passing-young"]


def test_a_folder_that_cannot_be_written_gives_one_sentence(base: EmbeddedBase, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(GiveUp, match="cannot be used"):
        export_collection(base, STYLE, tmp_path / "taken" / "style.zip")
