"""What the picture book's talker is taught by: changes as it should see them, and how it grows."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from picturebook.talker.pictures import Message, Picture, calling, pictures_told, said
from picturebook.talker.tongue import build_tokenizer
from picturebook.talker.wishes import Thing, Wish
from picturebook.training.rereading import SKIPPED, Rereading
from picturebook.training.talker import LAYERS, grown
from picturebook.training.talker_school import BATCHES, School

HOUSE, TREE = Thing("house", "red"), Thing("tree", "green")
FIRST = Picture(1, "cdf056a0" * 8, Wish((HOUSE, TREE), "on the grass"), 3)
SECOND = Picture(2, "7dcf5838" * 8, Wish((HOUSE,), "on the beach"), 4, parent=1)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer()


def asked(say: str) -> Message:
    return {"role": "user", "content": say}


def text(tokenizer: PreTrainedTokenizerFast, *messages: Message) -> str:
    told = tokenizer.apply_chat_template(list(messages), tokenize=False)
    assert isinstance(told, str)
    return told


def becoming(tokenizer: PreTrainedTokenizerFast, prompt: str, of: str = "cdf056a0") -> dict[str, str]:
    """The words told again that something else takes the place of, and what."""
    call = calling(("refine", {"picture_id": of, "patch": {"prompt": prompt}}))
    row = tokenizer(text(tokenizer, pictures_told("draw", [FIRST]), asked("so"), call)).input_ids
    pairs: Any = zip(row, Rereading(tokenizer).wanted(row), strict=True)
    words = [[str(tokenizer.decode([token])).strip() for token in pair] for pair in pairs if pair[1] != SKIPPED]
    return {old: new for old, new in words if old != new}


def test_the_picture_a_wish_is_about_is_told_again_after_it(tokenizer: PreTrainedTokenizerFast) -> None:
    line = "#2<1@7dcf5838: a red house on the beach\n"
    told = text(tokenizer, pictures_told("draw", [FIRST]), pictures_told("refine", [SECOND]), asked("make it blue"))
    assert told.endswith(f"make it blue<|im_end|><|im_start|>tool\n{line}<|im_end|>")


def test_whoever_went_back_is_told_the_picture_that_is_there(tokenizer: PreTrainedTokenizerFast) -> None:
    back = said("We are back at picture 1. The next change starts there.")
    told = text(tokenizer, pictures_told("draw", [FIRST, SECOND]), asked("undo"), back, asked("make it blue"))
    assert told.endswith("tool\n#1@cdf056a0: a red house and a green tree on the grass\n<|im_end|>")


def test_before_the_first_picture_nothing_is_told_again(tokenizer: PreTrainedTokenizerFast) -> None:
    assert text(tokenizer, asked("a red house")) == "<|im_start|>user\n a red house<|im_end|>"


@pytest.mark.parametrize(
    ("prompt", "new"),
    [
        ("a blue house and a green tree on the grass", {"red": "blue"}),
        ("a red house on the grass", {"and": "on"}),
        ("a red house and a big green tree on the grass", {"green": "big"}),
        ("a red house and a green tree in the snow", {"on": "in", "grass": "snow"}),
        ("a red house and a green tree on the grass, mosaic", {"": ","}),
        ("an old red house and a green tree on the grass", {"a": "an", "red": "old"}),
    ],
)
def test_it_should_see_what_takes_the_place_of_each_word(
    prompt: str, new: dict[str, str], tokenizer: PreTrainedTokenizerFast
) -> None:
    assert becoming(tokenizer, prompt) == new


def test_a_change_of_another_picture_says_nothing_of_the_one_told_again(tokenizer: PreTrainedTokenizerFast) -> None:
    assert becoming(tokenizer, "a blue house on the beach", of="7dcf5838") == {}


def test_a_batch_asks_only_for_what_the_assistant_says(tokenizer: PreTrainedTokenizerFast) -> None:
    ids, told, wanted = School(tokenizer, steps=BATCHES).batch(0)
    assert ids.shape == told.shape == wanted.shape
    assert not (told & (wanted != SKIPPED)).any()
    words = tokenizer.decode(ids[0][told[0]])
    assert "<tool_call>" in words
    assert "user" not in words


def test_a_grown_talker_says_what_it_said_before() -> None:
    torch.manual_seed(1)
    sizes: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2, "vocab_size": 60}
    small = LlamaForCausalLM(LlamaConfig(**sizes, num_hidden_layers=2, attention_bias=True)).eval()
    larger = grown(small).eval()
    ids = torch.tensor([random.Random(1).sample(range(60), 20)])
    with torch.inference_mode():
        torch.testing.assert_close(larger(ids).logits, small(ids).logits)
    assert len(larger.model.layers) == LAYERS
