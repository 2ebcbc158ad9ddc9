"""Every choice a user can make outside the command line; the only reader of the environment and of `.env`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from knowledge.problems import GiveUp

Device = Literal["auto", "cpu", "cuda", "mps"]
Store = Literal["embedded", "weaviate"]
ChatProvider = Literal["none", "azure", "openai", "openai-compatible", "local"]
Sight = Literal["auto", "yes", "no"]
Worker = Literal["in-process", "process"]
Memory = Literal["normal", "low"]
PREFIX = "ATELIER_"


def _data_folder() -> Path:
    return platformdirs.user_data_path("atelier", appauthor=False)


class Settings(BaseSettings):
    """An empty variable means its default."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    data: Path = Field(default_factory=_data_folder, description="The folder of pictures and knowledge")
    model: str = Field(
        default="picturebook", description="What draws: a Hugging Face id, a local folder, or picturebook"
    )
    device: Device = Field(default="auto", description="Where it draws: auto, cpu, cuda or mps")
    memory: Memory = Field(
        default="normal", description="normal, or low for small GPUs: only the UNet stays on them, and slowly"
    )
    compile: bool = Field(default=False, description="Whether the UNet is compiled: a slow start, then faster steps")
    worker: Worker = Field(
        default="in-process",
        description="Where drawing runs: in-process, or process: one of its own, which is started again after a crash",
    )
    ray: str = Field(
        default="", description="Draws on Ray Serve: auto for this machine, or a cluster's address; needs --extra scale"
    )
    replicas: int = Field(default=1, ge=1, le=1024, description="How many engines draw there")
    knowledge: Store = Field(default="embedded", description="Where knowledge is kept: embedded or weaviate")
    weaviate_url: str = Field(default="", description="Where Weaviate answers HTTP, such as http://127.0.0.1:8080")
    weaviate_grpc: str = Field(
        default="", description="Where its gRPC answers, such as http://127.0.0.1:50051; else port 50051 of that host"
    )
    weaviate_api_key: SecretStr = Field(default=SecretStr(""), description="Weaviate's key")
    loras: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="Folders of .safetensors LoRAs, separated like PATH"
    )
    reference_from: int = Field(
        default=0,
        ge=0,
        le=5,
        description="From which rating on, 1 to 5, your pictures become references; 0: only those you say",
    )
    host: str = Field(default="127.0.0.1", description="Where atelier serve listens; elsewhere it needs a token")
    port: int = Field(default=7860, ge=0, le=65535, description="And on which port; 0 for any that is free")
    token: SecretStr = Field(
        default=SecretStr(""), description="What others must send as a bearer token to be served; none if it is empty"
    )
    keep_days: int = Field(
        default=30,
        ge=1,
        le=36500,
        description="For how many days finished jobs are remembered; conversations always are",
    )
    chat: ChatProvider = Field(
        default="none", description="Who talks and rewrites prompts: none, azure, openai, openai-compatible or local"
    )
    chat_model: str = Field(
        default="",
        validation_alias=AliasChoices(
            f"{PREFIX}CHAT_MODEL", "AZURE_OPENAI_DEPLOYMENT", "AZURE_OPENAI_DEPLOYMENT_NAME", "OPENAI_MODEL"
        ),
        description="The chat model's name, Azure deployment, or local folder; local without one is the picture book's",
    )
    chat_sees: Sight = Field(
        default="auto", description="Whether it is shown the pictures: yes, no, or auto for what is known of it"
    )
    clip: str = Field(
        default="",
        description="A CLIP model, a hub id or folder, that looks at pictures where no chat model sees",
    )
    chat_timeout: float = Field(
        default=30, gt=0, le=3600, description="Seconds to wait for its next words; more for a large model on a CPU"
    )
    openai_base_url: str = Field(
        default="", validation_alias="OPENAI_BASE_URL", description="Where an OpenAI-compatible server answers"
    )
    openai_api_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="OPENAI_API_KEY",
        description="The key of OpenAI, or of the compatible server",
    )
    azure_openai_endpoint: str = Field(
        default="",
        validation_alias="AZURE_OPENAI_ENDPOINT",
        description="Azure's endpoint, such as https://NAME.openai.azure.com",
    )
    azure_openai_api_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="AZURE_OPENAI_API_KEY",
        description="Azure's key; with neither key nor token you are who azure-identity says you are",
    )
    azure_openai_ad_token: SecretStr = Field(
        default=SecretStr(""), validation_alias="AZURE_OPENAI_AD_TOKEN", description="An Entra token instead of a key"
    )
    openai_api_version: str = Field(
        default="",
        validation_alias=AliasChoices("OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION"),
        description="Azure's classic API in this version, such as 2024-10-21; else its v1 API, which has none",
    )

    @field_validator("loras", mode="before")
    @classmethod
    def _split(cls, folders: object) -> object:
        return tuple(part for part in folders.split(os.pathsep) if part) if isinstance(folders, str) else folders

    @field_validator("data")
    @classmethod
    def _at_home(cls, folder: Path) -> Path:
        return folder.expanduser()

    @field_validator("loras")
    @classmethod
    def _exist(cls, folders: tuple[Path, ...]) -> tuple[Path, ...]:
        homes = tuple(folder.expanduser() for folder in folders)
        if missing := [folder for folder in homes if not folder.is_dir()]:
            raise ValueError(f"there is no folder {str(missing[0])!r}")
        return homes

    @field_validator("weaviate_url", "weaviate_grpc")
    @classmethod
    def _an_address(cls, url: str) -> str:
        found = urlsplit(url)
        try:
            whole = not url or (found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0)
        except ValueError:
            whole = False
        if not whole:
            raise ValueError("it is no address such as http://127.0.0.1:8080")
        return url

    @model_validator(mode="after")
    def _weaviate_is_whole(self) -> Self:
        if self.knowledge == "weaviate" and not self.weaviate_url:
            raise ValueError(f"{PREFIX}KNOWLEDGE=weaviate also needs {PREFIX}WEAVIATE_URL")
        return self

    @model_validator(mode="after")
    def _chat_is_whole(self) -> Self:
        needed = {
            "none": (),
            "azure": ("chat_model", "azure_openai_endpoint"),
            "openai": ("chat_model", "openai_api_key"),
            "openai-compatible": ("chat_model", "openai_base_url"),
            "local": (),
        }[self.chat]
        unset = [name for name in needed if not getattr(self, name)]
        if unset:
            raise ValueError(f"{PREFIX}CHAT={self.chat} also needs {', '.join(map(variable, unset))}")
        return self


def variable(field: str) -> str:
    """The environment variable a setting is read from; where others are understood too, ours or the best known."""
    return variables(field)[0]


def variables(field: str) -> tuple[str, ...]:
    """Every environment variable a setting is read from; the first that is set counts."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(map(str, alias.choices))
    return (alias if isinstance(alias, str) else PREFIX + field.upper(),)


def read_settings() -> Settings:
    """The settings of this environment. A bad value raises `GiveUp` with the variable's name."""
    try:
        return Settings()
    except ValidationError as wrong:
        raise GiveUp("; ".join(map(_said, wrong.errors()))) from None


def _said(error: ErrorDetails) -> str:
    reason = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return reason + "."
    place = str(error["loc"][0])
    name = variable(next(field for field in Settings.model_fields if place in (field, *variables(field))))
    value = "" if "KEY" in name or "TOKEN" in name else f"={error['input']!s:.100}"
    return f"{name}{value}: {reason[0].lower() + reason[1:]}."
