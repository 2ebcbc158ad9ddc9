"""The Weaviate store against the client's own wire: what it answers, and how fast, when the wire fails."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from knowledge.base import Eq, Found, Item, Least, Not, Query, Report, Space
from knowledge.circuit_breaker import CircuitBreaker
from knowledge.problems import GiveUp
from knowledge.weaviate_base import AT_ONCE, WeaviateBase
from knowledge.weaviate_names import class_for, tenant_for, vector_for
from tests.small_records import EAST, NORTH, SPACES, lore
from tests.weaviate_shelf import CLASS, TENANT, VECTOR, Shelves
from tests.weaviate_stand_in import StandIn, running

DEADLINE, PATIENT = 0.5, 30
TEXT, IMAGE = (f"near {vector_for(space)}" for space in SPACES)
BOTH = Query("same", {"text": EAST, "image": EAST})
KEY = "a key"


def opened(stand_in: StandIn, key: str = KEY, deadline: float = PATIENT) -> closing[WeaviateBase]:
    return closing(WeaviateBase(stand_in.url, stand_in.grpc_url, key, deadline))


@dataclass
class Clock:
    """Stands until it is moved."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with running(api_key=KEY) as started:
        yield started


@pytest.fixture
def base(stand_in: StandIn, clock: Clock) -> Iterator[WeaviateBase]:
    """Connected, with one record in the collection `lore`."""
    made = WeaviateBase(stand_in.url, stand_in.grpc_url, KEY, DEADLINE, breaker=CircuitBreaker(clock=clock))
    with closing(made):
        # What is imported and connected at first use is not what is timed here.
        made.link.ask(lambda client: client.get_meta(), 60)
        made.ensure("lore", SPACES)
        made.upsert("lore", [Item(lore("one", "same"), {"text": EAST, "image": NORTH})])
        yield made


@contextmanager
def in_time(least: float = 0) -> Iterator[None]:
    """The deadline is kept, also on a busy machine."""
    started = time.monotonic()
    yield
    assert least <= time.monotonic() - started <= 3 * DEADLINE


def answers(base: WeaviateBase) -> bool:
    """Whether it answers at all, given time."""
    base.deadline = PATIENT
    return set(base.search("lore", BOTH).scores["image"]) == {"one"}


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "weaviate"]


def refusal(ask: Callable[[], object]) -> str:
    with in_time(), pytest.raises(GiveUp) as raised:
        ask()
    return str(raised.value)


def test_all_that_was_asked_for_comes_in_time(base: WeaviateBase) -> None:
    with in_time():
        found = base.search("lore", BOTH)
    assert set(found.scores) == {"bm25", "text", "image"}
    assert found.missing == ""


@pytest.mark.parametrize(
    ("stalled", "answered"), [("bm25", {"text", "image"}), (TEXT, {"bm25", "image"}), (IMAGE, {"bm25", "text"})]
)
def test_what_is_late_is_named_and_the_rest_is_answered(
    base: WeaviateBase, stand_in: StandIn, stalled: str, answered: set[str]
) -> None:
    stand_in.faults.stalled = {stalled}
    with in_time(least=DEADLINE):
        found = base.search("lore", BOTH)
    assert set(found.records) == {"one"}
    assert all(found.scores[source] for source in answered)
    (late,) = {"bm25", "text", "image"} - answered
    assert found.missing.startswith(f"{late}: ")
    assert "no answer within 0.5 s" in found.missing


def test_what_fails_is_named_with_the_servers_reason(base: WeaviateBase, stand_in: StandIn) -> None:
    stand_in.faults.failing = [("bm25", grpc.StatusCode.INTERNAL, "the index is being built")]
    with in_time():
        found = base.search("lore", BOTH)
    assert found.missing.startswith("bm25: ")
    assert "the index is being built" in found.missing
    assert found.scores["text"] == pytest.approx({"one": 1.0})


