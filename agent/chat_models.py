"""The chat model the settings name, or none; LangChain is imported only when there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.settings import Settings, variable
from knowledge.problems import GiveUp

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

RETRIES = 1
ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"


def chat_model(settings: Settings) -> BaseChatModel | None:
    """Raises `GiveUp` if Azure is to be asked without a key, and nothing here can fetch a token."""
    if settings.chat == "none":
        return None
    if settings.chat == "azure":
        return _classic_azure(settings) if settings.openai_api_version else _azure(settings)
    from langchain_openai import ChatOpenAI

    key = settings.openai_api_key.get_secret_value()
    return ChatOpenAI(
        model=settings.chat_model,
        base_url=settings.openai_base_url or None,
        api_key=lambda: key or "none",  # one is demanded at construction, even by servers that read none
        timeout=settings.chat_timeout,
        max_retries=RETRIES,
    )


def chat_line(settings: Settings) -> str:
    """What people are told of the choice."""
    return "none (rules talk and rewrite)" if settings.chat == "none" else f"{settings.chat} {settings.chat_model}"


def sees(settings: Settings, model: BaseChatModel) -> bool:
    """Whether the model may be shown pictures; an Azure deployment's name does not tell."""
    if settings.chat_sees == "auto":
        return bool((model.profile or {}).get("image_inputs"))
    return settings.chat_sees == "yes"


def _azure(settings: Settings) -> BaseChatModel:
    """Azure's v1 API is OpenAI's own, with a key or a token as its bearer."""
    from langchain_openai import ChatOpenAI

    endpoint = settings.azure_openai_endpoint.rstrip("/").removesuffix("/openai/v1")
    bearer = settings.azure_openai_ad_token.get_secret_value() or settings.azure_openai_api_key.get_secret_value()
    return ChatOpenAI(
        model=settings.chat_model,
        base_url=f"{endpoint}/openai/v1/",
        api_key=(lambda: bearer) if bearer else entra_tokens(),
        timeout=settings.chat_timeout,
        max_retries=RETRIES,
    )


def _classic_azure(settings: Settings) -> BaseChatModel:
    from langchain_openai import AzureChatOpenAI

    endpoint = settings.azure_openai_endpoint.rstrip("/").removesuffix("/openai/v1")
    token, key = settings.azure_openai_ad_token, settings.azure_openai_api_key
    own = bool(token.get_secret_value() or key.get_secret_value())
    return AzureChatOpenAI(
        azure_deployment=settings.chat_model,
        azure_endpoint=endpoint,
        api_version=settings.openai_api_version,
        api_key=key if key.get_secret_value() else None,
        azure_ad_token=token if token.get_secret_value() else None,
        azure_ad_token_provider=None if own else entra_tokens(),
        timeout=settings.chat_timeout,
        max_retries=RETRIES,
    )


def entra_tokens() -> Callable[[], str]:
    """Fresh tokens of whoever is signed in here, as Azure's own programs find out."""
    try:
        from azure.identity import DefaultAzureCredential, get_bearer_token_provider  # pyright: ignore
    except ImportError:
        raise GiveUp(
            f"Azure needs {variable('azure_openai_api_key')} or {variable('azure_openai_ad_token')}; "
            "or install azure-identity, and sign in."
        ) from None
    return get_bearer_token_provider(DefaultAzureCredential(), ENTRA_SCOPE)
