"""The embedded knowledge base: what it finds, what it refuses, and what survives a killed process."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge.base import All, Eq, Filter, In, Item, Query, Report, Space, Vector
from knowledge.embedded import EmbeddedBase, slug
from knowledge.problems import GiveUp, TryAgain
from knowledge.records import LoraCard, Lore, Reference

SPACES = (Space("text", "encoder-a", 4), Space("image", "encoder-a", 4))


@pytest.fixture
def base(tmp_path: Path) -> Iterator[EmbeddedBase]:
    made = EmbeddedBase(tmp_path / "knowledge")
    made.ensure("lore", SPACES)
    yield made
    made.close()


def towards(*numbers: float) -> Vector:
    return np.array(numbers, np.float32)


def lore(record_id: str, body: str = "", **rest: object) -> Lore:
    return Lore.model_validate({"id": record_id, "title": record_id, "body": body, **rest})


def reference(record_id: str, caption: str) -> Reference:
    return Reference(id=record_id, caption=caption, image_id="a" * 64)


def ids(base: EmbeddedBase, query: Query, collection: str = "lore") -> list[str]:
    return [hit.record.id for hit in base.search(collection, query)]


def test_records_are_found_by_their_words_in_any_number(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("toadstool", "grows in woods")), Item(lore("cottage", "stands in the country"))])
    (hit,) = base.search("lore", Query("purple TOADSTOOLS"))
    assert hit.record == lore("toadstool", "grows in woods")
    assert (hit.collection, hit.score) == ("lore", 1.0)
    assert hit.found_by["bm25"] > 0


def test_records_are_found_by_the_nearest_vector(base: EmbeddedBase) -> None:
    base.upsert(
        "lore", [Item(lore("east"), {"text": towards(1, 0, 0, 0)}), Item(lore("north"), {"text": towards(0, 1, 0, 0)})]
    )
    hits = base.search("lore", Query(vectors={"text": towards(0.2, 1, 0, 0)}))
    assert [hit.record.id for hit in hits] == ["north", "east"]
    assert hits[0].found_by["text"] == pytest.approx(1 / np.hypot(0.2, 1))


def test_words_and_vectors_are_asked_together(base: EmbeddedBase) -> None:
    base.upsert(
        "lore", [Item(lore(name), {"text": towards(1, n, 0, 0)}) for n, name in enumerate(("said", "near", "far"))]
    )
    assert ids(base, Query("said", {"text": towards(1, 1, 0, 0)}))[0] == "said"


def test_text_only_and_picture_records_are_both_found_in_one_query(base: EmbeddedBase) -> None:
    base.upsert("lore", [
        Item(lore("words"), {"text": towards(1, 0, 0, 0)}),
        Item(reference("photo", "a house"), {"image": towards(1, 0, 0, 0)}),
    ])  # fmt: skip
    both = Query(vectors={"text": towards(1, 0, 0, 0), "image": towards(1, 0, 0, 0)})
    assert {hit.record.id: hit.score for hit in base.search("lore", both)} == {"words": 1.0, "photo": 1.0}


def test_exact_search_equals_arithmetic(base: EmbeddedBase) -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(300, 4)).astype(np.float32)
    base.upsert("lore", [Item(lore(str(n)), {"text": vector}) for n, vector in enumerate(vectors)])
    query = random.normal(size=4).astype(np.float32)
    cosines = vectors @ query / np.linalg.norm(vectors, axis=1)
    assert ids(base, Query(vectors={"text": query}, limit=10)) == [str(n) for n in np.argsort(-cosines)[:10]]


def test_a_query_of_nothing_lists_what_the_filter_lets_through(base: EmbeddedBase) -> None:
    base.upsert(
        "lore", [Item(lore(name, licence=licence)) for name, licence in (("a", "MIT"), ("b", "CC0"), ("c", "MIT"))]
    )
    assert ids(base, Query(where=Eq("licence", "MIT"))) == ["a", "c"]
    assert ids(base, Query(limit=2)) == ["a", "b"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (Eq("kind", "lora"), {"card"}),
        (Eq("tags", "glass"), {"card"}),
        (Eq("terms", "toadstool"), {"lore"}),
        (In("kind", ("lore", "lora")), {"lore", "card"}),
        (In("kind", ()), set()),
        (All((Eq("kind", "lore"), Eq("title", "lore"))), {"lore"}),
        (All((Eq("kind", "lore"), Eq("title", "card"))), set()),
        (All(()), {"lore", "card"}),
        (Eq("weight", "0.8"), {"card"}),
    ],
)
def test_filters_look_at_fields_and_into_tuples(base: EmbeddedBase, where: Filter, found: set[str]) -> None:
    card = LoraCard(id="card", name="card", tags=("stained", "glass"), base_model="sd1", weight=0.8, sha256="b" * 64)
    vector = {"text": towards(1, 1, 1, 1)}
    base.upsert("lore", [Item(lore("lore", terms=("toadstool",)), vector), Item(card, vector)])
    assert set(ids(base, Query(where=where))) == found
    assert set(ids(base, Query("lore card", vector, where))) == found


@pytest.mark.parametrize("hostile", ["x' OR '1'='1", '") OR 1=1 --', "%", "浮世絵", "\ud800", "\x00", ""])
def test_a_hostile_filter_value_finds_nothing_and_harms_nothing(base: EmbeddedBase, hostile: str) -> None:
    base.upsert("lore", [Item(lore("kept", licence="MIT"))])
    assert ids(base, Query(where=Eq("licence", hostile))) == []
    assert ids(base, Query(where=In("licence", (hostile, "MIT")))) == ["kept"]


def test_ten_thousand_values_are_one_parameter(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("kept"))])
    assert ids(base, Query(where=In("id", (*map(str, range(10_000)), "kept")))) == ["kept"]


def test_a_filter_on_no_field_says_which_there_are(base: EmbeddedBase) -> None:
    with pytest.raises(TryAgain, match=r"no field 'body\) OR 1=1'.*base_model, .*licence"):
        base.search("lore", Query(where=Eq("body) OR 1=1", "")))


@pytest.mark.parametrize(
    "text",
    ['"', "*", "NEAR", "NEAR(a b)", "a AND", "NOT", "col:val", "^a", "(((", "''", "- -", "the", "…", "\x00", "\ud800",
     "_", "a" * 10_000, "word " * 10_000, " ".join(map(str, range(10_000))), "{a b}: c", "+", "\\", "浮世絵 №5"],
)  # fmt: skip
def test_no_search_words_can_break_the_query(base: EmbeddedBase, text: str) -> None:
    base.upsert("lore", [Item(lore("kept", "the and near"))])
    assert isinstance(base.search("lore", Query(text)), list)


@pytest.mark.parametrize(
    ("vectors", "why"),
    [
        ({"text": towards(1, 2, 3)}, r"shape \(3,\)"),
        ({"text": towards(1, np.nan, 0, 0)}, "not finite"),
        ({"image": towards(np.inf, 0, 0, 0)}, "not finite"),
        ({"text": towards(0, 0, 0, 0)}, "zeros"),
        ({"sound": towards(1, 0, 0, 0)}, "no space 'sound'"),
    ],
)
def test_a_bad_vector_is_refused_and_the_good_items_are_stored(
    base: EmbeddedBase, vectors: dict[str, Vector], why: str
) -> None:
    good = Item(lore("good"), {"text": towards(1, 0, 0, 0)})
    report = base.upsert("lore", [Item(lore("bad"), vectors), good])
    assert report.stored == ("good",)
    assert report.failed[0][0] == "bad"
    assert re.search(why, report.failed[0][1])
    assert ids(base, Query()) == ["good"]


def test_text_that_is_not_unicode_is_refused(base: EmbeddedBase) -> None:
    assert base.upsert("lore", [Item(lore("odd", "\ud800"))]) == Report((), (("odd", "its text is not valid Unicode"),))


@pytest.mark.parametrize("vector", [towards(1, 2), towards(np.nan, 0, 0, 0), towards(0, 0, 0, 0)])
def test_a_bad_query_vector_is_refused(base: EmbeddedBase, vector: Vector) -> None:
    with pytest.raises(TryAgain, match="cannot be compared with the space 'text'"):
        base.search("lore", Query(vectors={"text": vector}))


def test_an_update_replaces_words_vector_and_record(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("one", "old"), {"text": towards(1, 0, 0, 0), "image": towards(1, 0, 0, 0)})])
    base.upsert("lore", [Item(lore("one", "new"), {"text": towards(0, 1, 0, 0)})])
    assert ids(base, Query("old")) == []
    assert ids(base, Query(vectors={"image": towards(1, 0, 0, 0)})) == []
    (hit,) = base.search("lore", Query(vectors={"text": towards(0, 1, 0, 0)}))
    assert hit.record == lore("one", "new")
    assert hit.found_by["text"] == pytest.approx(1.0)


def test_of_two_items_with_one_id_the_last_counts(base: EmbeddedBase) -> None:
    first = Item(lore("one", "old"), {"image": towards(1, 0, 0, 0)})
    assert base.upsert("lore", [first, Item(lore("one", "new"))]).stored == ("one",)
    assert base.get("lore", ["one"]) == [lore("one", "new")]
    assert ids(base, Query(vectors={"image": towards(1, 0, 0, 0)})) == []


def test_what_is_deleted_is_found_no_more(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore(name, "same"), {"text": towards(1, 0, 0, 0)}) for name in "abc"])
    assert base.delete("lore", ["a", "c", "never"]) == 2
    assert ids(base, Query("same", {"text": towards(1, 0, 0, 0)})) == ["b"]
    assert base.get("lore", ["a", "b"]) == [lore("b", "same")]


def test_get_keeps_the_order_asked_for(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore(name)) for name in "abc"])
    assert [record.id for record in base.get("lore", ["c", "x", "a"])] == ["c", "a"]


def test_an_unknown_collection_names_those_there_are(base: EmbeddedBase) -> None:
    base.ensure("ukiyo-e 浮世絵", SPACES)
    with pytest.raises(TryAgain, match=r"no collection 'styles'; there are: 'lore', 'ukiyo-e 浮世絵'"):
        base.search("styles", Query("glass"))


def test_another_encoder_is_refused_and_the_same_one_welcome(base: EmbeddedBase) -> None:
    base.ensure("lore", SPACES)
    with pytest.raises(GiveUp, match=r"another encoder.*'encoder-a'.*'encoder-b'.*another name"):
        base.ensure("lore", (Space("text", "encoder-b", 4),))
    base.ensure("lore", (Space("sound", "encoder-b", 8),))


def test_odd_names_keep_their_display_name_and_never_leave_the_folder(base: EmbeddedBase) -> None:
    names = ["ukiyo-e 浮世絵", "Lore", "lore.", "..", "nul", "a\\b", "x" * 200, "%2f", "ukiyo-e", "~", "C:"]
    for name in names:
        base.ensure(name, SPACES)
        base.upsert(name, [Item(lore(name[:50] or "x", "odd"))])
    assert set(base.collections()) == {"lore", *names}
    assert all(ids(base, Query("odd"), name) == [name[:50]] for name in names)
    assert {path.parent for path in base.folder.rglob("*.sqlite")} == {
        base.folder / slug(name) for name in ["lore", *names]
    }
    assert len({slug(name).lower() for name in names}) == len(names)


@pytest.mark.parametrize("name", ["", "   ", "a/b", "../../up", "x" * 201, "a\x00b", "line\nbreak", "\ud800"])
def test_a_name_that_cannot_be_kept_is_refused(base: EmbeddedBase, name: str) -> None:
    with pytest.raises(TryAgain, match="cannot name a collection"):
        base.ensure(name, SPACES)
    assert base.collections() == ("lore",)


def test_an_alias_moves_at_once_for_every_reader(base: EmbeddedBase) -> None:
    other = EmbeddedBase(base.folder)
    base.ensure("lore-2", SPACES)
    base.upsert("lore-2", [Item(lore("second"))])
    base.upsert("lore", [Item(lore("first"))])
    base.point("current", "lore")
    assert ids(other, Query(), "current") == ["first"]
    base.point("current", "lore-2")
    assert ids(other, Query(), "current") == ["second"]
    assert other.collections() == ("lore", "lore-2")
    with pytest.raises(TryAgain, match="'lore' is a collection itself"):
        base.point("lore", "lore-2")
    with pytest.raises(TryAgain, match=r"no collection 'lore-3'.*'current'"):
        base.point("current", "lore-3")
    other.close()


def test_another_process_sees_a_write_at_once(base: EmbeddedBase) -> None:
    other = EmbeddedBase(base.folder)
    query = Query(vectors={"text": towards(1, 0, 0, 0)})
    for number in range(5):
        base.upsert("lore", [Item(lore(str(number)), {"text": towards(1, number, 0, 0)})])
        assert len(other.search("lore", query)) == number + 1
    other.close()


def test_threads_share_one_base(base: EmbeddedBase) -> None:
    def write(who: int) -> None:
        for number in range(10):
            base.upsert("lore", [Item(lore(f"{who}-{number}"), {"text": towards(1, who, number, 0)})])
            base.search("lore", Query("x", {"text": towards(1, 0, 0, 0)}))

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(base.search("lore", Query(limit=100))) == 40


def test_a_damaged_collection_is_said_and_not_hidden(base: EmbeddedBase) -> None:
    base.upsert("lore", [Item(lore("one"), {"text": towards(1, 0, 0, 0)})])
    assert base.health().ok
    next(base.folder.glob("lore/*.f32")).write_bytes(b"torn")
    assert not base.health().ok
    with pytest.raises(GiveUp, match="shorter than its index"):
        base.search("lore", Query(vectors={"text": towards(1, 0, 0, 0)}))


def test_a_file_that_is_no_database_gives_one_sentence(base: EmbeddedBase) -> None:
    base.close()
    (base.folder / "lore" / "records.sqlite").write_bytes(b"this was never a database" * 100)
    with pytest.raises(GiveUp, match=r"'lore' cannot be used .*not a database"):
        base.search("lore", Query("x"))
    assert not base.health().ok


def test_a_folder_that_is_a_file_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(GiveUp, match="'lore' cannot be used"):
        EmbeddedBase(tmp_path / "taken").ensure("lore", SPACES)


def test_a_collection_is_a_folder_that_can_be_carried_elsewhere(base: EmbeddedBase, tmp_path: Path) -> None:
    base.upsert("lore", [Item(lore("one", "carried"), {"text": towards(1, 0, 0, 0)})])
    base.close()
    shutil.copytree(base.folder / "lore", tmp_path / "elsewhere" / "lore")
    there = EmbeddedBase(tmp_path / "elsewhere")
    assert ids(there, Query("carried", {"text": towards(1, 0, 0, 0)})) == ["one"]
    there.close()


WRITER = """
import os, sys
from pathlib import Path
import numpy as np
from knowledge.base import Item, Space
from knowledge.embedded import EmbeddedBase
from knowledge.records import Lore

