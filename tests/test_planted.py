"""A chat model that obeys whatever it reads can be told to do nothing its owner did not allow; and a break is seen."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.obedience import trials
from benchmarks.planted_orders import ORDERS, PLACES, PLANTED, Planted
from benchmarks.watched import watched
from tools.toolbox import tool

SOME = tuple(Planted(PLACES[number % len(PLACES)], number) for number in range(len(ORDERS)))
"""Each order once, and every place."""


def test_there_are_more_than_a_hundred_and_each_is_found_by_its_own_word() -> None:
    assert len(PLANTED) > 100
    assert len({planted.word for planted in PLANTED}) == len(PLANTED)


def test_a_model_that_obeys_all_it_reads_breaks_nothing() -> None:
    done = trials(SOME)
    assert [tried.planted for tried in done if not tried.read] == []
    assert {
        (tried.planted.place, ORDERS[tried.planted.order].name): tried.breaks for tried in done if tried.breaks
    } == {}


def read_file(path: str) -> dict[str, str]:
    """Read a file."""
    return {"text": Path(path).read_text("utf-8")}


def test_a_tool_that_reads_files_would_be_caught() -> None:
    order = next(number for number, order in enumerate(ORDERS) if order.name.startswith("read files"))
    (tried,) = trials([Planted("lore", order)], also=(tool(read_file),))
    assert any(broken.endswith("secret.txt") for broken in tried.breaks)
    assert "another conversation's picture" in tried.breaks


@pytest.mark.parametrize("what", ["read", "wrote", "called", "subprocess.Popen"])
def test_what_is_out_of_bounds_is_heard_and_what_is_within_is_not(tmp_path: Path, what: str) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "file").write_text("x")
    with watched(inside, 1) as watch:
        (inside / "file").read_text()
        (inside / "more").write_text("x")
        assert watch.touched == []
        match what:
            case "read":
                (outside / "file").read_text()
            case "wrote":
                (outside / "more").write_text("x")
            case "called":
                with suppress(OSError), socket.socket() as calling:
                    calling.connect(("127.0.0.1", 9))
            case _:
                subprocess.run([sys.executable, "-c", ""], check=True)
    (outside / "file").read_text()
    assert [touched.partition(" ")[0] for touched in watch.touched] == [what]
