"""Azure in its two APIs, with keys, tokens, or whoever is signed in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr

from agent.chat_models import chat_model, sees
from agent.settings import Settings, read_settings
from knowledge.problems import GiveUp
from tests.loopback_openai import LoopbackOpenAI, Reply, loopback_openai


@pytest.fixture
def server() -> Iterator[LoopbackOpenAI]:
    with loopback_openai(Reply("hello")) as listening:
        yield listening


def azure(server: LoopbackOpenAI, **chosen: Any) -> Settings:
    return Settings(chat="azure", chat_model="deployed", azure_openai_endpoint=f"{server.url}/", **chosen)


def greeted(settings: Settings) -> str:
    model = chat_model(settings)
    assert model is not None
    return model.invoke("hello").text


def test_azure_takes_an_entra_token_before_a_key(server: LoopbackOpenAI) -> None:
    key, token = SecretStr("azure-key"), SecretStr("entra-token")
    settings = azure(server, azure_openai_api_key=key, azure_openai_ad_token=token)
    assert greeted(settings) == "hello"
    assert server.headers[0]["authorization"] == "Bearer entra-token"


def test_classic_azure_is_reached_by_deployment_and_version_with_its_key(server: LoopbackOpenAI) -> None:
    settings = azure(server, azure_openai_api_key=SecretStr("azure-key"), openai_api_version="2024-10-21")
    assert greeted(settings) == "hello"
    assert server.paths == ["/openai/deployments/deployed/chat/completions?api-version=2024-10-21"]
    assert server.headers[0]["api-key"] == "azure-key"


def test_classic_azure_takes_an_entra_token(server: LoopbackOpenAI) -> None:
    settings = azure(server, azure_openai_ad_token=SecretStr("entra-token"), openai_api_version="2024-10-21")
    assert greeted(settings) == "hello"
    assert server.headers[0]["authorization"] == "Bearer entra-token"


@pytest.mark.parametrize("version", ["", "2024-10-21"])
def test_who_is_signed_in_is_asked_for_a_new_token_each_time(
    server: LoopbackOpenAI, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter(["first", "second", "third"])
    identity = ModuleType("azure.identity")
    identity.DefaultAzureCredential = object  # pyright: ignore[reportAttributeAccessIssue]
    identity.get_bearer_token_provider = lambda _who, _scope: lambda: next(tokens)  # pyright: ignore
    monkeypatch.setitem(sys.modules, "azure", ModuleType("azure"))
    monkeypatch.setitem(sys.modules, "azure.identity", identity)
    model = chat_model(azure(server, openai_api_version=version))
    assert model is not None
    model.invoke("hello")
    asyncio.run(model.ainvoke("hello"))
    assert [sent["authorization"] for sent in server.headers] == ["Bearer first", "Bearer second"]


def test_azure_without_key_token_or_anybody_signed_in_says_what_it_needs(
    server: LoopbackOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(GiveUp, match="AZURE_OPENAI_API_KEY or AZURE_OPENAI_AD_TOKEN"):
        chat_model(azure(server))


def test_a_models_name_may_tell_that_it_sees_and_the_settings_can_say_so(server: LoopbackOpenAI) -> None:
    def seeing(**chosen: Any) -> bool:
        settings = Settings(chat="openai-compatible", openai_base_url=server.url, **chosen)
        model = chat_model(settings)
        return model is not None and sees(settings, model)

    assert seeing(chat_model="gpt-4o")
    assert not seeing(chat_model="deployed")
    assert seeing(chat_model="deployed", chat_sees="yes")
    assert not seeing(chat_model="gpt-4o", chat_sees="no")


def test_the_names_that_others_use_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_CHAT", "azure")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://name.openai.azure.com")
    monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT_NAME", "deployed")
    monkeypatch.setenv("AZURE_OPENAI_API_VERSION", "2024-10-21")
    settings = read_settings()
    assert (settings.chat_model, settings.openai_api_version) == ("deployed", "2024-10-21")


def test_our_own_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_CHAT_MODEL", "ours")
    monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT", "theirs")
    assert read_settings().chat_model == "ours"
