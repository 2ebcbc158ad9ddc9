"""A call reaches what its conversation has and its user named, whatever the chat model was talked into."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from agent.events import Event
from agent.middleware.budget import TOOL_CALLS
from tests.scripted_chat import ScriptedChat, Studio, calling, numbers, returned, whole


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path, also=(look,))


def look(where: dict[str, Any], model: str = "") -> dict[str, Any]:
    """Look."""
    return {"image_id": "f" * 64, "text": "e" * 64}


def talked(studio: Studio, conversation: str, said: str, *calls: AIMessage) -> list[Event]:
    async def talk() -> list[Event]:
        model = ScriptedChat(script=[*calls, AIMessage("Done.")], shown=[])
        async with studio.opened(model) as assistant:
            return [event async for event in assistant.turn(conversation, said)]

    return asyncio.run(talk())


@pytest.fixture
def others(studio: Studio) -> str:
    """The id of a picture of another conversation."""
    events = talked(studio, "theirs", "a zebra", calling("draw", prompt="a zebra"))
    return returned(events)[0]["pictures"][0]["picture_id"]


@pytest.mark.parametrize("length", [8, 64])
def test_another_conversations_picture_is_not_there(studio: Studio, others: str, length: int) -> None:
    events = talked(studio, "mine", "that", calling("refine", picture_id=others[:length], prompt="a cat"))
    assert "There is no picture" in returned(events)[0]["problem"]
    assert whole(events) == ["Done."]


def test_a_picture_the_user_names_is(studio: Studio, others: str) -> None:
    events = talked(
        studio, "mine", f"refine {others[:10]}", calling("refine", picture_id=others[:10] + others[10:], prompt="a cat")
    )
    assert numbers(events) == [1]


def test_so_are_pictures_that_were_drawn_here_and_that_tools_told_of(studio: Studio) -> None:
    drawn = talked(studio, "mine", "a cat", calling("draw", prompt="a cat"))
    own = returned(drawn)[0]["pictures"][0]["picture_id"]
    found = calling("look", where={})
    events = talked(studio, "mine", "that", found, calling("look", where={"deep": [{"init_image_id": "f" * 64}]}))
    assert [result.get("problem") for result in returned(events)] == [None, None]
    assert numbers(talked(studio, "mine", "it", calling("refine", picture_id=own, prompt="a dog"))) == [2]


def test_an_id_in_a_text_that_was_read_is_none(studio: Studio) -> None:
    found = calling("look", where={})
    events = talked(studio, "mine", "that", found, calling("look", where={"image_id": "e" * 64}))
    assert "There is no picture" in returned(events)[1]["problem"]


@pytest.mark.parametrize("name", ["/etc/passwd", "evil/weights", "http://127.0.0.1:9/x.safetensors"])
def test_no_model_is_used_but_the_one_that_was_chosen(studio: Studio, name: str) -> None:
    events = talked(studio, "mine", f"use {name}", calling("look", where={"recipe": {"model": name}}))
    assert "is not the one that was chosen" in returned(events)[0]["problem"]
    assert "problem" not in returned(talked(studio, "mine", "so", calling("look", where={}, model="picturebook")))[0]


def test_no_more_tools_are_used_in_a_turn_than_it_may_use(studio: Studio) -> None:
    calls = [call for at in range(TOOL_CALLS + 5) for call in calling("look", f"c{at}", where={}).tool_calls]
    events = talked(studio, "mine", "look", AIMessage("", tool_calls=calls), calling("look", "last", where={}))
    problems = [result.get("problem", "") for result in returned(events)]
    assert [problem[:2] for problem in problems].count("At") == 6
    assert len(problems) == TOOL_CALLS + 6
