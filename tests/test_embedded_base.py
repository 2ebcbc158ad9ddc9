"""What is true of the embedded base alone: folders, files, processes, and what survives a killed or hindered one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from benchmarks.hindrances import full_disk, torn_tail
from knowledge.base import Eq, In, Item, Least, Query, Space
from knowledge.collection_database import CollectionDatabase
from knowledge.collection_folder import slug
from knowledge.embedded import EmbeddedBase
from knowledge.problems import GiveUp, TryAgain
from tests.small_records import EAST, SAME, SPACES, card, ids, lore

ROOT = Path(__file__).parent.parent


@pytest.fixture
def base(tmp_path: Path) -> Iterator[EmbeddedBase]:
    made = EmbeddedBase(tmp_path / "knowledge")
    made.ensure("lore", SPACES)
    yield made
    made.close()


@pytest.fixture
def other(base: EmbeddedBase) -> Iterator[EmbeddedBase]:
    """Another process's view of the same folder."""
    opened = EmbeddedBase(base.folder)
    yield opened
    opened.close()


def test_many_may_begin_the_same_collection_at_once(tmp_path: Path) -> None:
    for number in range(30):
        begun = Barrier(6)

        def begin(_: int, folder: Path = tmp_path / str(number), begun: Barrier = begun) -> None:
            begun.wait()
            CollectionDatabase.make(folder, "lore")

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(begin, range(6)))


def test_records_are_found_by_their_words_in_any_number(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("toadstool", "grows in woods")), Item(lore("cottage", "stands in the country"))])
    assert ids(base.search("lore", Query("purple TOADSTOOLS"))) == ["toadstool"]


def test_words_that_every_text_has_count_only_where_there_are_no_others(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("a", "a house in the snow")), Item(lore("b", "the boat"))])
    assert ids(base.search("lore", Query("the house"))) == ["a"]
    assert set(ids(base.search("lore", Query("the")))) == {"a", "b"}


def test_of_equal_scores_the_first_stored_comes_first(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore(f"{n:02}", "same"), {"text": EAST}) for n in (3, 1, 2)])
    assert list(base.search("lore", SAME).scores["bm25"]) == ["03", "01", "02"]
    assert list(base.search("lore", SAME).scores["text"]) == ["03", "01", "02"]


# --- folders ---


def test_odd_names_keep_their_display_name_and_never_leave_the_folder(base: EmbeddedBase) -> None:
    names = ["ukiyo-e 浮世絵", "Lore", "lore.", "..", ".", "nul", "a\\b", "x" * 200, "%2f", "ukiyo-e", "~", "C:"]
    for name in names:
        base.ensure(name, SPACES)
    assert set(base.collections()) == {"lore", *names}
    folders = {path.parent for path in base.folder.rglob("*.sqlite")}
    assert folders == {base.folder / slug(name) for name in ["lore", *names]}
    assert len({slug(name).lower() for name in names}) == len(names)


def test_a_collection_is_a_folder_that_can_be_carried_elsewhere(base: EmbeddedBase, tmp_path: Path) -> None:
    base.upsert("lore", [Item(lore("one", "same"), {"text": EAST})])
    base.close()
    shutil.copytree(base.folder / "lore", tmp_path / "elsewhere" / "lore")
    there = EmbeddedBase(tmp_path / "elsewhere")
    assert ids(there.search("lore", SAME)) == ["one"]
    there.close()


@pytest.mark.parametrize("name", ["woodcuts", "My Woodcuts", "浮世絵"])
def test_a_folder_that_was_renamed_and_dropped_in_bears_its_new_name(
    base: EmbeddedBase, other: EmbeddedBase, name: str
) -> None:
    base.upsert("lore", [Item(lore("one"))])
    base.close()
    shutil.copytree(base.folder / "lore", base.folder / name)
    assert set(other.collections()) == {"lore", name}
    assert ids(other.search(name, Query())) == ["one"]
    other.upsert(name, [Item(lore("two"))])
    other.ensure(name, SPACES)
    assert (other.ids(name), other.ids("lore")) == (["one", "two"], ["one"])


