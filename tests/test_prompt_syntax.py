"""Brackets in a prompt weigh its words; everything that is not such syntax is text, whatever people type."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tools.engine.prompt_syntax import MOST, Piece, parse

TEXT = st.text(min_size=1)
NOISE = st.lists(st.sampled_from([*"()[]\\:,. a", "1.3", ":1.2)", ":nan)", ":9)", "BREAK", "fox", "é"])).map("".join)


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("(fox)", [("fox", 1.1)]),
        ("((fox))", [("fox", 1.1 * 1.1)]),
        ("[fox]", [("fox", 1 / 1.1)]),
        ("(fox:1.3)", [("fox", 1.3)]),
        ("(fox: 1.3 )", [("fox", 1.3)]),
        ("(fox:.5)", [("fox", 0.5)]),
        ("(fox:-1)", [("fox", -1.0)]),
        ("(fox:0)", [("fox", 0.0)]),
        ("(fox:4.0)", [("fox", 4.0)]),
        ("a (red fox:1.2) in (snow)", [("a ", 1), ("red fox", 1.2), (" in ", 1), ("snow", 1.1)]),
        ("(a (red:0.5) fox:2)", [("a ", 2.0), ("red", 1.0), (" fox", 2.0)]),
        ("(a [b] c)", [("a ", 1.1), ("b", 1.1 * (1 / 1.1)), (" c", 1.1)]),
        ("(red)(fox)", [("redfox", 1.1)]),
    ],
)
def test_brackets_weigh_what_they_hold(prompt: str, pieces: list[tuple[str, float]]) -> None:
    assert parse(prompt) == (tuple(Piece(*piece) for piece in pieces),)


@pytest.mark.parametrize(
    ("prompt", "text", "weight"),
    [
        ("a (fox", "a (fox", 1),
        ("a fox)", "a fox)", 1),
        ("a fox:1.2)", "a fox:1.2)", 1),
        ("]a[", "]a[", 1),
        ("smile :)", "smile :)", 1),
        (r"fox \(animal\)", "fox (animal)", 1),
        (r"\[fox\]", "[fox]", 1),
        (r"(fox \(animal\):1.5)", "fox (animal)", 1.5),
        (r"C:\fox", r"C:\fox", 1),
        ("(16:9)", "16:9", 1.1),
        ("(fox:4.01)", "fox:4.01", 1.1),
        ("(fox:1e3)", "fox:1e3", 1.1),
        ("(fox:nan)", "fox:nan", 1.1),
        ("(fox:inf)", "fox:inf", 1.1),
        ("(fox:)", "fox:", 1.1),
        ("[fox:1.2]", "fox:1.2", 1 / 1.1),
        ("(a [b:1.5)", "a [b", 1.5),
        ("BREAKFAST", "BREAKFAST", 1),
        ("break", "break", 1),
    ],
)
def test_what_is_no_syntax_is_text(prompt: str, text: str, weight: float) -> None:
    assert parse(prompt) == ((Piece(text, weight),),)


@pytest.mark.parametrize(
    ("prompt", "sections"),
    [
        ("a fox BREAK an owl", [[("a fox ", 1)], [(" an owl", 1)]]),
        ("(a BREAK b:1.2) c", [[("a ", 1.2)], [(" b", 1.2), (" c", 1)]]),
        ("BREAK a fox BREAK BREAK", [[(" a fox ", 1)]]),
        ("BREAK", [[]]),
        ("", [[]]),
        ("()", [[]]),
    ],
)
def test_break_parts_sections_and_leaves_no_empty_ones(prompt: str, sections: list[list[tuple[str, float]]]) -> None:
    assert parse(prompt) == tuple(tuple(Piece(*piece) for piece in section) for section in sections)


@given(TEXT)
def test_text_without_brackets_comes_back_as_it_was(text: str) -> None:
    assume(not set("()[]") & set(text))
    assume("BREAK" not in text)
    assert parse(text) == ((Piece(text, 1.0),),)


@given(TEXT)
def test_escaped_brackets_come_back_as_text(text: str) -> None:
    assume("BREAK" not in text)
    assume("\\" not in text)
    assert parse(re.sub(r"([()\[\]])", r"\\\1", text)) == ((Piece(text, 1.0),),)


@given(NOISE)
def test_whatever_is_typed_weights_stay_within_bounds_and_words_in_order(prompt: str) -> None:
    pieces = [piece for section in parse(prompt) for piece in section]
    assert all(-MOST <= piece.weight <= MOST for piece in pieces)
    left = iter(prompt)
    assert all(letter in left for piece in pieces for letter in piece.text)


@pytest.mark.parametrize(
    ("prompt", "weight"),
    [
        ("(" * 10_000 + "fox" + ")" * 10_000, MOST),
        ("[" * 10_000 + "fox" + "]" * 10_000, 0),
        ("(" * 10_000 + "fox" + ":-4)" * 9_999 + ":4)", -MOST),
        ("(" * 10_000 + "fox", 1),
        ("([" * 10_000 + "fox" + "])" * 10_000, 1),
        ("[(" * 10_000 + "fox" + "]" * 10_000, 0),
        (":" + "1" * 100_000, 1),
        (":" + " " * 100_000 + ": " * 50_000, 1),
        ("B" * 100_000, 1),
        ("\\" * 100_000, 1),
        (" BREAK" * 20_000 + " fox", 1),
    ],
    ids=["more", "less", "signed", "open", "mixed", "crossed", "digits", "spaces", "Bs", "backslashes", "breaks"],
)
def test_tens_of_thousands_of_signs_are_read_at_once(prompt: str, weight: float) -> None:
    start = time.process_time()
    (*_, (*_, piece)) = parse(prompt)
    assert time.process_time() - start < 1
    assert piece.weight == pytest.approx(weight, abs=1e-6)
