"""The journal: what was asked for is kept, given to one worker at a time, and ends once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from knowledge import leases
from knowledge.journal import Full, Job, Journal
from knowledge.leases import ATTEMPTS, Leases, News
from knowledge.problems import GiveUp, TryAgain
from tests.old_journals import aged

ROOT = Path(__file__).parent.parent


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "data" / "journal.sqlite")


@pytest.fixture
def worker(journal: Journal) -> Leases:
    return Leases(journal, "one")


def asked(journal: Journal, **options: Any) -> Job:
    return journal.ask("tool", {"tool": "draw"}, **options)


def said(journal: Journal, conversation: str = "c") -> Job:
    return journal.ask("turn", {"words": "hello"}, conversation=conversation)


def killed(worker: Leases) -> Leases:
    """The worker after it, which knows that the one before is gone."""
    following = Leases(worker.journal, f"{worker.worker}+")
    following.inherit()
    return following


# Asking


def test_what_was_asked_is_there_for_every_process(journal: Journal) -> None:
    job = asked(journal, caller="me")
    reading = "import sys; from pathlib import Path; from knowledge.journal import Journal\n"
    script = f"{reading}print(Journal(Path(sys.argv[1])).job(sys.argv[2]).caller)"
    command = [sys.executable, "-c", script, str(journal.path), job.id]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "me\n"


def test_a_job_waits_with_all_it_was_asked_with(journal: Journal) -> None:
    job = journal.ask("turn", {"words": "ein Fuchs 🦊"}, caller="me", conversation="c")
    assert (job.kind, job.body, job.caller, job.conversation) == ("turn", {"words": "ein Fuchs 🦊"}, "me", "c")
    assert (job.state, job.attempts, job.result, job.ended) == ("queued", 0, {}, False)
    assert journal.job(job.id) == job


def test_the_same_key_of_the_same_caller_is_the_same_job(journal: Journal) -> None:
    job = asked(journal, caller="me", key="k")
    assert journal.ask("tool", {"tool": "another"}, caller="me", key="k") == job
    assert asked(journal, caller="you", key="k") != job
    assert asked(journal, caller="me") != asked(journal, caller="me")


def test_the_same_key_from_many_threads_at_once_is_one_job(journal: Journal) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len({job.id for job in pool.map(lambda _: asked(journal, key="k"), range(64))}) == 1


def test_when_too_many_wait_the_caller_is_told_when_to_come_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite", most_waiting=2)
    kept = [asked(journal, key=key) for key in "ab"]
    with pytest.raises(Full, match="2 jobs are waiting already: try again in") as full:
        asked(journal, key="c")
    assert full.value.retry_after > 0
    assert asked(journal, key="a") == kept[0]
    Leases(journal, "w").claim(1)
    assert asked(journal, key="c").state == "queued"


@pytest.mark.parametrize("name", ["x" * 201, "\ud800", "a\0b", "a\nb"])
def test_names_that_cannot_be_kept_are_refused(journal: Journal, name: str) -> None:
    for field in ("caller", "conversation", "key"):
        with pytest.raises(TryAgain, match="is no name"):
            asked(journal, **{field: name})


@pytest.mark.parametrize("id", ["", "nope", "\ud800", "' OR 1=1 --"])
def test_an_unknown_job_is_an_error_and_never_taken_for_done(journal: Journal, id: str) -> None:
    for ask in (journal.job, journal.cancel):
        with pytest.raises(TryAgain, match="There is no job"):
            ask(id)


def test_jobs_are_found_by_whose_they_are_and_how_they_are_the_newest_first(journal: Journal, worker: Leases) -> None:
    first, second, third = asked(journal, caller="me"), said(journal), asked(journal, caller="me")
    worker.claim(1)
    assert [job.id for job in journal.jobs()] == [third.id, second.id, first.id]
    assert [job.id for job in journal.jobs(caller="me")] == [third.id, first.id]
    assert [job.id for job in journal.jobs(caller="me", state="queued")] == [third.id]
    assert [job.id for job in journal.jobs(conversation="c")] == [second.id]
    assert [job.id for job in journal.jobs(limit=1)] == [third.id]


def test_a_journal_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GiveUp, match="journal cannot be used"):
        asked(Journal(tmp_path / "file" / "journal.sqlite"))
    (tmp_path / "noise").write_bytes(b"no database " * 100)
    with pytest.raises(GiveUp, match="journal cannot be used"):
        asked(Journal(tmp_path / "noise"))


def test_a_full_disk_is_said_and_what_was_there_stays(journal: Journal) -> None:
    kept = asked(journal)
    with journal.reading() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(GiveUp, match="full"):
        journal.ask("tool", {"words": "x" * 100_000})
    assert journal.jobs() == [kept]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    asked(Journal(tmp_path / "journal.sqlite"))
    assert [path.stat().st_mode & 0o077 for path in tmp_path.glob("journal*")] == [0, 0, 0]


# Working


def test_the_oldest_is_claimed_first_and_by_one_worker_only(journal: Journal, worker: Leases) -> None:
    jobs = [asked(journal) for _ in range(3)]
    assert [job.id for job in worker.claim(2)] == [job.id for job in jobs[:2]]
    (last,) = Leases(journal, "two").claim(5)
    assert (last.id, last.state, last.attempts) == (jobs[2].id, "running", 1)
    assert worker.claim(5) == []


def test_many_workers_never_get_the_same_job(journal: Journal) -> None:
    jobs = [asked(journal) for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        claimed = [one.id for some in pool.map(lambda n: Leases(journal, str(n)).claim(5), range(16)) for one in some]
    assert sorted(claimed) == sorted(job.id for job in jobs)


def test_turns_of_one_conversation_go_one_after_another_as_they_were_said(journal: Journal, worker: Leases) -> None:
    first, second, other = said(journal), said(journal), said(journal, "other")
    drawing = asked(journal, conversation="c")
    assert {job.id for job in worker.claim(9)} == {first.id, other.id, drawing.id}
    worker.finish(journal.job(first.id), "done", {})
    assert [job.id for job in worker.claim(9)] == [second.id]


def test_a_turn_that_waits_for_its_conversation_lets_no_later_one_pass(journal: Journal, worker: Leases) -> None:
    first, second = said(journal), said(journal)
    (claimed,) = worker.claim(9)
    worker.put_back(claimed, 30)
    assert worker.claim(9) == []
    journal.cancel(first.id)
    assert [job.id for job in worker.claim(9)] == [second.id]


def test_the_result_and_the_last_events_are_there_together(journal: Journal, worker: Leases) -> None:
    job = asked(journal)
    (job,) = worker.claim(1)
    worker.tell([News(job, {"kind": "called"}), News(job, {"kind": "progressed"}, passing=True)])
    assert [told.event["kind"] for told in journal.told(job.id)] == ["called", "progressed"]
    assert worker.finish(job, "done", {"pictures": []}, [News(job, {"kind": "returned"})])
    ended = journal.job(job.id)
    assert (ended.state, ended.result, ended.ended) == ("done", {"pictures": []}, True)
    told = journal.told(job.id)
    assert [one.event["kind"] for one in told] == ["called", "returned"]
    assert [one.event["kind"] for one in journal.told(job.id, told[0].number)] == ["returned"]


def test_events_are_numbered_on_though_passing_ones_are_gone(journal: Journal, worker: Leases) -> None:
    asked(journal)
    (job,) = worker.claim(1)
    worker.tell([News(job, {"n": n}) for n in range(3)])
    assert [told.number for told in journal.told(job.id)] == [1, 2, 3]
    worker.tell([News(job, {"n": 3})])
    assert [told.event["n"] for told in journal.told(job.id, 2)] == [2, 3]


# Stopping


def test_what_waits_is_cancelled_at_once(journal: Journal, worker: Leases) -> None:
    job = asked(journal)
    assert journal.cancel(job.id).state == "cancelled"
    assert worker.claim(1) == []
    assert journal.cancel(job.id).state == "cancelled"


def test_what_runs_is_told_to_its_worker(journal: Journal, worker: Leases) -> None:
    one, other = asked(journal), asked(journal)
    worker.claim(2)
    assert journal.cancel(one.id).state == "running"
    assert worker.held() == {one.id: True, other.id: False}


def test_what_has_ended_stays_as_it_ended(journal: Journal, worker: Leases) -> None:
    asked(journal)
    (job,) = worker.claim(1)
    worker.finish(job, "done", {"said": "there"})
    assert journal.cancel(job.id).state == "done"
    assert not worker.finish(job, "failed", {})
    assert journal.job(job.id).result == {"said": "there"}


def test_what_is_to_stop_is_not_put_back_nor_begun_again(journal: Journal, worker: Leases) -> None:
    for _ in range(2):
        asked(journal)
    one, other = worker.claim(2)
    for job in (one, other):
        journal.cancel(job.id)
    worker.put_back(one)
    assert killed(worker).claim(9) == []
    assert {job.state for job in journal.jobs()} == {"cancelled"}


# Falling


def test_the_job_of_a_worker_that_is_gone_is_begun_again(journal: Journal, worker: Leases) -> None:
    asked(journal)
    (job,) = worker.claim(1)
    following = killed(worker)
    (again,) = following.claim(1)
    assert (again.id, again.attempts, again.begun) == (job.id, 2, 2)
    worker.tell([News(job, {"kind": "late"})])
    assert not worker.finish(job, "done", {"late": True})
    assert worker.held() == {}
    assert following.finish(again, "done", {})
    assert journal.told(job.id) == []


def test_a_lease_that_nobody_renews_ends_by_itself(
    journal: Journal, worker: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = asked(journal)
    worker.claim(1)
    assert Leases(journal, "two").claim(1) == []
    now = leases.time.time()
    monkeypatch.setattr(leases.time, "time", lambda: now + leases.LASTS + 1)
    assert [one.id for one in Leases(journal, "two").claim(1)] == [job.id]


def test_what_was_claimed_and_is_not_at_work_lapses_too(
    journal: Journal, worker: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = asked(journal)
    worker.claim(1)
    now = leases.time.time()
    monkeypatch.setattr(leases.time, "time", lambda: now + 5)
    worker.beat([])
    monkeypatch.setattr(leases.time, "time", lambda: now + 10)
    assert [one.id for one in worker.claim(1)] == [job.id]


def test_a_lease_that_is_renewed_holds(journal: Journal, worker: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    job = asked(journal)
    worker.claim(1)
    now = leases.time.time()
    for later in (5, 10, 15):
        monkeypatch.setattr(leases.time, "time", lambda later=later: now + later)
        worker.beat([job.id])
        assert Leases(journal, "two").claim(1) == []


@pytest.mark.parametrize("jump", [-86400, 86400])
def test_a_clock_that_is_set_anew_begins_nothing_twice(
    jump: float, journal: Journal, worker: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [asked(journal)]
    worker.claim(1)
    now = leases.time.time()
    monkeypatch.setattr(leases.time, "time", lambda: now + jump)
    jobs.append(asked(journal))
    assert [job.id for job in worker.claim(9, [jobs[0].id])] == [jobs[1].id]
    assert worker.held() == {job.id: False for job in jobs}


def test_what_brings_its_worker_down_again_and_again_is_given_up(journal: Journal, worker: Leases) -> None:
    job = asked(journal)
    for _ in range(ATTEMPTS):
        assert [one.id for one in worker.claim(1)] == [job.id]
        worker = killed(worker)
    assert worker.claim(1) == []
    given_up = journal.job(job.id)
    assert (given_up.state, given_up.attempts, given_up.result["code"]) == ("failed", ATTEMPTS, "internal")
    assert given_up.result["problem"].endswith(".")


def test_what_is_put_back_in_good_order_is_no_attempt(journal: Journal, worker: Leases) -> None:
    job = asked(journal)
    for begun in range(1, 2 * ATTEMPTS):
        (claimed,) = worker.claim(1)
        assert (claimed.id, claimed.attempts, claimed.begun) == (job.id, 1, begun)
        worker.put_back(claimed)
    assert journal.job(job.id).state == "queued"


def test_a_writer_that_holds_the_file_is_waited_for(journal: Journal) -> None:
    asked(journal)
    holding, let_go = sqlite3.connect(journal.path, check_same_thread=False), threading.Timer(0.2, lambda: None)
    holding.execute("BEGIN IMMEDIATE")
    let_go.function = holding.rollback
    let_go.start()
    assert asked(journal).state == "queued"
    let_go.join()
    holding.close()


# Forgetting


def test_what_ended_long_ago_is_forgotten_but_for_what_was_said(journal: Journal, worker: Leases) -> None:
    tool, turn = asked(journal), said(journal)
    for job in worker.claim(2):
        worker.finish(job, "done", {"said": "Here."}, [News(job, {"kind": "called"})])
    never = asked(journal)
    journal.cancel(never.id)
    before = journal.job(turn.id)
    aged(journal, 31)
    asked(journal)
    (new,) = worker.claim(1)
    worker.finish(new, "done", {}, [News(new, {"kind": "called"})])
    journal.forget(30)
    assert journal.jobs(conversation="c") == [replace(before, asked=before.asked - 31 * 24 * 60 * 60)]
    assert journal.told(turn.id) == []
    for gone in (tool, never):
        with pytest.raises(TryAgain, match="no job"):
            journal.job(gone.id)
    assert journal.job(new.id).state == "done"
    assert len(journal.told(new.id)) == 1


def test_nothing_is_forgotten_of_what_has_not_ended_long_ago(journal: Journal, worker: Leases) -> None:
    for _ in range(3):
        asked(journal)
    aged(journal, 31)
    running, ending = worker.claim(2)
    worker.tell([News(job, {"kind": "called"}) for job in (running, ending)])
    aged(journal, 29)
    worker.finish(ending, "done", {})
    journal.forget(30)
    assert sorted(job.state for job in journal.jobs()) == ["done", "queued", "running"]
    assert [len(journal.told(job.id)) for job in (running, ending)] == [1, 1]
