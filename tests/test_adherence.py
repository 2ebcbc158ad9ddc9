"""How well a picture follows its maps is measured, kept with it, and shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from knowledge.gallery import Gallery
from knowledge.image_files import read_provenance
from knowledge.recipe import ControlKind, ControlUse, Recipe
from picturebook.edges import edge_f1 as book_edge_f1
from tests import tiny_detectors
from tests.word_renderer import WordRenderer
from tools.adherence import adherence, edge_f1, rank_correlation
from tools.call import Call
from tools.control import ControlPreparer
from tools.preprocess import weights
from tools.preprocess.detectors import Detectors
from tools.render import PictureRenderer
from tools.renderer import Rendered
from ui.telling import shown


def scene(right: int = 0) -> Image.Image:
    image = Image.new("RGB", (96, 96), "white")
    ImageDraw.Draw(image).rectangle((20 + right, 30, 60 + right, 80), fill="navy")
    return image


@dataclass(frozen=True)
class Painter(WordRenderer):
    """A renderer that always draws the same picture, whatever it is asked for."""

    picture: Image.Image = field(kw_only=True)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        return Rendered(self.picture, {}, {})


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path / "gallery")


def followed(gallery: Gallery, kind: ControlKind, picture: Image.Image) -> float:
    use = ControlPreparer(gallery).prepare_control(gallery.keep(scene()), kind, 96, 96)
    recipe = Recipe(prompt="a box", controls=(use,))
    (measured,) = adherence(picture, recipe, gallery.image, Detectors("cpu"))
    assert (measured.kind, measured.image_id, measured.measure) == (kind, use.image_id, "edge F1")
    return measured.value


@pytest.mark.parametrize("kind", ["canny", "lineart", "lineart_anime", "mlsd", "scribble", "softedge"])
def test_lines_are_followed_wholly_nearly_or_not_at_all(gallery: Gallery, kind: ControlKind) -> None:
    same, near, elsewhere, blank = (
        followed(gallery, kind, picture) for picture in (scene(), scene(1), scene(12), Image.new("RGB", (96, 96)))
    )
    assert same == 1
    assert near > 0.9
    assert blank == 0
    assert elsewhere < near - 0.15


def test_edges_are_measured_as_the_picture_book_measures_them() -> None:
    rng = np.random.default_rng(0)
    for share in (0.01, 0.03):
        drawn, wanted = rng.random((2, 128, 128)) < share
        assert edge_f1(drawn, wanted) == pytest.approx(book_edge_f1(drawn, wanted))


def test_rank_correlation_is_that_of_scipy() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    one = rng.integers(0, 256, (32, 32), dtype=np.uint8)
    other = np.where(rng.random((32, 32)) < 0.4, one // 3, rng.integers(0, 90, (32, 32))).astype(np.uint8)
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one.ravel(), other.ravel())[0])
    assert rank_correlation(one, (one // 2).astype(np.uint8)) > 0.99
    assert rank_correlation(one, 255 - one) == pytest.approx(-1)
    assert rank_correlation(one, np.full((32, 32), 9, np.uint8)) == 0


def test_depth_is_measured_once_its_model_is_in_memory_and_not_before(gallery: Gallery, tmp_path: Path) -> None:
    folders = {weights.DEPTH_ANYTHING.hub_id: tiny_detectors.depth_anything(tmp_path / "depth")}
    used, fresh = Detectors("cpu", folders), Detectors("cpu", folders)
    use = ControlPreparer(gallery, used).prepare_control(gallery.keep(scene()), "depth", 96, 96)
    recipe = Recipe(prompt="a box", controls=(use,))
    (measured,) = adherence(scene(), recipe, gallery.image, used)
    assert (measured.measure, measured.value) == ("rank correlation", pytest.approx(1))
    (other,) = adherence(scene().rotate(90), recipe, gallery.image, used)
    assert other.value < 0.95
    assert list(adherence(scene(), recipe, gallery.image, fresh)) == []


def test_what_cannot_be_measured_is_left_out(gallery: Gallery) -> None:
    uses = tuple(
        ControlUse(kind=kind, image_id=gallery.keep(scene())) for kind in ("tile", "shuffle", "seg", "openpose")
    )
    assert list(adherence(scene(), Recipe(prompt="a box", controls=uses), gallery.image, Detectors("cpu"))) == []


def test_it_is_kept_inside_the_file_and_shown(gallery: Gallery) -> None:
    use = ControlPreparer(gallery).prepare_control(gallery.keep(scene()), "canny", 96, 96)
    recipe = Recipe(prompt="a box", width=96, height=96, controls=(use,))
    picture = PictureRenderer(Painter(picture=scene(12)), gallery).render(recipe, Call())
    (measured,) = picture.provenance.adherence
    assert 0 < measured.value < 0.9
    again, _ = read_provenance(gallery.path(picture.id))
    assert again == picture.provenance
    assert f"follows     its canny map: edge F1 {measured.value:.2f}" in shown(again)
    assert (
        PictureRenderer(Painter(picture=scene()), gallery).render(Recipe(prompt="a box"), Call()).provenance.adherence
        == ()
    )


def test_a_picture_is_kept_when_its_detector_runs_out_of_memory(gallery: Gallery, tmp_path: Path) -> None:
    import torch

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("there is no memory left")

    used = Detectors("cpu", {weights.DEPTH_ANYTHING.hub_id: tiny_detectors.depth_anything(tmp_path / "depth")})
    use = ControlPreparer(gallery, used).prepare_control(gallery.keep(scene()), "depth", 96, 96)
    used.transformer(weights.DEPTH_ANYTHING, "AutoModelForDepthEstimation")[0].register_forward_pre_hook(full)
    recipe = Recipe(prompt="a box", controls=(use,))
    picture = PictureRenderer(Painter(picture=scene()), gallery, used).render(recipe, Call())
    assert gallery.image(picture.id).size == scene().size
    assert picture.provenance.adherence == ()
