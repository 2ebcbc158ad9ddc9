"""The measure of what kills do finds what is lost and what is doubled."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.conversation_kills import SMALL, Service, Storm
from knowledge.journal import Job, State
from knowledge.leases import Leases
from knowledge.picture import Provenance
from knowledge.recipe import Recipe


@pytest.fixture
def storm(tmp_path: Path) -> Storm:
    return Storm(Service(tmp_path, 0), random.Random(0))


def acknowledged(storm: Storm, key: str) -> Job:
    job = storm.desk.use("draw", SMALL, key=key)
    storm.acknowledged[key] = job.id
    return job


def finished(storm: Storm, state: State, *picture_ids: str) -> None:
    leases = Leases(storm.desk.journal, "worker")
    for job in leases.claim(9):
        result: dict[str, Any] = {"pictures": [{"picture_id": picture_id} for picture_id in picture_ids]}
        leases.finish(job, state, result)


def drawn(storm: Storm, seed: int) -> str:
    return storm.desk.gallery.add(Image.new("RGB", (8, 8)), Provenance(recipe=Recipe(prompt="x", seed=seed)), {}).id


def test_nothing_is_wrong_where_each_wish_has_its_picture(storm: Storm) -> None:
    acknowledged(storm, "a")
    finished(storm, "done", drawn(storm, 1))
    assert list(storm.wrong()) == []


def test_what_was_acknowledged_and_not_done_is_told(storm: Storm) -> None:
    job = acknowledged(storm, "a")
    finished(storm, "failed")
    lost, missing = storm.wrong()
    assert job.id in lost
    assert missing == "1 wishes, 0 pictures told, 0 kept"


def test_what_was_drawn_twice_is_told(storm: Storm) -> None:
    acknowledged(storm, "a")
    drawn(storm, 2)
    finished(storm, "done", drawn(storm, 1))
    assert list(storm.wrong()) == ["1 wishes, 1 pictures told, 2 kept"]


def test_what_was_kept_twice_and_what_is_damaged_is_told(storm: Storm) -> None:
    acknowledged(storm, "a")
    storm.desk.use("draw", SMALL, key="another")
    picture_id = drawn(storm, 1)
    storm.desk.gallery.path(picture_id).write_bytes(b"torn")
    leases = Leases(storm.desk.journal, "worker")
    (job,) = leases.claim(1)
    leases.finish(job, "done", {"pictures": [{"picture_id": picture_id}]})
    assert list(storm.wrong()) == ["1 acknowledged, and 2 kept", f"picture {picture_id} is damaged"]


def test_a_turn_that_lost_its_number_and_its_words_is_told(storm: Storm) -> None:
    storm.acknowledged["a"] = storm.desk.say("talk", "a red house", key="a").id
    leases = Leases(storm.desk.journal, "worker")
    (job,) = leases.claim(1)
    leases.finish(job, "done", {"pictures": [{"picture_id": drawn(storm, 1), "number": 2}]})
    assert list(storm.wrong()) == [
        "1 turns drew pictures [2]",
        "1 messages acknowledged, 0 in the conversation",
    ]
