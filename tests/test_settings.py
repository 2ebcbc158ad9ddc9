"""Settings come from the environment and `.env`, a bad one names itself, and `.env.example` tells the truth."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.chat_models import chat_line, chat_model
from agent.settings import Settings, read_settings, variable
from knowledge.problems import GiveUp
from ui.cli import app

EXAMPLE = Path(__file__).parent.parent / ".env.example"


def test_with_nothing_configured_everything_has_a_default(data_folder: Path) -> None:
    settings = read_settings()
    assert (settings.model, settings.device, settings.chat) == ("picturebook", "auto", "none")
    assert settings.data == data_folder
    assert chat_model(settings) is None


def test_the_data_folder_is_the_users_own_if_none_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATELIER_DATA")
    assert read_settings().data.name == "atelier"


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_MODEL", "")
    assert read_settings().model == "picturebook"


def test_a_dotenv_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("ATELIER_MODEL=from-file\nATELIER_DEVICE=cpu\nUNRELATED=1\n", encoding="utf-8")
    monkeypatch.setenv("ATELIER_MODEL", "from-environment")
    settings = read_settings()
    assert (settings.model, settings.device) == ("from-environment", "cpu")


def test_lora_folders_are_separated_like_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = (tmp_path / "one", tmp_path / "two")
    for folder in folders:
        folder.mkdir()
    monkeypatch.setenv("ATELIER_LORAS", os.pathsep.join(map(str, folders)))
    assert read_settings().loras == folders


@pytest.mark.parametrize(
    ("name", "value"),
    [("ATELIER_DEVICE", "gpu"), ("ATELIER_CHAT", "parrot"), ("ATELIER_LORAS", "no/such/folder")],
)
def test_a_bad_value_stops_the_program_and_names_itself(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["draw", "a fox"])
    assert result.exit_code == 2
    assert name in result.stderr
    assert value in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("chat", "also"),
    [("azure", "AZURE_OPENAI_ENDPOINT"), ("openai", "OPENAI_API_KEY"), ("openai-compatible", "OPENAI_BASE_URL")],
)
def test_a_chat_model_asks_for_what_it_lacks(chat: str, also: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_CHAT", chat)
    with pytest.raises(GiveUp, match=f"ATELIER_CHAT_MODEL.*{also}"):
        read_settings()


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    settings = read_settings()
    assert "sk-very-secret" not in f"{settings!r} {settings.model_dump_json()} {chat_line(settings)}"


def test_the_example_names_every_setting_with_its_default() -> None:
    said = dict(re.findall(r"^(\w+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE))
    defaults = {variable(name): field.default for name, field in Settings.model_fields.items()}
    assert said == {name: default if isinstance(default, str) else "" for name, default in defaults.items()}


def test_the_example_explains_every_setting_in_the_settings_own_words() -> None:
    said = re.findall(r"^# (.*)\.\n(\w+)=", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    assert said == [(field.description, variable(name)) for name, field in Settings.model_fields.items()]
