"""A transformers model in this process: its calls fit their schemas even if it never learned anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.exceptions import ContextOverflowError

from agent.local_model import LocalChat, speaker
from agent.middleware.whole_answers import found_fault
from agent.prompt_writer import WrittenPrompt
from benchmarks.guided_calls import MOST, fits, made, random_model
from benchmarks.toolbox_schemas import schemas
from knowledge.problems import GiveUp

SAID = [("user", "a red house")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_model(tmp_path_factory.mktemp("random"), seed=4)


@pytest.fixture
def chat(folder: Path) -> LocalChat:
    return LocalChat(speaker=speaker(str(folder)), most=MOST)


@pytest.mark.parametrize("seed", [0, 1], ids=["special marks", "plain marks"])
@pytest.mark.parametrize("tool", ["ask", "compare", "prepare_control"])
def test_the_calls_of_a_random_model_fit_their_tools(seed: int, tool: str, tmp_path: Path) -> None:
    chat = LocalChat(speaker=speaker(str(random_model(tmp_path, seed))), most=MOST)
    answer = chat.bind_tools(schemas(), tool_choice=tool).invoke(SAID)
    assert {call["name"] for call in made(answer)} == {tool}
    assert all(map(fits, made(answer)))


def test_a_call_that_is_cut_off_says_so_and_is_refused(folder: Path) -> None:
    short = LocalChat(speaker=speaker(str(folder)), most=50)
    answer = short.bind_tools(schemas(), tool_choice="draw").invoke(SAID)
    assert answer.response_metadata["finish_reason"] == "length"
    assert made(answer) == []
    assert found_fault(answer, ['{"prompt": "a re'])


def test_a_model_that_may_not_call_only_speaks(chat: LocalChat) -> None:
    assert chat.bind_tools(schemas(), tool_choice="none").invoke(SAID).tool_calls == []
    assert chat.invoke(SAID).tool_calls == []


def test_an_answer_of_a_given_shape_has_it(chat: LocalChat) -> None:
    assert isinstance(chat.with_structured_output(WrittenPrompt).invoke(SAID), WrittenPrompt)


def test_who_stops_listening_stops_the_model(chat: LocalChat) -> None:
    steps: list[object] = []
    hook = chat.speaker.model.register_forward_hook(lambda *_: steps.append(None))
    answer = chat.stream(SAID)
    for _ in range(3):
        next(answer)
    answer.close()  # pyright: ignore[reportAttributeAccessIssue]
    hook.remove()
    assert len(steps) == 3


def test_a_conversation_longer_than_the_model_can_read_is_its_own_failure(chat: LocalChat) -> None:
    with pytest.raises(ContextOverflowError):
        chat.invoke([("user", "a" * 3 * MOST)])


@pytest.mark.parametrize(
    ("template", "marks", "lacks"),
    [(None, ("<tool_call>", "</tool_call>"), "a chat template"), ("x", (), "<tool_call>")],
)
def test_a_model_that_cannot_call_tools_is_refused(
    template: str | None, marks: tuple[str, ...], lacks: str, tmp_path: Path
) -> None:
    with pytest.raises(GiveUp, match=f"lacks .*{lacks}"):
        speaker(str(random_model(tmp_path, 0, template, marks)))


def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match="cannot be loaded"):
        speaker(str(tmp_path))
