"""The README tells the truth: its commands, options, tools, settings, figures and tree are those there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from agent.settings import Settings, variable
from benchmarks.report import with_tables
from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from tools.engine.engine_renderer import EngineRenderer
from tools.toolbox import Bench, toolbox
from ui.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
ROOMS = ("agent", "knowledge", "tools", "ui")


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {title!r}"
    return found[1]


def tree() -> set[str]:
    """The paths in the README's tree; a folder ends in a slash."""
    block = section("The tree").split("```")[1]
    paths, above = set(), [""]
    for line in block.strip().splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth + 1 :] = [above[depth] + name]
        paths.add(above[depth] + name)
    return paths


def test_the_tree_is_the_folders() -> None:
    for path in tree():
        if path != "picturebook/models/":  # there once it is trained
            assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file(), path


@pytest.mark.parametrize("room", ROOMS)
def test_every_file_of_a_room_is_in_the_tree(room: str) -> None:
    there = {f"{room}/{path.name}" for path in (ROOT / room).glob("*.py") if path.stem != "__init__"}
    folders = {f"{room}/{path.name}/" for path in (ROOT / room).iterdir() if any(path.glob("*.py"))}
    assert there | folders == {path for path in tree() if path.startswith(f"{room}/")} - {f"{room}/"}


def test_every_folder_at_the_top_is_in_the_tree() -> None:
    folders = {f"{path.name}/" for path in ROOT.iterdir() if (path / "__init__.py").is_file() or path.name == "tests"}
    assert folders <= tree()


def every_command() -> Iterator[tuple[str, Any]]:
    """The commands by what is typed for them, those of groups too."""
    groups: list[tuple[str, Any]] = [("", typer.main.get_command(app))]
    for prefix, group in groups:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                groups.append((f"{prefix}{name} ", command))
            else:
                yield prefix + name, command


def test_every_command_and_option_is_named() -> None:
    said = section("Commands")
    for name, command in every_command():
        assert re.search(rf"`atelier {name}[ `]", said), name
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                if option.startswith("-") and option != "--help":
                    assert re.search(rf"`{option}\b", said), f"{name} {option}"


def test_no_option_is_named_that_is_not_there() -> None:
    command = typer.main.get_command(app).commands["draw"]  # pyright: ignore[reportAttributeAccessIssue]
    there = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options = section("Commands").split("Options of `atelier draw`")[1].split("Options of")[0]
    assert set(re.findall(r"`(--?[a-z][a-z-]*)", options)) <= there


def test_every_tool_is_named(tmp_path: Path) -> None:
    clip, gallery, shelf = ClipEmbedder("not loaded"), Gallery(tmp_path / "gallery"), LoraShelf(())
    renderer = EngineRenderer(gallery.image, shelf.path, {}, "cpu")
    tools = toolbox(Bench(EmbeddedBase(tmp_path), Encoders(clip, clip), gallery, renderer, shelf))
    assert re.findall(r"^\| `(\w+)`", section("Tools"), re.MULTILINE) == [tool.name for tool in tools]


def test_every_setting_is_in_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", section("Settings"), re.MULTILINE)
    assert [(name, meaning) for name, _, meaning in rows] == [
        (variable(name), field.description) for name, field in Settings.model_fields.items()
    ]


def test_the_figures_are_those_that_were_measured() -> None:
    assert with_tables(README) == README, "run atelier bench report"


def test_the_pictures_are_there() -> None:
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / picture).is_file(), picture


def test_the_test_command_is_the_one_of_ci() -> None:
    (tested,) = (line for line in README.splitlines() if line.endswith("pytest"))
    assert tested in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


def test_the_first_command_draws(book: Path, tmp_path: Path) -> None:
    (line,) = (line for line in README.splitlines() if line.startswith("pip install uv && uv run atelier"))
    result = CliRunner().invoke(app, shlex.split(line.partition("atelier")[2]))
    assert result.exit_code == 0, result.stderr
    assert len(list(tmp_path.glob("a-purple-mushroom-at-night-stained-glass-*.png"))) == 1
