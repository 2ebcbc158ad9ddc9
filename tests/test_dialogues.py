"""The dialogues are fair, their measure tells right from wrong, and the offline planner does what the known ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

import pytest
from pydantic import ValidationError

from agent.offline.intents import Ask, Change, GoTo, Intent, NewWish, Tell, Variations
from benchmarks.conversation import SUITE, known
from benchmarks.conversation_state import Conversation, refined
from benchmarks.dialogues import Dialogue, Expectation, Turn, dialogues, prompts
from benchmarks.prompt_meaning import NUMBERS, meaning, noun, triples
from benchmarks.understood import right, unmentioned_stays
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS

KNOWN, HELD_OUT = dialogues("known"), dialogues("held_out")
BOTH = (*KNOWN, *HELD_OUT)
CALLED = {"THING": KINDS, "COLOUR": COLOURS, "PLACE": BACKGROUNDS, "NUMBER": tuple(NUMBERS)}
WORDS = {word + plural: name for name, words in CALLED.items() for word in words for plural in ("", "s")}


def phrasing(said: str) -> str:
    """What is left of the words once things, colours, places, styles and numbers are any."""
    words: list[str] = re.findall(r"\w+", re.sub(r"stained glass|watercolour", "STYLE", said.lower()))
    return " ".join("NUMBER" if word.isdigit() else WORDS.get(word, word) for word in words)


def phrasings(talks: tuple[Dialogue, ...]) -> set[str]:
    """Of all turns but those that say a prompt and nothing else, which can be said in one way only."""

    def bare(turn: Turn) -> bool:
        drawn = turn.expect[0].draw
        return drawn is not None and meaning(drawn.prompt) == meaning(turn.say)

    return {phrasing(turn.say) for talk in talks for turn in talk.turns if not bare(turn)}


def every_triple(talks: tuple[Dialogue, ...]) -> set[tuple[str, str, str]]:
    return {triple for talk in talks for prompt in prompts(talk) for triple in triples(prompt, set(COLOURS))}


def turns() -> Iterator[tuple[Turn, Conversation]]:
    for talk in BOTH:
        now = Conversation()
        for turn in talk.turns:
            yield turn, now
            now = now.after(turn.expect[0])


def meant(expected: Expectation, talk: Conversation) -> Intent:
    """What a planner that never errs would understand."""
    if expected.draw:
        return NewWish(expected.draw.prompt, expected.draw.count, expected.draw.settings())
    if expected.goto:
        return GoTo(expected.goto)
    if expected.variations:
        return Variations(expected.variations.target, expected.variations.counts[0])
    if expected.improved:
        return Change(expected.improved, {"prompt": talk.picture(expected.improved).recipe.prompt + ", beautiful"})
    if expected.refine:
        return changed(expected, talk)
    return Ask("Which one?") if expected.ask else Tell("help")


def changed(expected: Expectation, talk: Conversation) -> Change:
    refine = expected.refine
    assert refine
    before = talk.picture(refine.target).recipe
    patch = before.patch_to(refined(before, refine, before.seed + 1)).chosen()
    heavier = 0.3 * (bool(patch.pop("loras", None)) and ("loras" in refine.more) - ("loras" in refine.less))
    if refine.style and not refine.patch.prompt:
        patch.pop("prompt", None)
    return Change(refine.target, patch, refine.keep, refine.style, refine.unstyle, refine.count, heavier)


def test_there_are_enough_and_many_of_them_are_held_out() -> None:
    assert len(BOTH) >= 130
    assert len(HELD_OUT) >= 50
    names = [talk.name for talk in BOTH]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", ["draw", "refine", "variations", "goto", "improved", "ask", "tell"])
def test_each_half_has_every_kind_of_turn(kind: str) -> None:
    for talks in (KNOWN, HELD_OUT):
        assert any(turn.expect[0].kind.startswith(kind) for talk in talks for turn in talk.turns)


def test_the_halves_share_no_thing_of_one_colour_in_one_place() -> None:
    assert min(len(every_triple(KNOWN)), len(every_triple(HELD_OUT))) > 100
    assert every_triple(KNOWN) & every_triple(HELD_OUT) == set()


def test_the_halves_share_no_phrasing() -> None:
    assert phrasings(KNOWN) & phrasings(HELD_OUT) == set()


def test_every_turn_can_be_met() -> None:
    unmet = [
        (turn.say, expected)
        for turn, talk in turns()
        for expected in turn.expect
        if not right(expected, meant(expected, talk), talk)
    ]
    assert unmet == []


def test_no_turn_is_met_by_something_else() -> None:
    others = (NewWish("a zebra"), GoTo(99), Variations(99, 1), Change(99), Change(1, {"prompt": "a zebra"}))
    met = [(turn.say, other) for turn, talk in turns() for other in others if right(turn.expect[0], other, talk)]
    assert met == []


def test_a_refinement_that_touches_anything_else_is_wrong() -> None:
    for turn, talk in turns():
        if refine := turn.expect[0].refine:
            before, exact = talk.picture(refine.target).recipe, changed(turn.expect[0], talk)
            assert unmentioned_stays(refine, exact, before), turn.say
            touched = replace(exact, patch={**exact.patch, "clip_skip": 2})
            assert not unmentioned_stays(refine, touched, before), turn.say
            assert not right(turn.expect[0], touched, talk), turn.say


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a red house and a green tree on grass", "on the grass, a green tree and a red house"),
        ("a blue fish in the sea", "picture of a blue fish under the sea"),
        ("two big birds at night", "2 large birds under the night sky"),
        ("a cat to the left of a car", "a car on the right, a cat on the left"),
        ("a cup in watercolour", "a cup, watercolour style"),
        ("an old woman with a red scarf", "an old woman, a red scarf"),
    ],
)
def test_two_wordings_of_one_wish_are_equal(one: str, other: str) -> None:
    assert meaning(one) == meaning(other)


def test_different_wishes_differ() -> None:
    wishes = (
        *("a red house", "a blue house", "two red houses", "a red house at night", "a small red house"),
        *("a red house, watercolour", "a red house and a tree", "a red tree and a house", "(a red house:1.2)"),
        *("a cat to the left of a car", "a car to the left of a cat", "a cat and a car"),
    )
    assert [pair for pair in combinations(wishes, 2) if meaning(pair[0]) == meaning(pair[1])] == []


def test_a_thing_is_called_by_its_noun() -> None:
    assert (noun("the green trees"), noun("Butterflies"), noun("")) == ("tree", "butterfly", "")


@pytest.mark.parametrize(
    "expected", [{}, {"ask": True, "tell": True}, {"goto": 0}, {"refine": {"target": 1, "patch": {"colour": "red"}}}]
)
def test_an_expectation_that_says_nothing_exact_is_refused(expected: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        Expectation.model_validate(expected)


def test_every_measure_can_be_called() -> None:
    assert all(callable(SUITE.function(name)) for name in SUITE.measures)


def test_the_planner_does_what_the_known_dialogues_ask() -> None:
    (row,) = known(1.0)
    assert row.met, "run atelier bench conversation --only T2-known"
