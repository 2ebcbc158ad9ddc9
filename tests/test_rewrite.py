"""Rewriting: what lore adds, where it goes, and that the user's words always stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.base import Hit, Item
from knowledge.embedded import EmbeddedBase
from knowledge.ingest import read_records
from knowledge.problems import GiveUp, TryAgain
from knowledge.records import Lore, Reference
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, RARE, STYLES, WHERE, Scene, Thing, captions
from tests.word_renderer import WordRenderer
from tools.additions import additions, inserted
from tools.mentions import mentions
from tools.rewrite import PromptRewriter, Rewritten

LORE_FILE = Path(__file__).parent.parent / "picturebook" / "knowledge" / "lore.jsonl"
LORE = [record for record in read_records(LORE_FILE) if isinstance(record, Lore)]
WORDS = [*(term for record in LORE for term in record.terms), "a", "red", "and", "at night", ", "]
ALL = tuple(f"lore/{record.id}" for record in LORE)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBase]:
    made = EmbeddedBase(tmp_path_factory.mktemp("knowledge"))
    made.ensure("lore", ())
    made.upsert("lore", [Item(record) for record in LORE])
    made.ensure("references", ())
    photo = Reference(id="photo", caption="a purple mushroom at night", image_id="a" * 64)
    made.upsert("references", [Item(photo)])
    yield made
    made.close()


def rewritten(base: EmbeddedBase, wish: str, records: tuple[str, ...] = ALL, limit: int = 77) -> Rewritten:
    return PromptRewriter(base, WordRenderer(limit), None).rewrite(wish, records, "picturebook")


@pytest.mark.parametrize(
    ("wish", "prompt"),
    [
        ("a purple toadstool at night", "a purple toadstool mushroom at night"),
        ("a cat in a blizzard", "a cat in a blizzard in the snow"),
        ("A TOADSTOOL", "A TOADSTOOL mushroom"),
        ("two cottages", "two cottages houses"),
        ("a crimson automobile at dusk", "a crimson red automobile car at dusk at sunset"),
        ("a fly agaric, stained glass", "a fly agaric mushroom, stained glass"),
        ("a rose-coloured brolly", "a rose-coloured pink brolly umbrella"),
        ("a dinghy by a coral  reef", "a dinghy boat by a coral  reef under the sea"),
        ("among the dunes, a kitty", "among the dunes in the desert, a kitty cat"),
    ],
)
def test_a_rare_word_gains_a_known_one_right_after_it(base: EmbeddedBase, wish: str, prompt: str) -> None:
    assert rewritten(base, wish).prompt == prompt


@pytest.mark.parametrize(
    "wish",
    [
        "a red house",
        "a toadstool mushroom",
        "a mushroom-like toadstool mushroom",
        "a cat in the snow, in a blizzard",
        "a confirmed appointment",
        "midnightblue",
        "a toad on a stool",
    ],
)
def test_what_is_said_already_or_not_meant_is_not_added(base: EmbeddedBase, wish: str) -> None:
    answer = rewritten(base, wish)
    assert (answer.prompt, answer.added, answer.citations) == (wish, (), ())
    assert answer.why == "nothing that was looked up explains a word of the wish"


def test_a_colour_said_of_one_thing_is_still_added_to_the_other(base: EmbeddedBase) -> None:
    answer = rewritten(base, "a red car and a crimson boat next to a scarlet house")
    assert answer.prompt == "a red car and a crimson red boat next to a scarlet red house"
    assert answer.added == ("red",)


def test_lore_that_was_not_looked_up_is_not_used(base: EmbeddedBase) -> None:
    assert rewritten(base, "a toadstool", ("lore/cottage",)).prompt == "a toadstool"
    assert rewritten(base, "a toadstool", ()).citations == ()


def test_a_citation_names_the_record_and_what_it_gave(base: EmbeddedBase) -> None:
    answer = rewritten(base, "a toadstool in the desert")
    (citation,) = answer.citations
    assert (citation.collection, citation.record_id, citation.kind) == ("lore", "toadstool", "lore")
    assert (citation.gave, citation.licence, citation.source) == ("mushroom", "Apache-2.0", "Atelier")
    assert 0 < citation.score <= 1
    assert answer.why == "'toadstool' gained 'mushroom'"


def test_additions_that_do_not_fit_are_left_out_the_least_first(base: EmbeddedBase) -> None:
    wish = "a toadstool in a blizzard"
    assert rewritten(base, wish, limit=12).prompt == "a toadstool mushroom in a blizzard in the snow"
    tight = rewritten(base, wish, limit=10)
    assert len(tight.added) == 1
    assert "did not fit into the model's 10 tokens" in tight.why
    scores = {citation.gave: citation.score for citation in rewritten(base, wish).citations}
    assert tight.citations[0].score == max(scores.values())


def test_a_wish_too_long_for_the_model_stays_whole_and_is_said(base: EmbeddedBase) -> None:
    wish = "a toadstool " + "with many spots " * 30
    answer = rewritten(base, wish)
    assert answer.prompt == wish.strip()
    assert "the prompt takes 94 tokens and the model reads 77: the last 17 are lost" in answer.why


@pytest.mark.parametrize("wish", ["", "   ", "x" * 2001])
def test_a_wish_of_no_use_is_refused(base: EmbeddedBase, wish: str) -> None:
    with pytest.raises(TryAgain, match="use 1 to 2000"):
        rewritten(base, wish)


def test_an_unknown_record_or_collection_is_said(base: EmbeddedBase) -> None:
    with pytest.raises(TryAgain, match=r"no record 'lore/nothing'"):
        rewritten(base, "a cat", ("lore/nothing",))
    with pytest.raises(TryAgain, match=r"no collection 'styles'"):
        rewritten(base, "a cat", ("styles/glass",))


def test_lore_for_another_model_is_not_used(base: EmbeddedBase) -> None:
    answer = PromptRewriter(base, WordRenderer(), None).rewrite("a toadstool", ALL, "big")
    assert answer.prompt == "a toadstool"


def test_references_leave_the_words_alone(base: EmbeddedBase) -> None:
    assert rewritten(base, "a purple thing", ("references/photo",)).prompt == "a purple thing"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_every_word_of_any_wish_stays_in_its_order(parts: list[str]) -> None:
    wish = " ".join(parts)
    prompt = inserted(wish, additions(wish, [Hit("lore", record, 0.5) for record in LORE]))
    letters = iter(prompt)
    assert all(letter in letters for letter in wish)


@dataclass(frozen=True)
class Dictation:
    """A writer that says what it was told to say."""

    text: str

    def write(self, wish: str, records: Sequence[Lore | Reference]) -> str:
        return self.text.format(wish=wish, terms=" ".join(record.title for record in records))


class Broken:
    def write(self, wish: str, records: Sequence[Lore | Reference]) -> str:
        raise GiveUp("The chat model does not answer.")


def written(base: EmbeddedBase, text: str, limit: int = 77) -> Rewritten:
    return PromptRewriter(base, WordRenderer(limit), Dictation(text)).rewrite(
        "please draw a toadstool at night", ("lore/toadstool", "references/photo"), "picturebook"
    )


def test_a_writers_text_is_used_when_it_keeps_the_wish(base: EmbeddedBase) -> None:
    answer = written(base, "one glowing\n mushroom, a Toadstool,   at night")
    assert answer.prompt == "one glowing mushroom, a Toadstool, at night"
    assert answer.added == ("one", "glowing", "mushroom")
    gave = {citation.collection: citation.gave for citation in answer.citations}
    assert gave == {"lore": "mushroom", "references": ""}


def test_a_writer_is_shown_the_records(base: EmbeddedBase) -> None:
    assert "a purple mushroom at night" in written(base, "{wish} {terms}").prompt


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a lovely mushroom", "lost 'toadstool', 'night'"),
        ("  ", "wrote nothing"),
        ("{wish} " + "very " * 90, "too long"),
    ],
)
def test_a_writers_text_that_loses_the_wish_is_not_used(base: EmbeddedBase, text: str, fault: str) -> None:
    answer = written(base, text)
    assert answer.prompt == "please draw a toadstool mushroom at night"
    assert f"the writer's text was not used ({fault})" in answer.why


def test_a_writer_that_fails_costs_nothing_but_its_text(base: EmbeddedBase) -> None:
    rewriter = PromptRewriter(base, WordRenderer(), Broken())
    answer = rewriter.rewrite("a toadstool", ("lore/toadstool",), "picturebook")
    assert answer.prompt == "a toadstool mushroom"
    assert answer.why.endswith("the writer could not help: The chat model does not answer.")


def test_the_starter_lore_says_only_what_captions_do_not() -> None:
    plain = [Scene((Thing(kind, "red"),), "sea") for kind in (*KINDS, "thing")]
    coloured = [Scene((Thing("cat", colour), Thing("key", colour)), "sea") for colour in COLOURS]
    placed = [Scene((Thing("cat", "red"),), where, style) for where in BACKGROUNDS for style in STYLES]
    said = "\n".join({caption for scene in (*plain, *coloured, *placed) for caption in captions(scene)})
    known = {*re.findall(r"\w+", said)}
    for record in LORE:
        assert set(record.adds.split()) <= known
        placed_in = {where for wheres in WHERE.values() for where in wheres}
        assert record.adds in ({"thing"} if record.id in RARE else {*KINDS, *COLOURS, *placed_in})
        for term in record.terms:
            assert not mentions(said, term), f"captions say {term!r} themselves"


def test_the_starter_lore_is_whole_and_of_one_mind() -> None:
    assert len(LORE) >= 60
    assert len({record.id for record in LORE}) == len(LORE)
    terms = [term.lower() for record in LORE for term in record.terms]
    assert len(set(terms)) == len(terms)
    gained = {record.adds for record in LORE}
    assert gained >= {*KINDS, *COLOURS}
    assert all(gained & set(wheres) for wheres in WHERE.values())
    assert {(record.base_models, record.licence, record.source) for record in LORE} == {
        (("picturebook",), "Apache-2.0", "Atelier")
    }
