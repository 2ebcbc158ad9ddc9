"""The chat model the settings name, or none; LangChain is imported only when there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from agent.settings import Settings, variable
from knowledge.problems import GiveUp

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

RETRIES = 1
BOOK = "picturebook"
"""The name of the picture book's own, which is also meant where none is named."""
ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"


def chat_model(settings: Settings, known: Mapping[str, str] | None = None) -> BaseChatModel | None:
    """
    `known` are the folders of local models that have names of their own here.

    Raises `GiveUp` if Azure is to be asked without a key, and nothing here can fetch a token; and for a local model
    that is not there, or cannot call tools.
    """
    if settings.chat == "none":
        return None
    if settings.chat == "local":
        return _local(settings, known or {})
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


def writing_model(settings: Settings) -> BaseChatModel | None:
    """The chat model, if it also writes and takes apart what it is given: the picture book's own only talks."""
    return None if settings.chat == "local" and _of_the_book(settings) else chat_model(settings)


def chat_line(settings: Settings) -> str:
    """What people are told of the choice."""
    if settings.chat == "local" and _of_the_book(settings):
        return "the picture book's own (rules rewrite)"
    return "none (rules talk and rewrite)" if settings.chat == "none" else f"{settings.chat} {settings.chat_model}"


def sees(settings: Settings, model: BaseChatModel) -> bool:
    """Whether the model may be shown pictures; an Azure deployment's name does not tell."""
    if settings.chat_sees == "auto":
        return bool((model.profile or {}).get("image_inputs"))
    return settings.chat_sees == "yes"


def _of_the_book(settings: Settings) -> bool:
    return settings.chat_model in ("", BOOK)


def _local(settings: Settings, known: Mapping[str, str]) -> BaseChatModel:
    from agent.local_model import LocalChat, speaker
    from tools.engine.devices import device

    name = settings.chat_model or BOOK
    return LocalChat(speaker=speaker(known[name]) if name in known else speaker(name, device(settings.device)))


def _azure(settings: Settings) -> BaseChatModel:
    """Azure's v1 API is OpenAI's own, with a key or a token as its bearer."""
    from langchain_openai import ChatOpenAI

    endpoint = settings.azure_openai_endpoint.rstrip("/").removesuffix("/openai/v1")
    bearer = settings.azure_openai_ad_token.get_secret_value() or settings.azure_openai_api_key.get_secret_value()
    return ChatOpenAI(
        model=settings.chat_model,
        base_url=f"{endpoint}/openai/v1/",
        api_key=(lambda: bearer) if bearer else entra_tokens(),
        stream_usage=True,
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
