"""A control map holds the outlines of its image, is kept in the gallery, and is refused where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image, ImageDraw

from knowledge.gallery import Gallery
from knowledge.problems import TryAgain
from knowledge.recipe import ControlKind
from tools.control import ControlPreparer
from tools.preprocess import PREPROCESSORS


@pytest.fixture
def preparer(tmp_path: Path) -> ControlPreparer:
    return ControlPreparer(Gallery(tmp_path / "gallery"))


def _house(background: str = "white", wall: str = "red") -> Image.Image:
    image = Image.new("RGB", (200, 160), background)
    ImageDraw.Draw(image).rectangle((60, 60, 140, 130), fill=wall)
    return image


def test_every_kind_of_control_has_a_preprocessor() -> None:
    assert set(PREPROCESSORS) == set(get_args(ControlKind))


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
    with pytest.raises(TryAgain, match=r"'depth'.*canny"):
        preparer.prepare_control("0" * 64, kind="depth")  # pyright: ignore[reportArgumentType]
