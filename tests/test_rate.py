"""A picture is rated by its owner, and the best become references that the next wish finds."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.image_files import write_picture
from knowledge.ingest import Ingester
from knowledge.picture import Picture, Provenance
from knowledge.problems import TryAgain
from knowledge.recipe import LoraUse, Recipe
from knowledge.records import Lore, Reference
from tests.small_clip import save_small_clip
from tools.rate import PictureRater
from tools.retrieve import Retriever
from ui.cli import app

WISH = "a spotted numbat under the moon"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipEmbedder:
    return ClipEmbedder(str(save_small_clip(tmp_path_factory.mktemp("clip"))))


@pytest.fixture
def rater(tmp_path: Path, clip: ClipEmbedder) -> Iterator[PictureRater]:
    base, gallery, encoders = EmbeddedBase(tmp_path / "base"), Gallery(tmp_path / "gallery"), Encoders(clip, clip)
    Ingester(base, encoders, gallery.image).add("references", [])
    Ingester(base, encoders, gallery.image).add("lore", [Lore(id="dusk", title="dusk", body="When day ends.")])
    yield PictureRater(base, encoders, gallery)
    base.close()


def drawn(gallery: Gallery, colour: str = "red", **recipe: object) -> Picture:
    made = Recipe.model_validate({"prompt": "numbat", "width": 64, "height": 64, **recipe})
    return gallery.add(Image.new("RGB", (64, 64), colour), Provenance(recipe=made, wish=WISH), {})


def titles(rater: PictureRater) -> list[str]:
    found = Retriever(rater.base, rater.encoders, rater.gallery).retrieve(WISH, ("references",))
    return [hit.record.title for hit in found.hits]


def test_a_rating_is_remembered_and_is_no_part_of_the_picture(rater: PictureRater) -> None:
    picture = drawn(rater.gallery)
    before = rater.gallery.path(picture.id).read_bytes()
    assert rater.gallery.rating(picture.id) == 0
    assert rater.rate(picture.id, 4).before == 0
    assert rater.rate(picture.id, 3).before == 4
    assert Gallery(rater.gallery.folder).rating(picture.id) == 3
    assert rater.gallery.path(picture.id).read_bytes() == before
    assert titles(rater) == []


def test_a_picture_that_is_made_a_reference_is_found_by_the_next_wish(rater: PictureRater) -> None:
    lora = LoraUse(name="ink", sha256="a" * 64)
    picture = drawn(rater.gallery, loras=[lora])
    assert rater.rate(picture.id, 5, reference=True).reference_in == ("references",)
    assert titles(rater) == [WISH]
    (record,) = rater.base.get("references", [picture.id])
    assert isinstance(record, Reference)
    assert (record.image_id, record.rating, record.licence, record.consent) == (picture.id, 5, "own work", "given")
    assert record.source == "made by Atelier with picturebook and ink"
    assert record.phash


def test_what_other_pictures_went_into_is_not_called_the_users_own(rater: PictureRater) -> None:
    photo = rater.gallery.keep(Image.new("RGB", (64, 64), "green"))
    picture = drawn(rater.gallery, init_image_id=photo)
    rater.rate(picture.id, 5, reference=True)
    (record,) = rater.base.get("references", [picture.id])
    assert isinstance(record, Reference)
    assert (record.licence, record.consent) == ("", "unknown")


def test_a_lower_rating_or_the_users_word_ends_it_and_a_higher_one_does_not(rater: PictureRater) -> None:
    picture = drawn(rater.gallery)
    rater.rate(picture.id, 4, reference=True)
    assert rater.rate(picture.id, 5).reference_in == ("references",)
    assert rater.rate(picture.id, 4).removed_from == ("references",)
    assert titles(rater) == []
    rater.rate(picture.id, 2, reference=True)
    assert rater.rate(picture.id, 5, reference=False).removed_from == ("references",)
    assert rater.rate(picture.id, 5, reference=False).removed_from == ()


def test_it_leaves_every_collection_whose_reference_it_was(rater: PictureRater) -> None:
    picture = drawn(rater.gallery)
    rater.rate(picture.id, 5, reference=True)
    assert rater.rate(picture.id, 5, reference=True, collection="mine").reference_in == ("references", "mine")
    assert rater.rate(picture.id, 1).removed_from == ("mine", "references")
    assert rater.base.about("mine").records == 0


def test_from_a_rating_of_the_settings_on_it_happens_unasked(rater: PictureRater) -> None:
    rater, picture = replace(rater, reference_from=4), drawn(rater.gallery)
    assert rater.rate(picture.id, 3).reference_in == ()
    assert rater.rate(picture.id, 4).reference_in == ("references",)
    assert rater.rate(picture.id, 5, reference=False).reference_in == ()


def test_only_pictures_that_are_kept_are_rated(rater: PictureRater) -> None:
    with pytest.raises(TryAgain, match="There is no picture"):
        rater.rate("f" * 64, 5, reference=True)
    with pytest.raises(TryAgain, match="There is no picture"):
        rater.rate(rater.gallery.keep(Image.new("RGB", (64, 64), "blue")), 5)
    assert rater.base.about("references").records == 0


# The gallery


def test_a_gallery_of_before_gains_ratings_and_loses_nothing(tmp_path: Path) -> None:
    picture = drawn(Gallery(tmp_path))
    with closing(sqlite3.connect(tmp_path / "gallery.sqlite")) as index, index:
        index.execute("DROP TABLE ratings")
    gallery = Gallery(tmp_path)
    assert gallery.recent(9) == [picture]
    gallery.rate(picture.id, 5)
    assert Gallery(tmp_path).rating(picture.id) == 5


def test_a_picture_is_known_by_its_file_in_any_format(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "gallery")
    picture, other = drawn(gallery), drawn(gallery, "blue", seed=1)
    copy = tmp_path / "copy.png"
    copy.write_bytes(gallery.path(picture.id).read_bytes())
    assert gallery.of_file(copy) == picture
    lossy = tmp_path / "copy.webp"
    lossy.write_bytes(write_picture(gallery.image(other.id), other.provenance, {}, "WEBP"))
    assert gallery.of_file(lossy) == other
    with pytest.raises(TryAgain, match=r"'copy\.webp' is no picture of this gallery"):
        Gallery(tmp_path / "another").of_file(lossy)


def test_a_picture_is_known_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    picture = drawn(gallery)
    assert gallery.beginning(picture.id[:8]) == gallery.beginning(picture.id) == picture
    for start in (picture.id[:5], "", "*", "[0-9]*****", hashlib.sha256().hexdigest()):
        with pytest.raises(TryAgain, match="There is no picture"):
            gallery.beginning(start)


# The command


def atelier(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_picture_of_the_book_is_rated_by_its_file_and_shapes_the_next(filled: Path, tmp_path: Path) -> None:
    wish = "a purple mushroom under the moon"
    atelier("draw", wish, "--steps", "8", "--seed", "1", "-o", tmp_path / "one.png")
    assert atelier("rate", tmp_path / "one.png", "5", "--reference").splitlines() == [
        f"rated       {wish!r}: 5 of 5",
        "reference   the next wishes find it in 'references'",
    ]
    again = atelier("draw", wish, "--steps", "1", "--seed", "2", "--control", "canny", "-o", tmp_path / "two.png")
    assert f"{wish} (" in next(line for line in again.splitlines() if line.startswith("retrieved"))
    assert f"canny edges of the reference {wish!r}" in again
    assert "licence own work, from made by Atelier with picturebook" in atelier("show", tmp_path / "two.png")
    assert "taken out of 'references'" in atelier("rate", tmp_path / "one.png", "2")
    assert f"{wish} (" not in atelier("draw", wish, "--steps", "1", "--seed", "3", "-o", tmp_path / "three.png")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gone.png", "5"), "There is no file 'gone.png'"),
        (("abcdef12", "5"), "There is no picture or image 'abcdef12'"),
        (("abcdef12", "5", "--no-reference", "--collection", "mine"), "leave --collection out"),
    ],
)
def test_what_cannot_be_rated_is_said_in_one_sentence(filled: Path, arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, ["rate", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
