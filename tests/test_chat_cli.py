"""`atelier chat` through a pipe, offline, on the picture book's own models; and what it shows of a turn."""

from __future__ import annotations

import os
import signal
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner, Result

from agent.events import Called, Cost, Ended, Failed, Progressed, Returned, Said
from tests.command_line import COMMAND
from tests.loopback_openai import Reply, loopback_openai
from ui.chat_screen import Screen
from ui.cli import app


def chatted(*lines: str, options: tuple[str, ...] = ()) -> Result:
    result = CliRunner().invoke(app, ["chat", *options], input="".join(f"{line}\n" for line in lines))
    assert result.exit_code == 0, result.stderr
    return result


def test_a_picture_is_drawn_changed_and_found_again_by_talking(filled: Path, tmp_path: Path) -> None:
    said = chatted("a red house, 2 steps, seed 5", "make it blue", "/why", options=("--name", "houses")).stdout
    assert "› make it blue" in said
    assert said.count("picture ") >= 2, said
    red, blue = sorted(tmp_path.glob("*.png"), key=lambda file: "blue" in file.name)
    with Image.open(red) as one, Image.open(blue) as other:
        assert one.size == other.size == (128, 128)
        assert one.tobytes() != other.tobytes()
    assert f"picture 1   {red.name}" in said
    assert f"picture 2   {blue.name}  (changed prompt)" in said
    assert "parent" in said
    assert "reworded    a [-red-] {+blue+} house" in said
    assert "cost        no chat model asked, 1 picture, " in said
    again = chatted("/why 1", options=("--name", "houses")).stdout
    assert "prompt      a red house" in again
    listed = CliRunner().invoke(app, ["chat", "--list"]).stdout
    assert listed.startswith("houses      2 pictures")


def test_commands_are_answered_without_the_assistant(filled: Path) -> None:
    result = chatted("/help", "/why", "/open", "/dance", "/why two", "/quit", "a red house")
    assert "/undo" in result.stdout
    assert result.stdout.count("No picture has been drawn yet.") == 3
    assert "There is no command '/dance'" in result.stdout
    assert "red house" not in result.stdout
    assert "conversation " in result.stderr


def test_a_conversation_that_is_not_there_is_begun_and_an_impossible_name_refused(filled: Path) -> None:
    result = chatted("hello", options=("--name", "x" * 101))
    assert "cannot be used" in result.stdout


def test_no_conversation_is_said_too() -> None:
    assert "There is no conversation yet" in CliRunner().invoke(app, ["chat", "--list"]).stdout


def test_a_chat_model_that_is_down_is_named_and_the_picture_drawn(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loopback_openai(Reply(status=403)) as server:
        for name, value in {
            "ATELIER_CHAT": "openai-compatible",
            "ATELIER_CHAT_MODEL": "m",
            "OPENAI_BASE_URL": f"{server.url}/v1",
        }.items():
            monkeypatch.setenv(name, value)
        said = chatted("a red house, 1 step").stdout
    assert "The chat model may not be used with this key, so I follow my own rules" in said
    assert len(list(tmp_path.glob("*.png"))) == 1


def test_ctrl_c_stops_the_drawing_and_the_next_line_is_heard(filled: Path, tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        (*COMMAND, "chat"), stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=dict(os.environ)
    ) as talking:
        assert talking.stdin
        assert talking.stderr
        talking.stdin.write("a red house, 200 steps\n")
        talking.stdin.flush()
        while not talking.stderr.readline().startswith("draw"):
            assert talking.poll() is None
        talking.send_signal(signal.SIGINT)
        said, wrong = talking.communicate("/help\n/quit\n")
    assert talking.returncode == 0, wrong
    assert "Stopped." in said.partition("/undo")[0], said + wrong
    assert list(tmp_path.glob("*.png")) == []


# What is shown

PICTURE = {"picture_id": "ab", "number": 2, "parent": 1, "changed": {"prompt": ["a", "b"]}, "kept": ["tree"]}


@pytest.fixture
def screen() -> Screen:
    return Screen(
        lambda id: f"{id}.png", Console(file=StringIO(), width=200), Console(file=StringIO(), force_terminal=True)
    )


def written(screen: Screen) -> str:
    assert isinstance(screen.out.file, StringIO)
    return screen.out.file.getvalue()


def test_pieces_move_and_only_whole_messages_remain(screen: Screen) -> None:
    for event in (
        Said(id="1", text="There is a wolf"),
        Said(id="1", text="", whole=True),
        Said(id="2", text="There is "),
        Called(id="c", name="draw", arguments={"prompt": "a fox"}),
        Progressed(id="c", done=1, total=2),
        Progressed(id="unknown", done=1, total=2),
        Returned(id="c", name="draw", result={"pictures": [PICTURE]}),
        Said(id="2", text="There is a fox.", whole=True),
        Failed(problem="It broke."),
    ):
        screen.show(event)
    screen.clear()
    assert written(screen) == "picture 2   ab.png  (changed prompt; kept tree)\nThere is a fox.\nIt broke.\n"


def test_what_a_turn_took_is_told_beside_what_remains(screen: Screen) -> None:
    screen.show(Ended(cost=Cost(model_calls=2, tokens_in=900, tokens_out=40, estimated=True, pictures=1, seconds=2.34)))
    assert written(screen) == ""
    assert isinstance(screen.moving.file, StringIO)
    told = "2 calls of the chat model, 900 tokens read and 40 written (estimated), 1 picture, 2.3 s"
    assert told in screen.moving.file.getvalue()


def test_two_drawings_at_once_have_a_bar_each(screen: Screen) -> None:
    for id in ("a", "b"):
        screen.show(Called(id=id, name="draw", arguments={"prompt": id}))
    screen.show(Returned(id="a", name="draw", result={"problem": "No."}))
    screen.show(Progressed(id="b", done=1, total=2))
    screen.clear()
    assert written(screen) == ""


def test_words_cannot_steer_the_terminal(screen: Screen) -> None:
    screen.show(Said(id="1", text="\x1b[2Jgone [bold]not markup[/bold]\nnext", whole=True))
    assert written(screen) == "�[2Jgone [bold]not markup[/bold]\nnext\n"
