"""The picture book's own talker: what it is taught fits the tools, is kept apart from its tests, and it does talk."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.messages import ToolCall

from agent.cast import cast
from agent.events import Called, Event
from agent.local_model import LocalChat, speaker
from agent.settings import Settings
from agent.workshop import TALKERS
from benchmarks.cheap_studio import CheapStudio
from benchmarks.guided_calls import fits
from picturebook.talker.dialogues import dialogue, messages, one_change
from picturebook.talker.phrasings import patterns, phrasings
from picturebook.talker.turns import Turn
from tests.scripted_chat import returned, whole

LESSONS = 150
AT_MOST = 20e6
"""Bytes of the folder."""


@pytest.fixture(scope="module")
def lessons() -> list[list[Turn]]:
    return talks(test=False)


def talks(test: bool) -> list[list[Turn]]:
    return [dialogue(random.Random(f"lesson {number}"), test=test) for number in range(LESSONS)]


def all_phrasings(test: bool) -> set[str]:
    tables = (patterns("orders"), patterns("sentences"))
    return {way for table in tables for ways in table.values() for mine in phrasings(ways, test) for way in mine}


def triples(talks: list[list[Turn]]) -> set[tuple[str, str, str]]:
    drawn = (picture for talk in talks for turn in talk for picture in turn.talk.pictures)
    return {triple for picture in drawn for triple in picture.wish.triples}


def test_every_call_of_the_lessons_fits_its_tool(lessons: list[list[Turn]]) -> None:
    calls = [
        ToolCall(name=name, args=dict(given), id=None)
        for talk in lessons
        for turn in talk
        for name, given in turn.calls
    ]
    assert {call["name"] for call in calls} == {"draw", "refine", "pick_loras", "ask"}
    assert [call for call in calls if not fits(call)] == []


def test_the_same_dice_give_the_same_lesson(lessons: list[list[Turn]]) -> None:
    assert talks(test=False) == lessons


def test_lessons_and_tests_share_no_phrasing() -> None:
    taught, kept = all_phrasings(test=False), all_phrasings(test=True)
    assert taught & kept == {"{prompt}"}
    assert 0.15 < len(kept) / len(taught | kept) < 0.25


def test_lessons_and_tests_share_no_triple_of_thing_colour_and_place(lessons: list[list[Turn]]) -> None:
    dice = [random.Random(f"change {number}") for number in range(2 * LESSONS)]
    taught = triples([*lessons, *(one_change(each) for each in dice)])
    kept = triples([*talks(test=True), *(one_change(each, test=True) for each in dice)])
    assert taught
    assert kept
    assert taught & kept == set()


def test_the_saved_tokenizer_loses_nothing_of_what_is_taught(lessons: list[list[Turn]]) -> None:
    tokenizer = speaker(TALKERS["picturebook"]).tokenizer
    for talk in lessons[:20]:
        text = tokenizer.apply_chat_template(messages(talk), tokenize=False)
        assert isinstance(text, str)
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False).input_ids) == text


def test_the_saved_talker_is_small_and_half_precise() -> None:
    from safetensors import safe_open

    folder = Path(TALKERS["picturebook"])
    assert sum(path.stat().st_size for path in folder.iterdir()) <= AT_MOST
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert {weights.get_slice(name).get_dtype() for name in weights.keys()} == {"F16"}  # noqa: SIM118


def talked(folder: Path, *words: str) -> Iterator[list[Event]]:
    """Each turn's events, the settings choosing the talker as they do for people."""
    studio = CheapStudio(folder)
    model = cast(Settings(data=folder, loras=(), chat="local"), studio.bench).model
    assert isinstance(model, LocalChat)

    async def talk() -> list[list[Event]]:
        async with studio.opened(model) as assistant:
            return [[event async for event in assistant.turn("one", one)] for one in words]

    yield from asyncio.run(talk())


def test_the_saved_talker_draws_and_goes_back(tmp_path: Path) -> None:
    drawn, other, back = talked(tmp_path, "draw a red house on the beach", "a yellow boat at sunset", "undo that")
    (first,) = returned(drawn)[-1]["pictures"]
    (second,) = returned(other)[-1]["pictures"]
    assert [first["prompt"], second["prompt"]] == ["a red house on the beach", "a yellow boat at sunset"]
    assert [event for event in back if isinstance(event, Called)] == []
    assert "back at picture 1" in whole(back)[-1]
