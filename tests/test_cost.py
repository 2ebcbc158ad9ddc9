"""What a turn costs is counted where it is spent, told at its end, and kept with what it drew."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from agent.chat_models import chat_model
from agent.events import Cost, Ended, Event, Said
from agent.offline.planner import RulePlanner
from agent.prompt_writer import ChatPromptWriter
from agent.settings import Settings
from tests.loopback_openai import LoopbackOpenAI, Reply, loopback_openai
from tests.scripted_chat import Studio, whole
from ui.telling import cost as told

FOX = Reply(calls=(("draw", '{"prompt": "a fox"}'),), usage=(100, 20))
THERE = Reply("There is a fox.", usage=(130, 5))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def model_of(server: LoopbackOpenAI, **chosen: Any) -> BaseChatModel:
    spoken = {"chat": "openai-compatible", "chat_model": "m", "openai_base_url": f"{server.url}/v1", "chat_timeout": 1}
    model = chat_model(Settings.model_validate({**spoken, **chosen}))
    assert model is not None
    return model


def turn(studio: Studio, model: BaseChatModel, said: str = "a fox") -> list[Event]:
    async def talk() -> list[Event]:
        async with studio.opened(model, RulePlanner()) as assistant:
            return [event async for event in assistant.turn("one", said)]

    return asyncio.run(talk())


def cost(events: list[Event]) -> Cost:
    assert isinstance(events[-1], Ended)
    return events[-1].cost


def test_tokens_are_the_servers_own_where_it_counts_them(studio: Studio) -> None:
    with loopback_openai(FOX, THERE) as server:
        azure = {"chat": "azure", "azure_openai_endpoint": server.url, "azure_openai_api_key": SecretStr("k")}
        spent = cost(turn(studio, model_of(server, **azure)))
    assert (spent.model_calls, spent.tokens_in, spent.tokens_out, spent.pictures) == (2, 230, 25, 1)
    assert not spent.estimated
    assert spent.seconds > 0


def test_tokens_are_estimated_where_the_server_does_not_count_and_that_is_said(studio: Studio) -> None:
    with loopback_openai(FOX, THERE) as server:
        spent = cost(turn(studio, model_of(server)))
    assert spent.estimated
    assert 100 < spent.tokens_in < 10_000
    assert 10 < spent.tokens_out < 100
    assert "(estimated)" in told(spent)


def test_an_answer_that_was_asked_for_twice_is_paid_for_twice(studio: Studio) -> None:
    with loopback_openai(Reply(""), THERE) as server:
        assert cost(turn(studio, model_of(server))).model_calls == 2


def test_a_chat_model_that_fails_was_asked_and_read_nothing(studio: Studio) -> None:
    with loopback_openai(Reply(status=403)) as server:
        spent = cost(turn(studio, model_of(server), "a red house"))
    assert (spent.model_calls, spent.tokens_in, spent.tokens_out, spent.pictures) == (1, 0, 0, 1)
    assert not spent.estimated


def test_the_planner_costs_no_tokens(studio: Studio) -> None:
    spent = cost(turn(studio, RulePlanner(), "a red house"))
    assert (spent.model_calls, spent.tokens_in, spent.pictures) == (0, 0, 1)
    assert told(spent).startswith("no chat model asked, 1 picture, ")


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_chat_model_that_a_tool_asks_is_counted_and_not_overheard(studio: Studio, tmp_path: Path) -> None:
    written = Reply('{"prompt": "a red fox"}', usage=(7, 3))
    looking = Reply(calls=(("look", "{}"),), usage=(100, 20))
    with loopback_openai(looking, written, THERE) as server:
        model = model_of(server)

        def look() -> dict[str, str]:
            """Look."""
            return {"wrote": ChatPromptWriter(model).write("a fox", ())}

        events = turn(Studio(tmp_path / "two", also=(look,)), model)
    assert cost(events).model_calls == 3
    assert "red" not in "".join(event.text for event in events if isinstance(event, Said))
    assert whole(events) == ["There is a fox."]


def test_the_cost_is_kept_with_the_pictures_and_goes_with_the_conversation(studio: Studio) -> None:
    with loopback_openai(FOX, THERE) as server:
        spent = cost(turn(studio, model_of(server)))
    (drawn,) = studio.conversations.pictures("one")
    assert studio.conversations.cost("one", drawn.picture_id) == spent
    assert studio.conversations.cost("two", drawn.picture_id) is None
    studio.conversations.forget("one")
    assert studio.conversations.cost("one", drawn.picture_id) is None
