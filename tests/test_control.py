"""A control map holds the outlines of its image, is kept in the gallery, and is refused where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from knowledge.gallery import Gallery
from knowledge.problems import TryAgain
from tools.control import ControlPreparer


@pytest.fixture
def preparer(tmp_path: Path) -> ControlPreparer:
    return ControlPreparer(Gallery(tmp_path / "gallery"))


def _house(background: str = "white", wall: str = "red") -> Image.Image:
    image = Image.new("RGB", (200, 160), background)
    ImageDraw.Draw(image).rectangle((60, 60, 140, 130), fill=wall)
    return image


@pytest.mark.parametrize(("background", "wall"), [("white", "red"), ("black", "#303060"), ("#ffe8a0", "#f0b050")])
def test_the_map_shows_the_outline_white_on_black(preparer: ControlPreparer, background: str, wall: str) -> None:
    use = preparer.prepare_control(preparer.gallery.keep(_house(background, wall)), width=160, height=128)
    drawn = preparer.gallery.image(use.image_id)
    pixels = np.asarray(drawn)
    assert drawn.size == (160, 128)
    assert set(np.unique(pixels)) == {0, 255}
    rows, columns = np.nonzero(pixels[..., 0])
    corners = (columns.min(), rows.min(), columns.max(), rows.max())
    assert corners == pytest.approx((48, 48, 112, 104), abs=2)
    assert 0.5 < len(rows) / (2 * (64 + 56)) < 1.5


def test_a_map_is_as_large_as_the_picture_and_cropped_to_its_shape(preparer: ControlPreparer) -> None:
    image_id = preparer.gallery.keep(_house())
    sizes = [(64, 64), (128, 256), (512, 64)]
    uses = [preparer.prepare_control(image_id, width=width, height=height) for width, height in sizes]
    assert [preparer.gallery.image(use.image_id).size for use in uses] == sizes


def test_the_same_image_gives_the_same_map(preparer: ControlPreparer) -> None:
    image_id = preparer.gallery.keep(_house())
    first, again = preparer.prepare_control(image_id), preparer.prepare_control(image_id, conditioning_scale=0.5)
    assert first.image_id == again.image_id
    assert preparer.maps.hits == 1
    assert (first.conditioning_scale, again.conditioning_scale) == (1.0, 0.5)


def test_noise_in_a_dark_picture_is_no_outline(preparer: ControlPreparer) -> None:
    noise = np.random.default_rng(0).integers(0, 6, (128, 128, 3), dtype=np.uint8)
    with pytest.raises(TryAgain, match="hardly any edges"):
        preparer.prepare_control(preparer.gallery.keep(Image.fromarray(noise)))


@pytest.mark.parametrize("colour", ["white", "black", "grey"])
def test_an_image_without_edges_is_refused(preparer: ControlPreparer, colour: str) -> None:
    with pytest.raises(TryAgain, match="hardly any edges"):
        preparer.prepare_control(preparer.gallery.keep(Image.new("RGB", (128, 128), colour)))


def test_an_unknown_image_or_kind_is_refused(preparer: ControlPreparer) -> None:
    with pytest.raises(TryAgain, match="'0000"):
        preparer.prepare_control("0" * 64)
    with pytest.raises(TryAgain, match=r"'deepness'.*canny, lineart"):
        preparer.prepare_control("0" * 64, kind="deepness")  # pyright: ignore[reportArgumentType]


def test_a_preprocessor_is_chosen_among_those_of_the_kind(preparer: ControlPreparer) -> None:
    image_id = preparer.gallery.keep(_house())
    usual, same, other = (
        preparer.prepare_control(image_id, "lineart", preprocessor=name) for name in ("", "xdog", "threshold")
    )
    assert usual == same
    assert usual.image_id != other.image_id
    with pytest.raises(TryAgain, match=r"'lineart' map is made by 'hed'.*xdog, threshold.*none"):
        preparer.prepare_control(image_id, "lineart", preprocessor="hed")


def test_a_picture_that_is_a_map_already_is_only_brought_to_size(preparer: ControlPreparer) -> None:
    colours = Image.new("RGB", (256, 256), (6, 230, 230))
    ImageDraw.Draw(colours).rectangle((0, 100, 255, 255), fill=(4, 250, 7))
    use = preparer.prepare_control(preparer.gallery.keep(colours), "seg", 64, 64, preprocessor="none")
    made = np.asarray(preparer.gallery.image(use.image_id))
    assert made.shape == (64, 64, 3)
    assert {tuple(colour) for colour in made.reshape(-1, 3)} == {(6, 230, 230), (4, 250, 7)}


def test_an_inpaint_map_is_black_where_the_mask_is_white(preparer: ControlPreparer) -> None:
    mask = Image.new("L", (200, 160), 0)
    ImageDraw.Draw(mask).rectangle((60, 60, 140, 130), fill=255)
    image_id, mask_id = preparer.gallery.keep(_house()), preparer.gallery.keep(mask.convert("RGB"))
    use = preparer.prepare_control(image_id, "inpaint", 200, 160, mask_id=mask_id)
    made = np.asarray(preparer.gallery.image(use.image_id))
    assert (made[60:131, 60:141] == 0).all()
    assert (made[:58] == 255).all()


def test_a_mask_is_wanted_for_inpainting_only_and_as_large_as_the_image(preparer: ControlPreparer) -> None:
    image_id, small = preparer.gallery.keep(_house()), preparer.gallery.keep(Image.new("RGB", (64, 64), "white"))
    with pytest.raises(TryAgain, match="needs a mask_id"):
        preparer.prepare_control(image_id, "inpaint")
    with pytest.raises(TryAgain, match="not with 'canny'"):
        preparer.prepare_control(image_id, mask_id=image_id)
    with pytest.raises(TryAgain, match="as large as"):
        preparer.prepare_control(image_id, "inpaint", mask_id=small)


def test_a_skeleton_of_nobody_is_refused(preparer: ControlPreparer) -> None:
    with pytest.raises(TryAgain, match="shows nobody"):
        preparer.prepare_control(
            preparer.gallery.keep(Image.new("RGB", (64, 64))), "openpose", 64, 64, preprocessor="none"
        )