def test_where_nothing_answers_one_sentence_says_so(base: WeaviateBase, stand_in: StandIn) -> None:
    stand_in.faults.stalled = {"Search"}
    said = refusal(lambda: base.search("lore", BOTH))
    assert f"{stand_in.url} gave no answer within" in said
    assert stand_in.grpc_url in said


def test_a_search_whose_grpc_dies_meanwhile_ends_in_time(base: WeaviateBase, stand_in: StandIn) -> None:
    stand_in.faults.stalled = {"bm25", TEXT, IMAGE}
    ends: list[Found | GiveUp] = []

    def search() -> None:
        try:
            ends.append(base.search("lore", BOTH))
        except GiveUp as problem:
            ends.append(problem)

    searching = threading.Thread(target=search)
    with in_time():
        searching.start()
        stand_in.faults.met.wait(DEADLINE)
        stand_in.stop_grpc()
        searching.join()
    assert isinstance(ends[0], GiveUp)


def test_a_dead_grpc_opens_the_breaker_and_a_living_one_closes_it(
    base: WeaviateBase, stand_in: StandIn, clock: Clock
) -> None:
    stand_in.stop_grpc()
    for _ in range(base.link.breaker.limit):
        assert "does not answer" not in refusal(lambda: base.search("lore", BOTH))
    started = time.monotonic()
    assert "is asked again in 10 s" in refusal(lambda: base.search("lore", BOTH))
    assert time.monotonic() - started < DEADLINE / 2
    clock.now += 10
    assert "does not answer" not in refusal(lambda: base.search("lore", BOTH))
    assert "is asked again in 10 s" in refusal(lambda: base.search("lore", BOTH))
    stand_in.start_grpc()
    clock.now += 10
    assert answers(base)
    assert base.link.breaker.failures == 0


def test_health_asks_also_while_the_breaker_is_open(base: WeaviateBase, stand_in: StandIn) -> None:
    stand_in.stop_grpc()
    for _ in range(base.link.breaker.limit):
        with in_time():
            assert not base.health().ok
    stand_in.start_grpc()
    base.deadline = PATIENT
    assert base.health().ok
    assert answers(base)


def test_a_dead_http_is_no_reason_not_to_search(base: WeaviateBase, stand_in: StandIn) -> None:
    stand_in.stop_http()
    with in_time():
        assert base.search("lore", BOTH).missing == ""
    with in_time():
        health = base.health()
    assert not health.ok
    assert f"{stand_in.url} cannot be reached" in health.said
    assert "cannot be reached" in refusal(lambda: base.ensure("other", SPACES))
    assert base.collections() == ("lore",)
    stand_in.start_http()
    base.ensure("other", SPACES)
    base.deadline = PATIENT
    assert base.health().ok


def test_a_server_that_is_not_there_is_said_in_time(stand_in: StandIn) -> None:
    stand_in.stop_http()
    stand_in.stop_grpc()
    with opened(stand_in, deadline=DEADLINE) as base:
        assert stand_in.url in refusal(base.collections)
        with in_time():
            assert stand_in.url in base.health().said


def test_a_server_that_does_not_greet_is_left_in_time(stand_in: StandIn) -> None:
    stand_in.faults.stalled = {"GET /v1/meta"}
    with opened(stand_in, deadline=DEADLINE) as base:
        assert "gave no answer within 0.5 s" in refusal(base.collections)


@pytest.mark.parametrize("key", ["", "another key"])
def test_a_wrong_key_is_said_and_is_no_reason_to_wait(stand_in: StandIn, key: str) -> None:
    with opened(stand_in, key) as base:
        for _ in range(2 * base.link.breaker.limit):
            with pytest.raises(GiveUp, match="refused the API key"):
                base.search("lore", BOTH)
        assert not base.health().ok


