"""The ledger of ingestion: what it remembers of every source, whoever asks and however the process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.ledger import Claim, Entry, Ledger
from knowledge.problems import GiveUp


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "knowledge" / "ingested.sqlite")


def enter(ledger: Ledger, *keys: str, collection: str = "lore") -> None:
    ledger.enqueue(collection, ((key, f"name of {key}", "folder") for key in keys))


def entry(ledger: Ledger, key: str, collection: str = "lore") -> Entry:
    return ledger.entries(collection, [key])[key]


def store(ledger: Ledger, key: str, hash: str, *ids: str, part: str = "") -> None:
    ledger.begin("lore", [(key, hash)])
    ledger.encoded("lore", [Claim(key, part, record_id) for record_id in ids])
    ledger.stored("lore", [(key, [part], ids)])


def test_a_source_goes_from_pending_over_encoded_to_stored(ledger: Ledger) -> None:
    enter(ledger, "a.txt")
    assert entry(ledger, "a.txt") == Entry("lore", "a.txt", "name of a.txt", "folder", "", "pending", "", 0)
    ledger.begin("lore", [("a.txt", "1")])
    assert entry(ledger, "a.txt")[4:] == ("1", "pending", "", 1)
    ledger.encoded("lore", [Claim("a.txt", "", "r1")])
    assert entry(ledger, "a.txt").state == "encoded"
    ledger.stored("lore", [("a.txt", [""], ["r1"])])
    assert entry(ledger, "a.txt")[4:] == ("1", "stored", "", 0)
    assert ledger.claims("lore", ["a.txt"]) == {"a.txt": {"r1"}}


def test_what_was_stored_stays_stored_when_it_is_named_again(ledger: Ledger) -> None:
    enter(ledger, "a.txt")
    store(ledger, "a.txt", "1", "r1")
    enter(ledger, "a.txt", "b.txt")
    assert entry(ledger, "a.txt").state == "stored"
    assert [one.key for one in ledger.unfinished()] == ["b.txt"]


def test_attempts_count_at_one_content_and_begin_anew_with_another(ledger: Ledger) -> None:
    enter(ledger, "a.txt")
    for _ in range(3):
        ledger.begin("lore", [("a.txt", "1")])
        ledger.fail("lore", "a.txt", "It is torn.")
    assert entry(ledger, "a.txt")[4:] == ("1", "failed", "It is torn.", 3)
    ledger.forgive("lore", ["a.txt"])
    assert entry(ledger, "a.txt").attempts == 0
    ledger.begin("lore", [("a.txt", "1")])
    ledger.begin("lore", [("a.txt", "2")])
    assert entry(ledger, "a.txt")[4:] == ("2", "pending", "", 1)


def test_a_new_version_makes_the_records_obsolete_that_it_no_longer_has(ledger: Ledger) -> None:
    enter(ledger, "a.txt")
    store(ledger, "a.txt", "1", "r1", "r2")
    ledger.begin("lore", [("a.txt", "2")])
    ledger.encoded("lore", [Claim("a.txt", "", "r2"), Claim("a.txt", "", "r3")])
    assert ledger.obsolete("lore", "a.txt", [""], {"r2", "r3"}) == ["r1"]
    ledger.stored("lore", [("a.txt", [""], ["r2", "r3"])])
    assert ledger.claims("lore", ["a.txt"])["a.txt"] == {"r2", "r3"}
    assert ledger.obsolete("lore", "a.txt", [""], {"r2", "r3"}) == []


def test_records_of_a_version_that_was_never_finished_become_obsolete_too(ledger: Ledger) -> None:
    enter(ledger, "a.txt")
    ledger.begin("lore", [("a.txt", "1")])
    ledger.encoded("lore", [Claim("a.txt", "", "r1")])
    ledger.begin("lore", [("a.txt", "2")])
    ledger.encoded("lore", [Claim("a.txt", "", "r2")])
    assert ledger.obsolete("lore", "a.txt", [""], {"r2"}) == ["r1"]


def test_a_record_that_another_source_claims_is_never_obsolete(ledger: Ledger) -> None:
    enter(ledger, "a.txt", "b.txt")
    store(ledger, "a.txt", "1", "shared", "own")
    store(ledger, "b.txt", "1", "shared")
    assert ledger.obsolete("lore", "a.txt", [""], set()) == ["own"]
    assert ledger.claimants("lore", ["shared", "own", "none"]) == {
        "shared": {"a.txt", "b.txt"},
        "own": {"a.txt"},
        "none": set(),
    }


def test_a_source_is_forgotten_with_its_claims_and_no_others(ledger: Ledger) -> None:
    enter(ledger, "/in/a.txt", "/in/sub/b.txt", "/in-other/c.txt", "/in")
    store(ledger, "/in/a.txt", "1", "shared", "own")
    store(ledger, "/in-other/c.txt", "1", "shared")
    assert ledger.below("lore", "/in") == ["/in/a.txt", "/in/sub/b.txt"]
    assert ledger.below("other", "/in") == []
    assert ledger.only_from("lore", "/in/a.txt") == ["own"]
    assert sorted(ledger.sources_of("shared")) == ["/in-other/c.txt", "/in/a.txt"]
    ledger.forget("lore", "/in/a.txt")
    assert ledger.below("lore", "/in") == ["/in/sub/b.txt"]
    assert ledger.only_from("lore", "/in-other/c.txt") == ["shared"]


def test_parts_that_a_source_no_longer_mentions_stay(ledger: Ledger) -> None:
    enter(ledger, "feed")
    store(ledger, "feed", "1", "r1", part="old post")
    ledger.begin("lore", [("feed", "2")])
    ledger.encoded("lore", [Claim("feed", "new post", "r2")])
    assert ledger.obsolete("lore", "feed", ["new post"], {"r2"}) == []
    ledger.stored("lore", [("feed", ["new post"], ["r2"])])
    assert ledger.claims("lore", ["feed"])["feed"] == {"r1", "r2"}


def test_collections_are_apart(ledger: Ledger) -> None:
    enter(ledger, "a.txt")
    enter(ledger, "a.txt", collection="noir")
    store(ledger, "a.txt", "1", "r1")
    assert entry(ledger, "a.txt", "noir").state == "pending"
    assert ledger.claims("noir", ["a.txt"])["a.txt"] == set()
    assert ledger.claimants("noir", ["r1"]) == {"r1": set()}
    assert [one.collection for one in ledger.unfinished()] == ["noir"]
    assert ledger.unfinished("lore") == []


def test_only_what_was_never_stored_is_forgotten(ledger: Ledger) -> None:
    enter(ledger, "a.txt", "b.txt")
    store(ledger, "a.txt", "1", "r1")
    ledger.drop("lore", ["a.txt", "b.txt"])
    assert ledger.entries("lore", ["a.txt", "b.txt"]).keys() == {"a.txt"}


def test_names_of_any_kind_are_kept(ledger: Ledger) -> None:
    odd = ("it's", 'say "hi"', "浮世絵.md", "a\nb", "x' OR '1'='1", "%", "https://example.org/?a=1&b=[2]")
    enter(ledger, *odd)
    for key in odd:
        store(ledger, key, "1", f"of {key}")
    assert ledger.claims("lore", odd) == {key: {f"of {key}"} for key in odd}


def test_what_was_said_survives_a_kill(ledger: Ledger) -> None:
    told = f"""
from knowledge.ledger import *
from pathlib import Path
ledger = Ledger(Path({str(ledger.path)!r}))
ledger.enqueue("lore", [("a.txt", "a", "f"), ("b.txt", "b", "f")])
ledger.begin("lore", [("a.txt", "1")])
ledger.encoded("lore", [Claim("a.txt", "", "r1")])
print("told", flush=True)
input()
"""
    with subprocess.Popen([sys.executable, "-c", told], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    assert [(one.key, one.state, one.attempts) for one in ledger.unfinished()] == [
        ("a.txt", "encoded", 1),
        ("b.txt", "pending", 0),
    ]
    assert ledger.claims("lore", ["a.txt"])["a.txt"] == {"r1"}


def test_a_ledger_that_cannot_be_used_says_so_in_words(tmp_path: Path) -> None:
    (tmp_path / "torn.sqlite").write_bytes(b"SQLite format 3\0" + b"nonsense" * 500)
    (tmp_path / "file").write_text("no folder", "utf-8")
    for path in (tmp_path / "torn.sqlite", tmp_path / "file" / "ingested.sqlite"):
        with pytest.raises(GiveUp, match="ledger of ingestion cannot be used"):
            Ledger(path).unfinished()
