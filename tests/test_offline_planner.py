"""The planner drives the agent's own loop: it calls the tools an intent takes, and says what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.offline.intents import Change, Shown
from agent.offline.memory import Returned
from agent.offline.planner import RulePlanner
from agent.offline.plans import next_use

TOOLS = frozenset({"ask", "draw", "pick_loras", "refine"})
RECIPE = {
    "negative_prompt": "", "seed": 5, "width": 128, "height": 128, "num_inference_steps": 20, "guidance_scale": 4.0,
    "scheduler": "euler", "loras": [],
}  # fmt: skip


@dataclass
class Talk:
    """A conversation whose tools remember recipes and draw no pixels; results have the shape of the real ones."""

    planner: RulePlanner = field(default_factory=RulePlanner)
    messages: list[BaseMessage] = field(default_factory=list)
    pictures: list[dict[str, Any]] = field(default_factory=list)
    broken: bool = False

    def say(self, said: str) -> tuple[list[dict[str, Any]], str]:
        """The calls of the turn, and what was replied."""
        self.messages.append(HumanMessage(said))
        calls: list[dict[str, Any]] = []
        while True:
            answer = self.planner.plan(self.messages, TOOLS)
            self.messages.append(answer)
            if not answer.tool_calls:
                return calls, str(answer.text)
            for call in answer.tool_calls:
                calls.append({"name": call["name"], **call["args"]})
                told = json.dumps(self.use(call["name"], call["args"]))
                self.messages.append(ToolMessage(told, tool_call_id=call["id"], name=call["name"]))

    def use(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if name == "pick_loras":
            known = "watercolour" in arguments["wish"]
            lora = {"name": "watercolour", "sha256": "a" * 64, "weight": 1.0}
            return {"loras": [lora] * known, "trigger_words": ["watercolour style"] * known, "why": "asked for"}
        if self.broken:
            return {"problem": "The model is not there; choose another."}
        return {"pictures": list(self.drawn(name, arguments))}

    def drawn(self, name: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
        parent = next((one for one in self.pictures if one["picture_id"] == arguments.get("picture_id")), None)
        patch = arguments.get("patch") or {"prompt": arguments["prompt"], "seed": arguments.get("seed", 5)}
        for _ in range(arguments.get("count", 1)):
            number = len(self.pictures) + 1
            before = parent or RECIPE
            changed = {key: [before[key], value] for key, value in patch.items() if parent and before[key] != value}
            own = {"picture_id": f"{number:064}", "number": number, "parent": parent["number"] if parent else None}
            told = {"changed": changed, "kept": arguments.get("keep", []), "why": ["retrieve: nothing"]}
            self.pictures.append({**before, **patch, **own, **told})
            yield self.pictures[-1]


def test_a_wish_is_drawn_and_told() -> None:
    calls, reply = Talk().say("please draw a red house, seed 7")
    assert calls == [{"name": "draw", "prompt": "a red house", "seed": 7}]
    assert reply == "Here is picture 1: “a red house”, with seed 7."


def test_a_refinement_says_what_changed_and_what_stayed() -> None:
    talk = Talk()
    talk.say("a red house and a green tree on grass")
    calls, reply = talk.say("make it blue but keep the tree")
    patch = {"prompt": "a blue house and a green tree on grass"}
    where = {"keep": ["tree"], "only": ["red house"]}
    assert calls == [{"name": "refine", "picture_id": f"{1:064}", "patch": patch, **where}]
    assert "“red” became “blue”" in reply
    assert "The tree did not move" in reply


def test_a_style_is_picked_before_it_is_worn_and_taken_off_again() -> None:
    talk = Talk()
    talk.say("a red house")
    calls, _ = talk.say("in watercolour")
    assert [call["name"] for call in calls] == ["pick_loras", "refine"]
    assert calls[1]["patch"]["prompt"] == "a red house, watercolour style"
    assert calls[1]["patch"]["loras"][0]["name"] == "watercolour"
    calls, _ = talk.say("stronger")
    assert calls[0]["patch"]["loras"][0]["weight"] == 1.25
    calls, _ = talk.say("without the style")
    assert calls[0]["patch"] == {"prompt": "a red house", "loras": []}


def test_a_style_without_a_lora_is_asked_for_in_words() -> None:
    talk = Talk()
    talk.say("a red house")
    calls, reply = talk.say("as a pencil drawing")
    assert calls[1]["patch"] == {"prompt": "a red house, pencil drawing"}
    assert "no LoRA for “pencil drawing”" in reply


def test_variations_have_seeds_of_their_own() -> None:
    talk = Talk()
    talk.say("a red house")
    calls, reply = talk.say("four variations")
    assert len({call["patch"]["seed"] for call in calls}) == 4
    assert {tuple(call["patch"]) for call in calls} == {("seed",)}
    assert "pictures 2 to 5" in reply


def test_going_back_draws_nothing_and_is_remembered() -> None:
    talk = Talk()
    for said in ("a red house", "make it blue", "add a moon"):
        talk.say(said)
    calls, reply = talk.say("go back two")
    assert calls == []
    assert "picture 1" in reply
    calls, _ = talk.say("make it green")
    assert calls[0]["patch"] == {"prompt": "a green house"}


def test_a_failure_is_told_and_not_tried_again() -> None:
    talk = Talk(broken=True)
    calls, reply = talk.say("a red house")
    assert len(calls) == 1
    assert reply == "I could not draw that: The model is not there; choose another."


def test_questions_are_answered_from_what_was_drawn() -> None:
    talk = Talk()
    assert "Tell me what to draw" in talk.say("hello")[1]
    talk.say("a red house")
    talk.say("make it blue")
    assert "retrieve: nothing" in talk.say("why?")[1]
    assert "seed 5" in talk.say("which seed was that?")[1]
    assert "“red” became “blue”" in talk.say("compare 1 and 2")[1]


def test_it_streams_what_it_answers() -> None:
    messages = [HumanMessage("hello")]
    planner = RulePlanner()
    chunks = [str(chunk.text) for chunk in planner.stream(messages)]
    assert len([chunk for chunk in chunks if chunk]) > 5
    assert "".join(chunks) == str(planner.invoke(messages).text)


def test_a_streamed_call_is_whole_and_a_way_back_survives_streaming() -> None:
    def draw(prompt: str) -> str:
        """Draw."""
        return prompt

    bound = RulePlanner().bind_tools([draw])
    whole: Any = None
    for chunk in bound.stream([HumanMessage("a red house")]):
        whole = chunk if whole is None else whole + chunk
    assert whole.tool_calls[0]["args"] == {"prompt": "a red house"}
    talk = Talk()
    talk.say("a red house")
    talk.say("make it blue")
    answer = RulePlanner().invoke([*talk.messages, HumanMessage("undo")])
    assert isinstance(answer, AIMessage)
    assert answer.additional_kwargs == {"current": 1}


def test_where_a_chat_model_went_back_in_words_alone_the_planner_goes_on_from_there() -> None:
    talk = Talk()
    talk.say("a brown boat in the sea")
    talk.say("put it in the desert")
    talk.messages += [HumanMessage("go back to the first one"), AIMessage("We are back at the first.")]
    talk.say("make it white")
    assert (talk.pictures[-1]["parent"], talk.pictures[-1]["prompt"]) == (1, "a white boat in the sea")


def test_the_words_of_a_style_are_written_even_where_the_wish_for_it_was_its_trigger() -> None:
    shown = Shown(1, "a cup", picture_id="1" * 64)
    picked = Returned("pick_loras", {"loras": [{"name": "watercolour", "sha256": "a" * 64}], "trigger_words": []})
    use = next_use(Change(1, style="watercolour"), (shown,), (picked,), TOOLS, "picturebook")
    assert use is not None
    assert use.arguments["patch"]["prompt"] == "a cup, watercolour style"