def write(who, most):
    base = EmbeddedBase(Path(sys.argv[1]))
    base.ensure("storm", (Space("text", "e", 64),))
    for number in range(most):
        vectors = np.eye(64, dtype=np.float32)[[number % 64] * 7]
        names = [f"{who}-{number}-{part}" for part in range(6)] + [f"{who}-again"]
        items = [Item(Lore(id=n, title=n, body="storm"), {"text": v}) for n, v in zip(names, vectors)]
        assert base.upsert("storm", items).stored == tuple(names)
        os.write(1, f"{who} {number}\\n".encode())

def write_until_killed(rounds):
    for who in range(rounds):
        child = os.fork()
        if not child:
            os.write(1, f"child {os.getpid()}\\n".encode())
            write(who, 500)
            os._exit(1)
        os.waitpid(child, 0)

"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_ten_killed_writers_lose_nothing_acknowledged(tmp_path: Path) -> None:
    rounds, child, acknowledged = 10, 0, dict[int, int]()
    with started(f"write_until_killed({rounds})", tmp_path) as parent:
        for line in parent.stdout or ():
            who, _, number = line.partition(" ")
            if who == "child":
                child = int(number)
                continue
            acknowledged[int(who)] = int(number)
            # Each round dies after another number of writes, somewhere within the write that follows.
            if int(number) == int(who) % 4:
                os.kill(child, signal.SIGKILL)
    base = EmbeddedBase(tmp_path / "base")
    assert base.health().ok
    for who, last in acknowledged.items():
        kept = [f"{who}-{number}-{part}" for number in range(last + 1) for part in range(6)]
        assert len(base.get("storm", kept)) == len(kept)
        hits = base.search("storm", Query(vectors={"text": np.eye(64, dtype=np.float32)[last % 64]}, limit=1000))
        assert {hit.record.id for hit in hits if hit.found_by["text"] > 0.999} >= set(kept[-6:])
    assert len(acknowledged) == rounds
    every = base.search("storm", Query("storm", {"text": np.ones(64, np.float32)}, limit=100_000))
    assert all(hit.found_by["text"] == pytest.approx(1 / 8, abs=1e-5) for hit in every)
    counts = [sum(hit.record.id.startswith(f"{who}-") for hit in every) for who in range(rounds)]
    assert all(count % 6 == 1 for count in counts), "a write is whole or not there"
    base.close()


def started(call: str, folder: Path) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", f"{WRITER}\n{call}", str(folder / "base")]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)


def test_writers_in_several_processes_lose_nothing(tmp_path: Path) -> None:
    processes = [started(f"write({who}, 8)", tmp_path) for who in range(3)]
    assert [(process.communicate(), process.returncode)[1] for process in processes] == [0, 0, 0]
    base = EmbeddedBase(tmp_path / "base")
    every = base.search("storm", Query("storm", {"text": np.ones(64, np.float32)}, limit=1000))
    assert len(every) == 3 * (8 * 6 + 1)
    assert all(hit.found_by["text"] == pytest.approx(1 / 8, abs=1e-5) for hit in every)
    base.close()
