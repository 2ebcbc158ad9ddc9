"""The knowledge commands: they list, show, find, teach, forget and check, on the picture book's own collections."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.command_line import atelier


def told(*arguments: str | Path) -> str:
    result = atelier("knowledge", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: str | Path) -> str:
    result = atelier("knowledge", *arguments)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.strip().splitlines()) == 1
    return result.stderr


def test_every_collection_is_listed_under_its_plain_name(filled: Path) -> None:
    names = [row.split()[0] for row in told("list").splitlines()]
    assert names == ["loras", "lore", "neon", "paper-cut", "references", "styles"]
    assert "records" in told("list")


def test_a_word_is_taught_in_one_line_and_shapes_the_next_picture(filled: Path) -> None:
    assert refused("show", "lore", "grumblewick").startswith("There is no record 'grumblewick' in 'lore'")
    assert told("add", "lore", "grumblewick", "--means", "mushroom", "--source", "grandmother") == (
        "lore/grumblewick is known from now on.\n"
    )
    drawn = atelier("draw", "a purple grumblewick at night", "--steps", "1", "--seed", "1")
    assert "'grumblewick' gained 'mushroom'" in drawn.stdout
    assert "grandmother" in told("show", "lore", "grumblewick")


def test_a_picture_is_taught_under_its_caption_and_found_by_another_like_it(filled: Path, tmp_path: Path) -> None:
    Image.new("RGB", (128, 128), "red").save(tmp_path / "red.png")
    told("add", "references", "nothing but red", "--image", tmp_path / "red.png", "--licence", "CC0-1.0")
    first = told("search", "--image", tmp_path / "red.png", "--collection", "references").splitlines()[0]
    assert "nothing but red (near the picture; good for words, ip-adapter, control, init image)" in first
    assert told("check").count("well") == 6


def test_searching_tells_why_each_record_was_found(filled: Path) -> None:
    assert "lore/toadstool: toadstool (the wish says 'toadstool'; good for words)" in told("search", "a toadstool")
    assert "no collection 'mine'" in refused("search", "a toadstool", "--collection", "mine")
    assert "nothing to look up" in refused("search")


def test_a_collection_of_ones_own_is_made_by_adding_to_it_and_forgotten_as_a_whole(filled: Path) -> None:
    told("add", "kitchen", "ladle", "--means", "a deep spoon", "--also", "scoop")
    assert told("show", "kitchen").split() == ["ladle", "ladle"]
    assert told("search", "a scoop", "--collection", "kitchen").count("the wish says 'scoop'") == 1
    assert told("remove", "kitchen", "ladle", "spoon") == "1 of 2 records were there and are forgotten.\n"
    assert "Name the records to forget" in refused("remove", "kitchen")
    assert told("remove", "kitchen", "--all") == "kitchen and its 0 records are forgotten.\n"
    assert "kitchen" not in told("list")


def test_the_starters_records_stay_forgotten_until_they_change(filled: Path) -> None:
    told("remove", "lore", "toadstool")
    assert "lore/toadstool" not in told("search", "a toadstool")


def test_a_gone_picture_is_found_by_the_check(filled: Path, tmp_path: Path) -> None:
    Image.new("RGB", (32, 32), "blue").save(tmp_path / "blue.png")
    told("add", "references", "nothing but blue", "--image", tmp_path / "blue.png")
    newest = max((filled / "gallery" / "inputs").rglob("*.png"), key=lambda path: path.stat().st_mtime_ns)
    newest.unlink()
    result = atelier("knowledge", "check")
    assert result.exit_code == 1
    assert "the pictures of 1 records are gone, such as 'nothing-but-blue-" in result.stdout


def test_what_is_encoded_already_is_not_encoded_again(filled: Path) -> None:
    assert told("reencode", "lore") == "lore is up to date.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "lore", " "), "nothing to learn"),
        (("add", "lore", "grumblewick"), "Say what 'grumblewick' means with --means"),
        (("add", "references", "x", "--image", "gone.png"), "gone.png"),
        (("show", "mine"), "no collection 'mine'"),
        (("search", "x", "--limit", "0"), "ask for 1 to 50"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(filled: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments)
