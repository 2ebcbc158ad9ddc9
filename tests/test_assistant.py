"""The conversation: pictures have numbers, turns are kept, branched, stopped, and bounded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langsmith.utils import tracing_is_enabled

from agent.assistant import Assistant
from agent.conversations import Conversations
from agent.events import EVENT, Called, Event, Progressed, Returned, Said
from agent.middleware.budget import MODEL_CALLS
from agent.middleware.dangling import answered
from agent.middleware.vision import without_pictures
from agent.middleware.window import MOST_TURNS, windowed
from knowledge.problems import TryAgain
from tests.scripted_chat import ScriptedChat, Studio, calling, numbers, returned, whole


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def done(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


async def said(assistant: Assistant, words: str, conversation: str = "one") -> list[Event]:
    return [event async for event in assistant.turn(conversation, words)]


def roles(messages: Sequence[BaseMessage]) -> list[str]:
    return [message.type for message in messages]


def scripted(*script: AIMessage | str) -> ScriptedChat:
    return ScriptedChat(script=[AIMessage(line) if isinstance(line, str) else line for line in script], shown=[])


def in_turns(studio: Studio, model: ScriptedChat, *words: str) -> list[list[Event]]:
    async def talk() -> list[list[Event]]:
        async with studio.opened(model) as assistant:
            return [await said(assistant, one) for one in words]

    return done(talk())


def test_a_turn_is_told_from_the_call_to_the_last_word(studio: Studio) -> None:
    (events,) = in_turns(studio, scripted(calling("draw", "c", prompt="a fox", seed=7), "Here is a fox."), "a fox")
    assert events[0] == Called(id="c", name="draw", arguments={"prompt": "a fox", "seed": 7})
    assert events[1:4] == [Progressed(id="c", done=step, total=3) for step in (1, 2, 3)]
    assert isinstance(events[4], Returned)
    pieces = [event.text for event in events[5:] if isinstance(event, Said) and not event.whole]
    assert "".join(pieces) == "Here is a fox."
    assert len(pieces) == 4
    assert whole(events) == ["Here is a fox."]


def test_events_survive_being_written_down(studio: Studio) -> None:
    (events,) = in_turns(studio, scripted(calling("draw", prompt="a fox"), "There."), "a fox")
    assert [EVENT.validate_json(EVENT.dump_json(event)) for event in events] == events


def test_pictures_are_numbered_and_know_their_parents_and_what_changed(studio: Studio) -> None:
    async def talk() -> list[Event]:
        first = scripted(calling("draw", prompt="a fox", count=2), "Two.")
        async with studio.opened(first) as assistant:
            events = await said(assistant, "two foxes")
        second = returned(events)[0]["pictures"][1]
        then = calling("refine", picture_id=second["picture_id"], prompt="a blue fox", keep=["tail"])
        async with studio.opened(scripted(then, "Blue.")) as assistant:
            return events + await said(assistant, "make the second blue")

    events = done(talk())
    assert numbers(events) == [1, 2, 3]
    (refined,) = returned(events)[1]["pictures"]
    assert (refined["parent"], refined["kept"]) == (2, ["tail"])
    assert refined["changed"] == {"prompt": ["a fox", "a blue fox"]}
    assert refined["seed"] == 1


def test_parallel_calls_draw_one_after_another_in_their_order(studio: Studio) -> None:
    one, two = calling("draw", "a", prompt="one"), calling("draw", "b", prompt="two", seed=5)
    both = AIMessage("", tool_calls=[*one.tool_calls, *two.tool_calls])
    (events,) = in_turns(studio, scripted(both, "Two."), "two")
    assert studio.seen == ["one", "two"]
    answers = {event.id: event.result for event in events if isinstance(event, Returned)}
    assert {id: result["pictures"][0]["number"] for id, result in answers.items()} == {"a": 1, "b": 2}
    progress = [event.id for event in events if isinstance(event, Progressed)]
    assert progress == ["a"] * 3 + ["b"] * 3


def test_the_conversation_goes_on_after_a_restart(studio: Studio) -> None:
    in_turns(studio, scripted(calling("draw", prompt="a fox"), "A fox."), "a fox")
    later = scripted("Yes.")
    in_turns(studio, later, "do you remember?")
    assert [message.text for message in later.shown[0] if isinstance(message, HumanMessage)] == [
        "a fox",
        "do you remember?",
    ]


def test_conversations_do_not_know_of_each_other(studio: Studio) -> None:
    model = scripted("One.", "Two.")

    async def talk() -> None:
        async with studio.opened(model) as assistant:
            await said(assistant, "hello", "one")
            await said(assistant, "hello", "two")

    done(talk())
    assert [len(shown) for shown in model.shown] == [2, 2]  # the instructions, and the user's words
    assert {listed.name for listed in studio.conversations.listed()} == {"one", "two"}


def test_a_question_ends_the_turn_as_the_assistants_own_words(studio: Studio) -> None:
    model = scripted(calling("ask", question="Which of them?"), "All right.")
    first, second = in_turns(studio, model, "change that one", "the left one")
    assert whole(first) == ["Which of them?"]
    assert len(model.shown) == 2
    assert model.shown[1][-2].text == "Which of them?"
    assert whole(second) == ["All right."]


# Bounds


def test_a_model_that_never_ends_is_stopped_and_says_so(studio: Studio) -> None:
    model = scripted(calling("nothing_like_this"))
    (events,) = in_turns(studio, model, "a fox")
    assert len(model.shown) == MODEL_CALLS
    assert whole(events)[-1].startswith("I stopped after 8 steps")


def test_a_new_turn_has_a_new_budget(studio: Studio) -> None:
    model = scripted(*[calling("nothing_like_this")] * MODEL_CALLS, "There.")
    _, second = in_turns(studio, model, "a fox", "a fox")
    assert whole(second) == ["There."]


def test_no_more_than_four_pictures_are_drawn_in_a_turn(studio: Studio) -> None:
    model = scripted(
        calling("draw", prompt="a", count=3), calling("draw", prompt="b", count=2), calling("draw", prompt="c"), "Four."
    )
    (events,) = in_turns(studio, model, "many")
    assert studio.seen == ["a", "c"]
    assert numbers(events) == [1, 2, 3, 4]
    assert "At most 4 pictures" in returned(events)[1]["problem"]


def test_calls_of_one_answer_share_the_budget(studio: Studio) -> None:
    calls = [call for at in range(6) for call in calling("draw", f"c{at}", prompt=f"p{at}").tool_calls]
    (events,) = in_turns(studio, scripted(AIMessage("", tool_calls=calls), "Four."), "six")
    assert studio.seen == ["p0", "p1", "p2", "p3"]
    assert [result.get("problem", "")[:7] for result in returned(events)].count("At most") == 2


def test_a_long_conversation_is_sent_in_part_and_kept_whole() -> None:
    messages: list[Any] = []
    for turn in range(MOST_TURNS + 3):
        pictures = [{"picture_id": f"{turn:064x}", "number": turn + 1, "prompt": f"fox {turn}", "seed": turn}]
        answer = ToolMessage(json.dumps({"pictures": pictures}), tool_call_id=f"c{turn}")
        messages += [HumanMessage(f"say {turn}"), calling("draw", f"c{turn}"), answer, AIMessage("There.")]
    sent = windowed(messages)
    assert len(sent) == 4 * MOST_TURNS
    assert sent[0].text.endswith("say 3")
    assert "1: 'fox 0' (picture_id 000" in sent[0].text
    assert "fox 3" not in sent[0].text
    assert windowed(messages[: 4 * MOST_TURNS]) == messages[: 4 * MOST_TURNS]


# What goes wrong


def test_a_problem_is_told_to_the_model_in_its_own_words(studio: Studio) -> None:
    model = scripted(calling("draw", prompt="impossible"), "I could not.")
    (events,) = in_turns(studio, model, "impossible")
    assert returned(events) == [{"problem": "Say something that is possible."}]
    assert whole(events) == ["I could not."]


def test_a_crash_is_an_id_to_the_model_and_a_file_to_its_owner(studio: Studio, tmp_path: Path) -> None:
    model = scripted(calling("draw", prompt="crash"), "It failed.")
    (events,) = in_turns(studio, model, "crash")
    (log,) = (tmp_path / "logs").iterdir()
    assert log.stem in returned(events)[0]["problem"]
    assert "the secret is 1234" in log.read_text("utf-8")
    assert not any("1234" in message.text for shown in model.shown for message in shown)


@pytest.mark.parametrize(
    ("arguments", "said_of_it"),
    [
        ({"prompt": "a", "path": "/etc/passwd"}, "path: Extra inputs"),
        ({}, "prompt: Field required"),
        ({"prompt": "a", "count": "many"}, "count: "),
        ({"prompt": "a", "call": None}, "call: Extra inputs"),
    ],
)
def test_arguments_that_do_not_fit_are_named(studio: Studio, arguments: dict[str, Any], said_of_it: str) -> None:
    (events,) = in_turns(studio, scripted(calling("draw", **arguments), "Oh."), "a fox")
    assert said_of_it in returned(events)[0]["problem"]
    assert studio.seen == []


def test_a_model_cannot_bring_its_own_runtime(studio: Studio) -> None:
    (events,) = in_turns(studio, scripted(calling("draw", prompt="a", runtime={"context": None}), "Oh."), "a fox")
    assert numbers(events) == [1]


def test_an_unknown_tool_is_told_which_there_are(studio: Studio) -> None:
    (events,) = in_turns(studio, scripted(calling("paint"), "Oh."), "a fox")
    assert "draw" in returned(events)[0]["text"]


def test_empty_words_are_refused(studio: Studio) -> None:
    with pytest.raises(TryAgain, match="Say something"):
        in_turns(studio, scripted("Yes."), "  ")


def test_a_turn_within_a_turn_is_refused_and_the_first_goes_on(studio: Studio) -> None:
    async def talk() -> list[Event]:
        async with studio.opened(scripted(calling("draw", prompt="a fox"), "A fox.")) as assistant:
            turn = assistant.turn("one", "a fox")
            events = [await anext(turn)]
            with pytest.raises(TryAgain, match="in the middle of a turn"):
                await said(assistant, "a cat")
            return events + [event async for event in turn]

    assert whole(done(talk())) == ["A fox."]


def test_two_conversations_may_speak_at_once(studio: Studio) -> None:
    async def talk() -> list[str]:
        async with studio.opened(scripted("Yes.")) as assistant:
            both = await asyncio.gather(said(assistant, "a", "one"), said(assistant, "b", "two"))
            return [text for events in both for text in whole(events)]

    assert done(talk()) == ["Yes.", "Yes."]


def test_a_stopped_turn_stops_the_drawing_and_the_next_one_sees_no_open_call(studio: Studio) -> None:
    model = scripted(calling("draw", "c", prompt="a slow fox"), "Never mind.")

    async def talk() -> list[Event]:
        async with studio.opened(model) as assistant:
            turn = assistant.turn("one", "a slow fox")
            async for event in turn:
                if isinstance(event, Progressed):
                    await turn.aclose()
            assert await asyncio.to_thread(studio.renderer.stopped.wait, 30)
            return await said(assistant, "leave it")

    assert whole(done(talk())) == ["Never mind."]
    assert roles(model.shown[1]) == ["system", "human", "ai", "tool", "human"]
    assert "stopped" in model.shown[1][3].text


def test_every_call_gets_an_answer_right_after_it() -> None:
    torn = [HumanMessage("a"), calling("draw", "c"), HumanMessage("b"), AIMessage("Yes.")]
    mended = answered(torn)
    assert [type(message).__name__ for message in mended] == [
        "HumanMessage",
        "AIMessage",
        "ToolMessage",
        "HumanMessage",
        "AIMessage",
    ]
    assert answered(mended) == mended


def test_nothing_is_traced_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    traced: list[Any] = []

    def look() -> dict[str, Any]:
        """Look."""
        traced.append(tracing_is_enabled())
        return {}

    in_turns(Studio(tmp_path, also=(look,)), scripted(calling("look"), "Yes."), "look")
    assert traced == [False]


# Pictures for those who see


def test_a_model_that_sees_is_shown_the_picture_and_it_is_not_kept(studio: Studio) -> None:
    model = scripted(calling("draw", prompt="a fox"), "A fox.", "Yes.")

    async def talk() -> list[Any]:
        async with studio.opened(model, seeing=True) as assistant:
            await said(assistant, "a fox")
            await said(assistant, "do you like it?")
            return list(await assistant.messages("one"))

    kept = done(talk())
    last = model.shown[-1][-1]
    assert isinstance(last, HumanMessage)
    assert [block["type"] for block in last.content if isinstance(block, dict)] == ["text", "image_url", "text"]
    assert all(isinstance(message.content, str) for message in kept)


def test_a_picture_that_is_gone_is_not_shown_and_ends_nothing(studio: Studio) -> None:
    model = scripted(calling("draw", prompt="a fox"), "A fox.", "Yes.")

    async def talk() -> list[Event]:
        async with studio.opened(model, seeing=True) as assistant:
            drawn = await said(assistant, "a fox")
            studio.gallery.path(returned(drawn)[0]["pictures"][0]["picture_id"]).unlink()
            return await said(assistant, "do you like it?")

    assert whole(done(talk())) == ["Yes."]
    assert isinstance(model.shown[-1][-1].content, str)


def test_a_tools_picture_becomes_words() -> None:
    blocks: list[Any] = [{"type": "text", "text": "a fox"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    assert (
        without_pictures(ToolMessage(blocks, tool_call_id="c")).content == "a fox\n[a picture, which is not shown here]"
    )


# Branches


def branched(studio: Studio, number: int) -> tuple[list[Event], ScriptedChat]:
    model = scripted(
        *(calling("draw", prompt="a fox"), "A fox."),
        *(calling("draw", prompt="a cat", seed=1), "A cat."),
        *(calling("draw", prompt="a dog", seed=2), "A dog."),
    )

    async def talk() -> list[Event]:
        async with studio.opened(model) as assistant:
            await said(assistant, "a fox")
            await said(assistant, "a cat")
            await assistant.go_on_from("one", number)
            return await said(assistant, "a dog")

    return done(talk()), model


def test_a_branch_knows_nothing_of_the_other_and_numbers_go_on(studio: Studio) -> None:
    events, model = branched(studio, 1)
    heard = [message.text for message in model.shown[4]]
    assert "a cat" not in heard
    assert heard[-3:] == ["Go back to picture 1.", "Going on from picture 1.", "a dog"]
    assert numbers(events) == [3]


def test_every_picture_can_be_gone_back_to_after_a_branch(studio: Studio) -> None:
    branched(studio, 1)
    later = scripted("Yes.")

    async def talk() -> None:
        async with studio.opened(later) as assistant:
            await assistant.go_on_from("one", 2)
            await said(assistant, "and now?")

    done(talk())
    heard = [message.text for message in later.shown[0]]
    assert "a cat" in heard
    assert "a dog" not in heard


def test_a_picture_that_is_not_there_cannot_be_gone_back_to(studio: Studio) -> None:
    with pytest.raises(TryAgain, match="has no picture 9"):
        branched(studio, 9)


def test_a_forgotten_conversation_is_gone_and_its_pictures_stay(studio: Studio) -> None:
    async def talk() -> list[Any]:
        async with studio.opened(scripted(calling("draw", prompt="a fox"), "A fox.")) as assistant:
            await said(assistant, "a fox")
            await assistant.forget("one")
            return list(await assistant.messages("one"))

    assert done(talk()) == []
    assert studio.conversations.listed() == []
    assert len(studio.gallery.recent(9)) == 1


# Names


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TryAgain, match="cannot be used"), Conversations(tmp_path / "c").turn(name):
        pass


def test_a_new_conversation_is_named_after_today_and_numbered(tmp_path: Path) -> None:
    conversations = Conversations(tmp_path / "c")
    first = conversations.new_name()
    with conversations.turn(first):
        pass
    assert conversations.new_name() == f"{first}-2"


def test_a_conversation_is_its_owners_alone(tmp_path: Path) -> None:
    assert Conversations(tmp_path / "c").folder.stat().st_mode & 0o077 == 0
