"""The chat model the settings name, or none; LangChain is imported only when there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

TIMEOUT = 30.0
"""Seconds: LangChain's own default waits for ten minutes."""


def chat_model(settings: Settings) -> BaseChatModel | None:
    if settings.chat == "none":
        return None
    from langchain_openai import ChatOpenAI

    url, key = _address(settings)
    # A key is demanded at construction, even by servers that read none.
    return ChatOpenAI(
        model=settings.chat_model, base_url=url, api_key=lambda: key or "none", timeout=TIMEOUT, max_retries=1
    )


def _address(settings: Settings) -> tuple[str | None, str]:
    """The base URL, None for OpenAI's own, and the key."""
    if settings.chat == "azure":
        endpoint = settings.azure_openai_endpoint.rstrip("/").removesuffix("/openai/v1")
        return f"{endpoint}/openai/v1/", settings.azure_openai_api_key.get_secret_value()
    return settings.openai_base_url or None, settings.openai_api_key.get_secret_value()


def chat_line(settings: Settings) -> str:
    """What people are told of the choice."""
    return "none (rules rewrite prompts)" if settings.chat == "none" else f"{settings.chat} {settings.chat_model}"
