"""Every preprocessor turns a picture into a map of its size; what needs weights says so when it has none."""

from __future__ import annotations

import pickle
import pkgutil
import time
from pathlib import Path
from typing import Any, get_args

import huggingface_hub
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from pydantic import ValidationError

from knowledge.problems import GiveUp
from knowledge.recipe import ControlKind
from tests import tiny_detectors
from tools import preprocess
from tools.preprocess import PREPROCESSORS, made_by, weights, without_weights
from tools.preprocess.detectors import Detectors
from tools.preprocess.lines import lines
from tools.preprocess.segformer import PALETTE
from tools.preprocess.skeleton import COLOURS, Person, draw_skeleton
from tools.preprocess.vitpose import from_coco

# controlnet-aux warns of its detectors, and of those of others, when it is imported
pytestmark = pytest.mark.filterwarnings("ignore")

WEIGHTLESS = [name for name, each in PREPROCESSORS.items() if not each.weights]
HEAVY = [name for name, each in PREPROCESSORS.items() if each.weights]
FEW = [name for name in HEAVY if name not in ("anime2sketch", "normalbae", "openpose")]
"""The others are hundreds of megabytes even with random weights."""
SKY = 2
"""A class of ADE20K."""


def scene(width: int = 192, height: int = 128) -> Image.Image:
    """A red house with a door before a blue sky, lit from the left."""
    light = np.tile(np.linspace(85, 0, width), (height, 1))
    image = Image.fromarray(np.stack([light, 90 + light, np.full_like(light, 220)], axis=2).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.rectangle(
        (width * 0.3, height * 0.3, width * 0.7, height * 0.85), fill=(200, 40, 30), outline=(40, 10, 10), width=3
    )
    draw.rectangle((width * 0.45, height * 0.55, width * 0.55, height * 0.85), fill=(250, 230, 180))
    return image


@pytest.fixture(scope="module")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> Detectors:
    folder = tmp_path_factory.mktemp("detectors")
    folders = {
        weights.DEPTH_ANYTHING.hub_id: tiny_detectors.depth_anything(folder / "depth"),
        weights.RT_DETR.hub_id: tiny_detectors.rt_detr(folder / "boxes", sees=0),
        weights.VITPOSE.hub_id: tiny_detectors.vitpose(folder / "joints"),
        weights.SEGFORMER.hub_id: tiny_detectors.segformer(folder / "classes", sees=SKY),
        weights.HED.hub_id: tiny_detectors.annotators(folder / "annotators"),
    }
    return Detectors("cpu", folders, room=9)


# --- the table


def test_every_kind_of_control_has_a_preprocessor_and_the_usual_one_needs_no_weights_where_there_is_such() -> None:
    for kind in get_args(ControlKind):
        usual = PREPROCESSORS[made_by(kind)[0]]
        assert (not usual.weights) == (kind in without_weights())
    assert {"canny", "lineart", "lineart_anime", "scribble", "softedge", "mlsd", "tile", "shuffle", "inpaint"} == set(
        without_weights()
    )


@pytest.mark.parametrize("name", PREPROCESSORS)
def test_every_entry_names_a_function_its_device_and_licence(name: str) -> None:
    entry = PREPROCESSORS[name]
    assert callable(pkgutil.resolve_name(f"{preprocess.__name__}.{entry.function}"))
    assert entry.device == ("any" if entry.weights else "cpu")
    assert all(each.licence and each.hub_id.count("/") == 1 and each.files for each in entry.weights)


# --- without weights


@pytest.mark.parametrize("size", [(192, 128), (64, 64), (72, 512)])
@pytest.mark.parametrize("name", WEIGHTLESS)
def test_a_map_is_rgb_of_the_pictures_size_and_always_the_same(name: str, size: tuple[int, int]) -> None:
    picture = scene(*size)
    before, maps = picture.tobytes(), [PREPROCESSORS[name](picture, Detectors("cpu")) for _ in range(2)]
    assert (maps[0].size, maps[0].mode) == (size, "RGB")
    assert maps[0].tobytes() == maps[1].tobytes()
    assert picture.tobytes() == before


@pytest.mark.parametrize("name", ["canny", "xdog", "xdog_scribble", "gradient", "lsd"])
def test_lines_are_where_the_outlines_are(name: str) -> None:
    drawn = lines(PREPROCESSORS[name](scene(), Detectors("cpu")))
    outline = np.zeros_like(drawn)
    outline[36:112, 55:137] = True
    outline[42:107, 62:83] = outline[42:67, 62:130] = outline[42:107, 110:130] = outline[76:107, 92:100] = False
    assert drawn[outline].any()
    assert drawn[~outline].mean() < 0.01
    across = np.asarray(drawn[:, 52:70].any(axis=1))
    assert across[42:104].mean() > 0.9


@pytest.mark.parametrize("name", ["canny", "xdog", "xdog_scribble", "gradient"])
def test_noise_in_a_flat_picture_is_no_line(name: str) -> None:
    noise = np.random.default_rng(0).integers(60, 66, (128, 128, 3), dtype=np.uint8)
    assert lines(PREPROCESSORS[name](Image.fromarray(noise), Detectors("cpu"))).mean() < 0.002


@pytest.mark.parametrize("name", ["xdog", "xdog_scribble", "gradient"])
def test_an_edge_between_colours_of_equal_brightness_is_a_line_too(name: str) -> None:
    picture = Image.new("RGB", (128, 128), (200, 60, 60))
    ImageDraw.Draw(picture).rectangle((64, 0, 128, 128), fill=(60, 132, 60))
    flat = np.asarray(picture.convert("L"))
    assert np.ptp(flat) <= 2
    assert lines(PREPROCESSORS[name](picture, Detectors("cpu")))[:, 58:70].any(axis=1).all()


def test_a_scribble_is_thicker_than_line_art_and_hard() -> None:
    picture = scene(512, 512)
    fine, thick = (PREPROCESSORS[name](picture, Detectors("cpu")) for name in ("xdog", "xdog_scribble"))
    assert set(np.unique(np.asarray(thick))) == {0, 255}
    assert lines(thick).sum() > 1.3 * lines(fine).sum()


@pytest.mark.parametrize(("paper", "ink"), [("white", "black"), ("black", "white"), ("#e0d8c0", "#203050")])
def test_ink_on_paper_becomes_white_on_black(paper: str, ink: str) -> None:
    drawing = Image.new("RGB", (64, 64), paper)
    ImageDraw.Draw(drawing).line((8, 32, 56, 32), fill=ink, width=4)
    made = np.asarray(PREPROCESSORS["threshold"](drawing, Detectors("cpu")))
    assert made[32, 32].tolist() == [255] * 3
    assert made[8, 8].tolist() == [0] * 3


def test_straight_lines_are_found_and_dots_are_not() -> None:
    picture = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((20, 20, 100, 100), fill="black")
    for place in range(120, 240, 16):
        draw.ellipse((place, place, place + 8, place + 8), fill="black")
    found = lines(PREPROCESSORS["lsd"](picture, Detectors("cpu")))
    assert found[:110, :110].sum() > 250
    assert not found[114:, 114:].any()


@pytest.mark.parametrize("name", ["tile", "blur"])
def test_a_tile_keeps_colours_in_place_and_loses_detail(name: str) -> None:
    picture = scene(256, 256)
    before, after = (np.asarray(each, np.float32) for each in (picture, PREPROCESSORS[name](picture, Detectors("cpu"))))
    assert np.abs(before.reshape(8, 32, 8, 32, 3).mean((1, 3)) - after.reshape(8, 32, 8, 32, 3).mean((1, 3))).mean() < 3
    assert np.abs(np.diff(after, axis=1)).max() < 0.6 * np.abs(np.diff(before, axis=1)).max()


def test_a_shuffle_keeps_colours_and_no_place() -> None:
    picture = scene(256, 256)
    before, after = (np.asarray(each) for each in (picture, PREPROCESSORS["shuffle"](picture, Detectors("cpu"))))
    assert np.abs(before.mean((0, 1)) - after.mean((0, 1))).max() < 40
    assert np.abs(before.astype(int) - after).mean() > 20


def test_in_an_inpaint_map_black_is_what_to_repaint_and_nothing_else() -> None:
    picture = Image.new("RGB", (64, 64), "black")
    ImageDraw.Draw(picture).rectangle((0, 0, 31, 63), fill="red")
    picture.putalpha(Image.new("L", (64, 64), 255))
    picture.paste((9, 9, 9, 0), (16, 16, 48, 48))
    made = np.asarray(PREPROCESSORS["inpaint"](picture, Detectors("cpu")))
    black = (made == 0).all(axis=2)
    assert black[16:48, 16:48].all()
    assert black.sum() == 32 * 32
    assert made[0, 0].tolist() == [255, 0, 0]
    assert made[0, 63].tolist() == [1, 1, 1]


# --- skeletons


def person(**seen: tuple[float, float]) -> Person:
    """Joints by number, such as j0 for the nose; the others are not seen."""
    return Person(joints=tuple((*seen[f"j{n}"], 1.0) if f"j{n}" in seen else (0.0, 0.0, 0.0) for n in range(18)))


def test_a_skeleton_has_the_colours_that_controlnets_know() -> None:
    figure = person(j0=(256, 100), j1=(256, 200), j2=(160, 200), j5=(352, 200))
    drawn = np.asarray(draw_skeleton([figure], 512, 512))
    assert drawn[100, 256].tolist() == [255, 0, 0]
    assert drawn[200, 256].tolist() == [255, 85, 0]
    assert drawn[200, 352].tolist() == [85, 255, 0]
    assert drawn[200, 208].tolist() == [153, 0, 0]
    assert drawn[200, 304].tolist() == [153, 51, 0]
    assert drawn[150, 256].tolist() == [0, 0, 153]
    assert (drawn[197:204, 208] > 0).any(axis=1).all()
    assert len(set(COLOURS)) == 18


def test_the_skeleton_is_the_one_of_controlnets_own_annotator() -> None:
    from controlnet_aux.open_pose.body import Keypoint
    from controlnet_aux.open_pose.util import draw_bodypose

    rng = np.random.default_rng(3)
    joints = [(float(x), float(y), 1.0) for x, y in rng.uniform(20, 490, (18, 2))]
    joints[4] = (0.0, 0.0, 0.0)
    keypoints: Any = [Keypoint(x / 512, y / 512) if seen else None for x, y, seen in joints]
    theirs = draw_bodypose(np.zeros((512, 512, 3), np.uint8), keypoints)
    ours = np.asarray(draw_skeleton([Person(joints=tuple(joints))], 512, 512))
    assert (ours != theirs).any(axis=2).mean() < 0.005


def test_joints_that_are_not_seen_are_not_drawn() -> None:
    assert not np.asarray(draw_skeleton([person(j2=(9, 9))], 64, 64))[32:].any()
    assert not np.asarray(draw_skeleton([person()], 64, 64)).any()


def test_openposes_own_files_are_read_in_the_old_order_and_the_new() -> None:
    flat = [float(number) for joint in range(25) for number in (joint, 10 * joint, 1)]
    newer = Person.model_validate({"pose_keypoints_2d": flat})
    assert [joint[0] for joint in newer.joints] == [*range(8), *range(9, 19)]
    older = Person.model_validate({"person_id": [-1], "pose_keypoints_2d": flat[: 18 * 3], "face_keypoints_2d": []})
    assert [joint[0] for joint in older.joints] == list(range(18))
    with pytest.raises(ValidationError):
        Person.model_validate({"pose_keypoints_2d": flat[: 17 * 3]})


def test_cocos_joints_become_openposes_with_a_neck() -> None:
    names = (
        "nose l_eye r_eye l_ear r_ear l_shoulder r_shoulder l_elbow r_elbow l_wrist r_wrist l_hip r_hip l_knee r_knee"
    )
    coco = {name: number for number, name in enumerate((*names.split(), "l_ankle", "r_ankle"))}
    joints = np.array([(number, 2 * number, 0.9) for number in coco.values()], np.float32)
    joints[coco["r_shoulder"], 2] = 0.4
    joints[coco["l_wrist"], 2] = 0.1
    made = from_coco(joints).joints
    order = "nose neck r_shoulder r_elbow r_wrist l_shoulder l_elbow l_wrist r_hip r_knee r_ankle l_hip l_knee l_ankle"
    for joint, name in zip(made, (*order.split(), "r_eye", "l_eye", "r_ear", "l_ear"), strict=True):
        assert joint[0] == coco.get(name, 5.5)
    assert made[1] == pytest.approx((5.5, 11, 0.4))
    assert made[7][2] == 0


# --- with weights


@pytest.mark.parametrize("name", FEW)
def test_a_model_makes_a_map_of_the_pictures_size(detectors: Detectors, name: str) -> None:
    made = PREPROCESSORS[name](scene(), detectors)
    assert (made.size, made.mode) == ((192, 128), "RGB")
    assert made.tobytes() == PREPROCESSORS[name](scene(), detectors).tobytes()


def test_what_is_near_is_white_and_what_is_far_is_black(detectors: Detectors) -> None:
    made = np.asarray(PREPROCESSORS["depth_anything"](scene(), detectors))
    model, processor = detectors.transformer(weights.DEPTH_ANYTHING, "AutoModelForDepthEstimation")
    with torch.inference_mode():
        depth = model(**processor(images=scene(), return_tensors="pt")).predicted_depth[0]
    assert (made.min(), made.max()) == (0, 255)
    assert (made[..., 0] == made[..., 2]).all()
    near, far = (
        np.array(np.unravel_index(int(at), depth.shape)) / depth.shape for at in (depth.argmax(), depth.argmin())
    )
    bright, dark = (made[tuple((at * made.shape[:2]).astype(int))][0] for at in (near, far))
    assert bright > 200
    assert dark < 55


def test_people_become_skeletons_and_an_empty_place_stays_black(detectors: Detectors, tmp_path: Path) -> None:
    crowded = np.asarray(PREPROCESSORS["vitpose"](scene(), detectors))
    assert {tuple(colour) for colour in crowded.reshape(-1, 3)} & set(COLOURS)
    dogs = {**detectors.folders, weights.RT_DETR.hub_id: tiny_detectors.rt_detr(tmp_path / "dogs", sees=16)}
    assert not np.asarray(PREPROCESSORS["vitpose"](scene(), Detectors("cpu", dogs))).any()


def test_every_class_has_its_colour_and_the_colours_are_those_of_ade20k(detectors: Detectors) -> None:
    from controlnet_aux.util import ade_palette

    assert [list(PALETTE[start : start + 3]) for start in range(0, len(PALETTE), 3)] == ade_palette()
    made = np.asarray(PREPROCESSORS["segformer"](scene(), detectors))
    assert (made == ade_palette()[SKY]).all()


def test_models_stay_in_memory_until_there_is_no_room(detectors: Detectors) -> None:
    small = Detectors("cpu", detectors.folders, room=2)
    first = small.annotator(weights.PIDINET, "PidiNetDetector")
    assert small.annotator(weights.PIDINET, "PidiNetDetector") is first
    small.annotator(weights.MLSD, "MLSDdetector")
    small.annotator(weights.INFORMATIVE_DRAWINGS, "LineartDetector")
    assert [small.holds(each) for each in (weights.PIDINET, weights.MLSD, weights.INFORMATIVE_DRAWINGS)] == [
        False,
        True,
        True,
    ]


def test_nothing_is_said_on_the_terminal(detectors: Detectors, capfd: pytest.CaptureFixture[str]) -> None:
    fresh = Detectors("cpu", detectors.folders)
    for name in ("pidinet", "segformer"):
        PREPROCESSORS[name](scene(), fresh)
    assert capfd.readouterr() == ("", "")


# --- without the weights it needs


@pytest.mark.parametrize("name", HEAVY)
def test_absent_weights_are_told_in_one_sentence_at_once(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    start = time.perf_counter()
    with pytest.raises(GiveUp, match=r"not here.*hf download .* network.*needs none: canny, lineart") as refused:
        PREPROCESSORS[name](scene(), Detectors("cpu"))
    assert time.perf_counter() - start < 3
    said = str(refused.value)
    assert PREPROCESSORS[name].weights[0].how in said
    assert said.endswith(".")
    assert "\n" not in said
    assert ". " not in said


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.mark,)


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    torch.save({"state_dict": Evil(mark)}, tmp_path / "table5_pidinet.pth")
    with pytest.raises(GiveUp, match="more than weights"):
        PREPROCESSORS["pidinet"](scene(), Detectors("cpu", {weights.PIDINET.hub_id: tmp_path}))
    assert not mark.exists()
    pickle.loads(pickle.dumps(Evil(mark)))
    assert mark.exists()


@pytest.mark.parametrize("name", ["depth_anything", "segformer", "hed"])
def test_damaged_weights_are_told_in_one_sentence(detectors: Detectors, tmp_path: Path, name: str) -> None:
    needed = PREPROCESSORS[name].weights[0]
    for file in needed.files:
        whole = (detectors.folders[needed.hub_id] / file).read_bytes()
        (tmp_path / file).write_bytes(whole if file.endswith(".json") else whole[: len(whole) // 2])
    with pytest.raises(GiveUp, match=r"damaged.*hf download"):
        PREPROCESSORS[name](scene(), Detectors("cpu", {needed.hub_id: tmp_path}))
