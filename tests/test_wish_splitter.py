"""A wish is taken apart by a chat model, spoken to in OpenAI's protocol on loopback, and by rules where it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.chat_models import chat_model
from agent.settings import Settings
from agent.wish_splitter import ChatWishSplitter
from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.records import Lore
from tests.loopback_openai import LoopbackOpenAI, Reply, loopback_openai
from tests.small_clip import save_small_clip
from tools.parts import parts, split
from tools.retrieve import Retriever

WISH = "a knight on a snail through the fog like an old woodcut"
APART = {"things": ["a knight riding a snail"], "setting": ["fog"], "style": ["old woodcut"]}


@pytest.fixture
def server() -> Iterator[LoopbackOpenAI]:
    with loopback_openai(Reply(json.dumps(APART))) as listening:
        yield listening


def splitter(server: LoopbackOpenAI) -> ChatWishSplitter:
    model = chat_model(Settings(chat="openai-compatible", chat_model="m", openai_base_url=f"{server.url}/v1"))
    assert model is not None
    return ChatWishSplitter(model)


def test_the_model_takes_a_wish_apart(server: LoopbackOpenAI) -> None:
    assert split(WISH, splitter(server)) == (("knight riding a snail", "fog", "old woodcut"), "")
    (asked,) = server.asked
    assert asked["response_format"]["type"] == "json_schema"
    assert WISH in asked["messages"][1]["content"]


def test_a_part_that_the_model_left_out_is_looked_up_all_the_same(server: LoopbackOpenAI) -> None:
    found, _ = split(f"{WISH}, beside a green door", splitter(server))
    assert found == ("knight riding a snail", "fog", "old woodcut", "green door")


def test_the_same_wish_is_paid_for_once_and_a_short_one_not_at_all(server: LoopbackOpenAI) -> None:
    asking = splitter(server)
    assert split(WISH, asking) == split(WISH, asking)
    assert split("a red toadstool", asking) == (("red toadstool",), "")
    assert len(server.asked) == 1


def test_a_strangers_phrases_are_tidied_and_few(server: LoopbackOpenAI) -> None:
    said = {"things": [" a  cat\n", "cat", "!", "x" * 999], "setting": [f"place {n}" for n in range(40)], "style": []}
    server.script = [Reply(json.dumps(said))]
    found, _ = split("a cat at home", splitter(server))
    assert found[:2] == ("cat", "x" * 200)
    assert len(found) <= 9


@pytest.mark.parametrize("answer", ["I would rather not.", '{"things": "a knight"}'])
def test_a_model_that_cannot_leaves_the_phrases_of_the_wish_and_says_why(server: LoopbackOpenAI, answer: str) -> None:
    server.script = [Reply(answer)]
    found, why = split(WISH, splitter(server))
    assert found == parts(WISH)
    assert why.startswith("The chat model did not answer with the parts of the wish")


def test_each_part_the_model_finds_is_looked_up_on_its_own(server: LoopbackOpenAI, tmp_path: Path) -> None:
    clip = ClipEmbedder(str(save_small_clip(tmp_path / "clip")))
    base, gallery, encoders = EmbeddedBase(tmp_path / "base"), Gallery(tmp_path / "gallery"), Encoders(clip, clip)
    woodcut = Lore(id="woodcut", title="woodcut", body="An old print cut in wood.")
    Ingester(base, encoders, gallery.image).add("lore", [woodcut])
    found = Retriever(base, encoders, gallery, splitter=splitter(server)).retrieve(WISH, ("lore",))
    whole_or_part = {f"near {said!r}" for said in (WISH, "knight riding a snail", "fog", "old woodcut")}
    assert {hit.why for hit in found.hits} <= whole_or_part
    assert found.missing == {}
    server.script = [Reply(status=401, code="invalid_api_key")]
    failing = Retriever(base, encoders, gallery, splitter=splitter(server)).retrieve(WISH, ("lore",))
    assert failing.hits
    assert "The chat model failed" in failing.missing["the chat model for its parts"]
    base.close()