def test_a_key_that_grpc_refuses_is_said(base: WeaviateBase, stand_in: StandIn) -> None:
    stand_in.faults.failing = [("Search", grpc.StatusCode.UNAUTHENTICATED, "invalid")]
    assert "refused the API key" in refusal(lambda: base.search("lore", BOTH))
    stand_in.faults.failing = [("Search", grpc.StatusCode.PERMISSION_DENIED, "forbidden")]
    assert "does not let this API key do that" in refusal(lambda: base.search("lore", BOTH))


def test_a_server_that_is_too_old_is_refused() -> None:
    with (
        running(shelves=Shelves("1.26.9")) as old,
        opened(old) as base,
    ):
        assert re.search(r"is too old: install 1\.27 or newer", base.health().said)


def test_a_space_is_added_where_the_server_can() -> None:
    more = (*SPACES, Space("sound", "encoder-b", 2))
    with (
        running(shelves=Shelves("1.30.0")) as old,
        opened(old) as base,
    ):
        base.ensure("lore", SPACES)
        with pytest.raises(GiveUp, match=r"could not do that.*additional vector configs cannot be added"):
            base.ensure("lore", more)
        assert base.spaces("lore") == SPACES
        base.ensure("whole", more)
        assert base.spaces("whole") == more


@pytest.mark.parametrize("url", ["", "weaviate", "ftp://127.0.0.1:1", "http://127.0.0.1:99999", "http://[::1"])
def test_an_address_that_is_none_is_said(url: str) -> None:
    with closing(WeaviateBase(url)) as base, pytest.raises(GiveUp, match="no addresses of a Weaviate server"):
        base.collections()


def test_an_item_the_server_refuses_is_reported_and_the_others_are_stored(
    base: WeaviateBase, stand_in: StandIn
) -> None:
    stand_in.faults.refused = {1: "store is read-only"}
    items = [Item(lore(name)) for name in ("a", "b", "c")]
    assert base.upsert("lore", items) == Report(("a", "c"), (("b", "store is read-only"),))
    assert base.ids("lore") == ["a", "c", "one"]


def test_where_the_server_refuses_all_every_one_is_reported(base: WeaviateBase, stand_in: StandIn) -> None:
    stand_in.faults.refused = {0: "store is read-only", 1: "store is read-only"}
    report = base.upsert("lore", [Item(lore("a")), Item(lore("b"))])
    assert report.stored == ()
    assert [failed for failed, why in report.failed if "store is read-only" in why] == ["a", "b"]


def test_what_was_stored_before_the_server_failed_is_reported_as_stored(base: WeaviateBase, stand_in: StandIn) -> None:
    items = [Item(lore(f"{number:04}")) for number in range(2 * AT_ONCE + 1)]
    stand_in.faults.passing = {"BatchObjects": 1}
    stand_in.faults.failing = [("BatchObjects", grpc.StatusCode.RESOURCE_EXHAUSTED, "not enough memory")]
    report = base.upsert("lore", items)
    assert len(report.stored) == AT_ONCE
    assert {failed for failed, why in report.failed if "not enough memory" in why} == {
        item.record.id for item in items[AT_ONCE:]
    }
    assert base.about("lore").records == AT_ONCE + 1


def test_where_nothing_could_be_stored_nothing_is_reported(base: WeaviateBase, stand_in: StandIn) -> None:
    stand_in.faults.failing = [("BatchObjects", grpc.StatusCode.RESOURCE_EXHAUSTED, "not enough memory")]
    with pytest.raises(GiveUp, match="not enough memory"):
        base.upsert("lore", [Item(lore("a"))])


def test_a_tenant_that_was_put_to_rest_is_woken(base: WeaviateBase, stand_in: StandIn) -> None:
    (shelf,) = (one for one in stand_in.shelves.classes.values() if one.has_tenants)
    shelf.tenants[tenant_for("lore")].active = False
    assert set(base.search("lore", BOTH).records) == {"one"}


