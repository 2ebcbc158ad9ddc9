"""Dialogues over the real wires are judged by what is in the gallery: right is right, and wrong is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.wire_dialogues import WIRES, Done, run


@pytest.fixture(scope="module")
def turns() -> list[Done]:
    return run(1 / 17, "known")


def test_what_a_model_means_is_what_is_drawn_over_every_wire(turns: list[Done]) -> None:
    assert len(turns) > 2 * len(WIRES)
    assert [done.turn.say for done in turns if not done.right] == []
    assert all(stays for done in turns for stays in done.stays)


def test_a_turn_that_draws_nothing_something_else_or_too_much_is_wrong(turns: list[Done]) -> None:
    drawn = [done for done in turns if done.pictures]
    others = [*drawn[1:], drawn[0]]
    assert drawn
    for done, other in zip(drawn, others, strict=True):
        assert not replace(done, pictures=()).right
        assert not replace(done, pictures=(*done.pictures, *done.pictures, *done.pictures, *done.pictures)).right
        assert not replace(done, pictures=other.pictures).right


def test_a_turn_that_should_draw_nothing_and_draws_is_wrong(turns: list[Done]) -> None:
    quiet, drawing = (next(done for done in turns if bool(done.pictures) == draws) for draws in (False, True))
    assert not replace(quiet, pictures=drawing.pictures, events=drawing.events).right
