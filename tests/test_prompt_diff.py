"""What became of a prompt's words can be read in one line."""

from __future__ import annotations

import pytest

from knowledge.prompt_diff import marked


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("a red house", "a blue house", "a [-red-] {+blue+} house"),
        ("a toadstool, ink", "a toadstool mushroom, ink", "a toadstool {+mushroom+}, ink"),
        ("a cup", "a cup, watercolour style", "a cup {+, watercolour style+}"),
        ("a cup and a key", "a cup", "a cup [-and a key-]"),
        ("a cup", "a cup", "a cup"),
        ("", "a cup", "{+a cup+}"),
    ],
)
def test_words_that_went_and_came_are_marked(before: str, after: str, told: str) -> None:
    assert marked(before, after) == told