def test_a_collection_whose_tenant_is_gone_is_said_and_made_again(base: WeaviateBase, stand_in: StandIn) -> None:
    (shelf,) = (one for one in stand_in.shelves.classes.values() if one.has_tenants)
    del shelf.tenants[tenant_for("lore")]
    assert "tenant not found" in refusal(lambda: base.search("lore", BOTH))
    base.ensure("lore", SPACES)
    assert base.search("lore", BOTH).records == {}
    del shelf.tenants[tenant_for("lore")]
    base.drop("lore")
    assert base.collections() == ()


def test_several_processes_may_make_the_same_collection_at_once(stand_in: StandIn) -> None:
    bases = [WeaviateBase(stand_in.url, stand_in.grpc_url, KEY, PATIENT) for _ in range(4)]
    makers = [threading.Thread(target=base.ensure, args=("new", SPACES)) for base in bases]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert [base.collections() for base in bases] == [("new",)] * 4
    for base in bases:
        base.close()


def test_a_class_that_lacks_a_property_gets_it(base: WeaviateBase, stand_in: StandIn) -> None:
    (shelf,) = (one for one in stand_in.shelves.classes.values() if one.has_tenants)
    shelf.config["properties"].remove(shelf.properties["rating"])
    base.ensure("lore", SPACES)
    assert shelf.properties["rating"]["dataType"] == ["number"]
    assert set(base.search("lore", Query(where=Not(Least("rating", 1)))).records) == {"one"}


@pytest.mark.parametrize("odd", ["a", "浮世絵", "ukiyo-e 浮世絵", "Lore", "x" * 200, "..", "9", "a/b"])
def test_names_are_legal_in_weaviate_and_differ(odd: str) -> None:
    near = (odd, f"{odd} ", f"{odd}-", f" {odd}")
    assert all(TENANT.fullmatch(tenant_for(name)) for name in near)
    assert all(VECTOR.fullmatch(vector_for(Space(name, "encoder", 4))) for name in near)
    assert CLASS.fullmatch(class_for([Space(odd, odd, 4)]))
    assert len({tenant_for(name) for name in near}) == len({vector_for(Space(name, "e", 4)) for name in near}) == 4
    assert vector_for(Space(odd, "encoder", 4)) != vector_for(Space(odd, "another", 4))


def test_values_are_compared_whole_and_stop_words_are_words(base: WeaviateBase) -> None:
    base.upsert("lore", [Item(lore(name, licence=name)) for name in ("the", "neo noir", "noir", " noir", '"')])
    for name in ("the", "noir", " noir", '"'):
        assert set(base.search("lore", Query(where=Eq("licence", name))).records) == {name}


def test_a_closed_base_connects_anew_and_leaves_no_thread(base: WeaviateBase) -> None:
    base.close()
    base.close()
    assert not threads()
    assert answers(base)


def test_a_base_that_nobody_closes_leaves_no_thread_either(stand_in: StandIn) -> None:
    base = WeaviateBase(stand_in.url, stand_in.grpc_url, KEY, PATIENT)
    assert base.health().ok
    assert threads()
    del base
    gc.collect()
    assert not threads()


FORKED = """
import os, sys
from knowledge.problems import GiveUp
from knowledge.weaviate_base import WeaviateBase

base = WeaviateBase(*sys.argv[1:], deadline=60)
for when in ("before", "after"):
    child = os.fork()
    try:
        print("child" if not child else "parent", when, base.collections(), flush=True)
    except GiveUp as problem:
        print("child" if not child else "parent", when, problem, flush=True)
    if not child:
        base.close()
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_process_forked_before_the_first_use_works_and_one_forked_later_says_why_not(
    base: WeaviateBase, stand_in: StandIn
) -> None:
    command = [sys.executable, "-c", FORKED, stand_in.url, stand_in.grpc_url, KEY]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=root, check=True)
    assert set(done.stdout.splitlines()) >= {
        "child before ('lore',)",
        "parent before ('lore',)",
        "parent after ('lore',)",
    }
    assert "child after This process was forked from one that used Weaviate" in done.stdout
    assert done.stderr == "", "a program that forgets to close ends in silence"
