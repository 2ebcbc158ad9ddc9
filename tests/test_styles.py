"""A wish that names a style is looked up in that style's database too, with no flag and nothing loaded anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from knowledge.embedded import EmbeddedBase
from knowledge.records import Lore
from tests.small_records import SPACES
from tools.styles import style_databases
from ui.cli import app


@pytest.fixture
def base(tmp_path: Path) -> EmbeddedBase:
    from knowledge.base import Item

    made = EmbeddedBase(tmp_path / "base")
    cards = (
        Lore(id="woodcuts", title="woodcuts", body="For old prints.", terms=("woodcut", "block print")),
        Lore(id="waves", title="Ukiyo-e", body="For floating worlds.", terms=("hokusai", "floating world")),
        Lore(id="lost", title="engravings", body="Its collection was forgotten."),
    )
    for name in ("woodcuts", "waves", "styles"):
        made.ensure(name, SPACES)
    made.upsert("styles", [Item(card) for card in cards])
    return made


def test_a_wish_that_names_a_style_chooses_its_database(base: EmbeddedBase) -> None:
    (one,) = style_databases(base, "a castle, as a Block-Print").chosen
    assert (one.name, one.said) == ("woodcuts", "Block-Print")
    assert one.why == "the style database 'woodcuts' because the wish says 'Block-Print'"
    assert sorted(style_databases(base, "woodcuts of the floating world").names) == ["waves", "woodcuts"]
    assert style_databases(base, "an ukiyo-e boat").names == ("waves",)


@pytest.mark.parametrize("wish", ["an old print of a castle", "a wooden cut", "", "?"])
def test_what_only_resembles_a_style_names_none(base: EmbeddedBase, wish: str) -> None:
    assert style_databases(base, wish).names == ()


def test_a_card_without_its_collection_is_said(base: EmbeddedBase) -> None:
    found = style_databases(base, "a castle among engravings")
    assert found.names == ()
    assert found.missing == {"engravings": "its card in 'styles' names no collection that is there"}


def test_without_a_collection_of_styles_there_are_none(tmp_path: Path) -> None:
    assert style_databases(EmbeddedBase(tmp_path / "base"), "a woodcut").names == ()


def told(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_two_databases_of_the_book_are_each_asked_when_their_style_is_named(filled: Path, tmp_path: Path) -> None:
    told("knowledge", "add", "woodcuts", "gouge", "--means", "black tree")
    told("knowledge", "add", "posters", "gouge", "--means", "yellow boat")
    told("knowledge", "add", "styles", "woodcuts", "--means", "Old prints cut in wood.", "--also", "woodcut")
    told("knowledge", "add", "styles", "posters", "--means", "Bold sheets for walls.", "--also", "poster")
    drawn = {
        wish: told("draw", wish, *more, "--steps", "1", "--seed", "1", "-o", "one.png")
        for wish, *more in (
            ("a gouge, woodcut",),
            ("a gouge, poster",),
            ("a gouge in the snow",),
            ("a gouge, as a woodcut", "--collection", "posters"),
        )
    }
    plain, cut, poster, pinned = (
        drawn[wish] for wish in ("a gouge in the snow", "a gouge, woodcut", "a gouge, poster", "a gouge, as a woodcut")
    )
    assert "style database" not in plain
    assert "gained" not in plain
    assert "also from the style database 'woodcuts' because the wish says 'woodcut'" in cut
    assert "'gouge' gained 'black tree'" in cut
    assert "also from the style database 'posters' because the wish says 'poster'" in poster
    assert "'gouge' gained 'yellow boat'" in poster
    assert "style database" not in pinned
    assert "'gouge' gained 'yellow boat'" in pinned
    shown = told("draw", "a gouge, woodcut", "--steps", "1", "--seed", "2", "-o", "two.png") and told("show", "two.png")
    assert "gave 'the collection woodcuts'" in shown