def test_a_folder_may_be_swapped_for_another_under_a_running_base(
    base: EmbeddedBase, other: EmbeddedBase, tmp_path: Path
) -> None:
    other.ensure("style", SPACES)
    for where, record_id in (("lore", "old"), ("style", "new")):
        other.upsert(where, [Item(lore(record_id, "same"), {"text": EAST})])
    assert ids(base.search("lore", SAME)) == ["old"]
    other.close()
    (base.folder / "lore").rename(tmp_path / "put away")
    (base.folder / "style").rename(base.folder / "lore")
    assert ids(base.search("lore", SAME)) == ["new"]
    base.upsert("lore", [Item(lore("more", "same"))])
    base.close()
    assert set(ids(other.search("lore", SAME))) == {"new", "more"}
    assert other.check("lore") == ()


def test_a_writer_that_held_a_dropped_collection_is_told(base: EmbeddedBase, other: EmbeddedBase) -> None:
    other.upsert("lore", [Item(lore("one"))])
    base.drop("lore")
    assert list(base.folder.iterdir()) == [base.folder / "aliases.sqlite"]
    with pytest.raises(TryAgain, match="no collection 'lore'"):
        other.upsert("lore", [Item(lore("two"))])


def test_what_a_killed_drop_left_behind_is_no_collection_and_goes_with_the_next(base: EmbeddedBase) -> None:
    base.ensure("style", SPACES)
    base.close()
    (base.folder / "lore").rename(base.folder / ".dropped-0123")
    assert base.collections() == ("style",)
    base.drop("style")
    assert list(base.folder.iterdir()) == [base.folder / "aliases.sqlite"]


# --- what cannot be used ---


def test_a_damaged_collection_is_said_and_not_hidden(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("one"), {"text": EAST})])
    assert base.health().ok
    next(base.folder.glob("lore/*.f32")).write_bytes(b"torn")
    assert not base.health().ok
    assert base.check("lore")
    with pytest.raises(GiveUp, match="shorter than its index"):
        base.search("lore", Query(vectors={"text": EAST}))


def test_one_damaged_collection_does_not_hide_the_others(base: EmbeddedBase) -> None:
    base.ensure("style", SPACES)
    base.close()
    (base.folder / "lore" / "records.sqlite").write_bytes(b"this was never a database" * 100)
    assert base.collections() == ("style",)
    assert "not a database" in base.health().said
    with pytest.raises(TryAgain, match="there are: 'style'"):
        base.search("unknown", Query("x"))
    with pytest.raises(GiveUp, match=r"'lore' cannot be used .*not a database"):
        base.search("lore", Query("x"))


def test_a_folder_that_is_a_file_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(GiveUp, match="'lore' cannot be used"):
        EmbeddedBase(tmp_path / "taken").ensure("lore", SPACES)


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version=1",
        "CREATE TRIGGER evil AFTER INSERT ON record BEGIN DELETE FROM record; END",
        "CREATE VIEW evil AS SELECT 1",
        "CREATE INDEX more ON record(body)",
        "DROP TABLE grave",
    ],
)
def test_tables_that_are_not_ours_are_refused(base: EmbeddedBase, statement: str) -> None:
    base.close()
    altered(base.folder / "lore", statement)
    with pytest.raises(GiveUp, match="another version of Atelier"):
        base.search("lore", Query("x"))
    assert not base.health().ok


def altered(folder: Path, statement: str) -> None:
    db = sqlite3.connect(folder / "records.sqlite")
    db.execute(statement)
    db.commit()
    db.close()


def test_a_row_that_is_no_record_gives_one_sentence(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("one"))])
    altered(base.folder / "lore", """UPDATE record SET body='{"kind": "poison"}'""")
    with pytest.raises(GiveUp, match="'lore' holds what is no record"):
        base.get("lore", ["one"])


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE record SET body='{}'", "'one' is no record"),
        ("UPDATE record SET id='two'", "'two' says of itself that it is 'one'"),
        ("DELETE FROM record", "1 vectors belong to no record"),
        ("DELETE FROM words", "1 records cannot be found by their words"),
        ("UPDATE space SET written=2", "counts 2 vectors and has 1"),
        ("UPDATE vector SET slot=9", "counts 1 vectors and has 0"),
    ],
)
def test_a_check_finds_what_does_not_fit_together(base: EmbeddedBase, statement: str, said: str) -> None:
    base.upsert("lore", [Item(lore("one", "same"), {"text": EAST})])
    assert base.check("lore") == ()
    altered(base.folder / "lore", statement)
    assert said in "; ".join(base.check("lore"))


