"""A chat model, spoken to in OpenAI's protocol on loopback, rewrites a wish into a prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from agent.chat_models import chat_line, chat_model
from agent.prompt_writer import ChatPromptWriter
from agent.settings import Settings
from knowledge.problems import GiveUp
from knowledge.records import Lore
from tests.loopback_openai import LoopbackOpenAI, Reply, loopback_openai

LORE = Lore(id="toadstool", title="toadstool", body="It is a mushroom.", terms=("toadstool",), adds="mushroom")
WRITTEN = Reply('{"prompt": "a red\\nmushroom"}')


@pytest.fixture
def server() -> Iterator[LoopbackOpenAI]:
    with loopback_openai(WRITTEN) as listening:
        yield listening


def compatible(server: LoopbackOpenAI) -> Settings:
    return Settings(chat="openai-compatible", chat_model="m", openai_base_url=f"{server.url}/v1")


def azure(server: LoopbackOpenAI, **chosen: Any) -> Settings:
    return Settings(chat="azure", chat_model="deployed", azure_openai_endpoint=f"{server.url}/", **chosen)


def writer(settings: Settings) -> ChatPromptWriter:
    model = chat_model(settings)
    assert model is not None
    return ChatPromptWriter(model)


def test_a_compatible_server_writes_the_prompt_in_one_line(server: LoopbackOpenAI) -> None:
    assert writer(compatible(server)).write("a toadstool", [LORE]) == "a red mushroom"
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["authorization"] == "Bearer none"


def test_the_records_reach_the_model_as_notes_and_the_answer_has_a_schema(server: LoopbackOpenAI) -> None:
    writer(compatible(server)).write("a toadstool", [LORE])
    (asked,) = server.asked
    assert "It is a mushroom." in asked["messages"][1]["content"]
    assert asked["response_format"]["type"] == "json_schema"


def test_azure_is_reached_at_its_first_version_with_its_own_key(server: LoopbackOpenAI) -> None:
    settings = azure(server, azure_openai_api_key=SecretStr("azure-key"), openai_api_key=SecretStr("another-key"))
    assert writer(settings).write("a toadstool", []) == "a red mushroom"
    assert server.paths == ["/openai/v1/chat/completions"]
    assert server.headers[0]["authorization"] == "Bearer azure-key"
    assert chat_line(settings) == "azure deployed"


def test_a_refused_key_is_one_sentence_that_says_what_to_do(server: LoopbackOpenAI) -> None:
    server.script = [Reply(status=401, code="invalid_api_key")]
    with pytest.raises(GiveUp, match="ATELIER_CHAT=none"):
        writer(compatible(server)).write("a toadstool", [])


@pytest.mark.parametrize("content", ["", "I would rather not.", '{"prompt": ""}', '{"other": 1}'])
def test_an_answer_that_is_no_prompt_is_one_sentence(server: LoopbackOpenAI, content: str) -> None:
    server.script = [Reply(content)]
    with pytest.raises(GiveUp, match="did not answer with a prompt"):
        writer(compatible(server)).write("a toadstool", [])


def test_a_refusal_is_one_sentence(server: LoopbackOpenAI) -> None:
    server.script = [Reply(refusal="I would rather not.")]
    with pytest.raises(GiveUp, match="did not answer with a prompt"):
        writer(compatible(server)).write("a toadstool", [])


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    settings = Settings(chat="openai-compatible", chat_model="m", openai_base_url="http://127.0.0.1:9/v1")
    with pytest.raises(GiveUp, match="failed"):
        writer(settings).write("a toadstool", [])