def test_an_index_made_when_records_had_other_fields_is_made_anew(base: EmbeddedBase, other: EmbeddedBase) -> None:
    base.upsert("lore", [Item(card("ink", tags=("wash",), weight=0.5)), Item(lore("one", licence="CC0"))])
    base.close()
    altered(base.folder / "lore", "UPDATE about SET fields='Lore.title'")
    altered(base.folder / "lore", "DELETE FROM field WHERE name != 'title'")
    found = (In("licence", ("CC0",)), In("tags", ("wash",)), Least("weight", 0.5))
    assert [ids(other.search("lore", Query(where=where))) for where in found] == [["one"], ["ink"], ["ink"]]
    assert other.check("lore") == ()


def test_a_check_finds_vectors_that_were_overwritten(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("one"), {"text": EAST})])
    next(base.folder.glob("lore/*.f32")).write_bytes(np.full(4, np.nan, np.float32).tobytes())
    assert base.check("lore") == ("1 vectors of the space 'text' are not unit vectors",)


@pytest.mark.skipif(os.name == "nt", reason="needs a limit of file sizes")
def test_a_full_disk_loses_nothing_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    assert full_disk(tmp_path) == []


def test_a_torn_tail_is_written_over(tmp_path: Path) -> None:
    assert torn_tail(tmp_path) == []


# --- processes ---


WRITER = """
import sys
from pathlib import Path
from benchmarks.kills import SPACES, upsert
from knowledge.embedded import EmbeddedBase

base = EmbeddedBase(Path(sys.argv[1]))
base.ensure("storm", SPACES)
for number in range(8):
    upsert(base, sys.argv[2], number)
"""


def test_writers_in_several_processes_lose_nothing(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "base"), who], cwd=ROOT) for who in "abc"
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    base = EmbeddedBase(tmp_path / "base")
    assert base.about("storm").records == 3 * (8 * 6 + 1)
    assert base.check("storm") == ()
    base.close()


FORKER = """
import os, sys
from pathlib import Path
from knowledge.base import Item, Query
from knowledge.embedded import EmbeddedBase
from tests.small_records import SPACES, lore

base = EmbeddedBase(Path(sys.argv[1]))
base.ensure("lore", SPACES)
base.upsert("lore", [Item(lore("before"))])
child = os.fork()
if not child:
    base.upsert("lore", [Item(lore("child"))])
    base.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
base.upsert("lore", [Item(lore("parent"))])
assert base.ids("lore") == ["before", "child", "parent"]
assert base.check("lore") == ()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_base_may_be_used_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FORKER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_learns_of_updates_and_deletions_made_elsewhere(base: EmbeddedBase, other: EmbeddedBase) -> None:
    for turn in range(4):
        base.upsert("lore", [Item(lore(str(n), "same"), {"text": EAST}) for n in range(turn, turn + 3)])
        assert set(other.search("lore", SAME).scores["text"]) == {str(n) for n in range(turn, turn + 3)}
        base.delete("lore", [str(turn)])
        assert set(other.search("lore", SAME).scores["text"]) == {str(n) for n in range(turn + 1, turn + 3)}


def test_a_number_that_is_given_again_means_the_new_record(base: EmbeddedBase, other: EmbeddedBase) -> None:
    base.upsert("lore", [Item(card("old", tags=("glass",)), {"text": EAST})])
    assert ids(other.search("lore", Query(vectors={"text": EAST}))) == ["old"]
    base.delete("lore", ["old"])
    base.upsert("lore", [Item(lore("new"), {"text": -EAST})])
    assert other.search("lore", Query(vectors={"text": EAST})).scores["text"] == {"new": -1.0}
    assert ids(other.search("lore", Query(where=Eq("tags", "glass")))) == []


def test_a_reader_in_the_same_process_does_not_wait_for_a_writer(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("one", "same"), {"text": EAST})])
    collection = base._named("lore")
    with collection.database.writing():
        assert ids(base.search("lore", SAME)) == ["one"]
        assert base.get("lore", ["one"])


def test_vectors_of_several_spaces_lie_in_files_of_their_own(base: EmbeddedBase) -> None:
    base.ensure("lore", (Space("sound", "encoder-b", 2),))
    base.upsert("lore", [Item(lore("one"), {"text": EAST, "image": EAST, "sound": np.ones(2, np.float32)})])
    assert sorted(path.stat().st_size for path in base.folder.glob("lore/*.f32")) == [8, 16, 16]
