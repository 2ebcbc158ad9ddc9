"""The diffusers engine draws what a recipe says, on any model folder, and leaves no trace on the next picture."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file

from knowledge.problems import GiveUp, Problem, TryAgain
from knowledge.recipe import ControlUse, Hires, LoraUse, Recipe, ReferenceUse, Scheduler
from tests import tiny_models
from tools.call import Call
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.model_files import KnownModel
from tools.engine.quiet import quiet
from tools.engine.schedulers import FLOW_SCHEDULERS, SCHEDULERS, scheduler_for
from tools.renderer import Cancelled

CIRCLE, SQUARES = "c" * 64, "5" * 64


@dataclass(frozen=True)
class Studio:
    """A folder of tiny models, the images and adapters a recipe may name, and one renderer over them."""

    folder: Path
    renderer: EngineRenderer
    adapters: dict[str, Path]

    def recipe(self, **changes: Any) -> Recipe:
        plain = {"model": "tiny", "prompt": "a fox", "width": 64, "height": 64, "num_inference_steps": 3}
        return Recipe.model_validate(plain | changes)

    def draw(self, **changes: Any) -> bytes:
        return self.renderer.render(self.recipe(**changes), Call()).image.tobytes()

    def lora(self, file: Path, weight: float = 1.0) -> LoraUse:
        sha256 = hashlib.sha256(file.name.encode()).hexdigest()
        self.adapters[sha256] = file
        return LoraUse(name=file.stem, sha256=sha256, weight=weight)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    folder = tmp_path_factory.mktemp("models")
    sd15, sdxl = tiny_models.sd15(folder / "sd15"), tiny_models.sdxl(folder / "sdxl")
    tiny_models.sd3(folder / "sd3")
    tiny_models.controlnet(folder / "edges", sd15)
    tiny_models.controlnet(folder / "edges-xl", sdxl)
    known = {
        "tiny": KnownModel(str(sd15), "tiny", {"canny": str(folder / "edges")}, 64),
        "tiny-xl": KnownModel(str(sdxl), "tiny-xl", {"canny": str(folder / "edges-xl")}, 64),
    }
    pictures = {CIRCLE: _picture(), SQUARES: Image.effect_mandelbrot((64, 64), (-2, -1, 1, 1), 20).convert("RGB")}
    adapters: dict[str, Path] = {}
    return Studio(folder, EngineRenderer(pictures.__getitem__, adapters.__getitem__, known, "cpu"), adapters)


def _picture() -> Image.Image:
    image = Image.new("RGB", (100, 80), "white")
    ImageDraw.Draw(image).ellipse((20, 20, 70, 70), fill="red", outline="black")
    return image


# --- any model


@pytest.mark.parametrize("shape", ["sd15", "sdxl", "sd3"])
def test_a_folder_of_any_shape_draws_and_draws_the_same_again(studio: Studio, shape: str) -> None:
    model = str(studio.folder / shape)
    first = studio.renderer.render(studio.recipe(model=model, seed=7), Call())
    assert (first.image.size, first.image.mode) == ((64, 64), "RGB")
    assert {"load", "draw"} <= set(first.seconds)
    assert {"atelier", "diffusers", "torch", "device", "model"} == set(first.versions)
    assert studio.draw(model=model, seed=8) != first.image.tobytes()
    assert studio.draw(model=model, seed=7) == first.image.tobytes()


def test_the_same_recipe_gives_the_same_bytes_in_another_renderer(studio: Studio) -> None:
    fresh = EngineRenderer(studio.renderer.images, studio.renderer.lora_path, studio.renderer.known, "cpu")
    assert fresh.render(studio.recipe(), Call()).image.tobytes() == studio.draw()


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "an owl"},
        {"negative_prompt": "blurry"},
        {"guidance_scale": 9.0},
        {"num_inference_steps": 4},
        {"clip_skip": 1},
        {"clip_skip": 2},
        {"init_image_id": CIRCLE},
        {"init_image_id": SQUARES, "strength": 0.4},
    ],
    ids=str,
)
@pytest.mark.parametrize("model", ["tiny", "tiny-xl"])
def test_every_field_changes_the_picture(studio: Studio, model: str, change: dict[str, Any]) -> None:
    assert studio.draw(model=model, **change) != studio.draw(model=model)


def test_families_and_sides_are_read_from_the_folders(studio: Studio) -> None:
    renderer = studio.renderer
    assert renderer.family("tiny") == "tiny"
    assert [renderer.family(str(studio.folder / shape)) for shape in ("sdxl", "sd3")] == ["sdxl", "sd3"]
    assert [renderer.side(str(studio.folder / shape)) for shape in ("sd15", "sdxl", "sd3")] == [64, 64, 64]


def test_the_width_of_the_text_tells_stable_diffusion_1_from_2(studio: Studio, tmp_path: Path) -> None:
    for width, family in ((768, "sd1"), (1024, "sd2")):
        folder = tiny_models.sd15(tmp_path / family)
        config = json.loads((folder / "unet" / "config.json").read_text())
        (folder / "unet" / "config.json").write_text(json.dumps(config | {"cross_attention_dim": width}))
        assert studio.renderer.family(str(folder)) == family


def test_tokens_are_counted_without_loading_the_model(studio: Studio) -> None:
    fresh = EngineRenderer(studio.renderer.images, studio.renderer.lora_path, studio.renderer.known, "cpu")
    assert fresh.tokens("tiny", "fox") == (5, 77)
    assert not fresh.store._models  # pyright: ignore[reportPrivateUsage]


# --- samplers


def test_the_table_names_every_scheduler_of_a_recipe() -> None:
    assert set(SCHEDULERS) == set(get_args(Scheduler))


@pytest.mark.parametrize("name", get_args(Scheduler))
def test_every_scheduler_draws_its_own_picture(studio: Studio, name: Scheduler) -> None:
    steps: list[tuple[int, int]] = []
    recipe = studio.recipe(scheduler=name, num_inference_steps=4)
    image = studio.renderer.render(recipe, Call(lambda done, of: steps.append((done, of)))).image
    assert steps[-1][0] == steps[-1][1] == len(steps)
    assert image.tobytes() == studio.draw(scheduler=name, num_inference_steps=4)
    assert name == "euler" or image.tobytes() != studio.draw(num_inference_steps=4)
    assert np.asarray(image).std() > 1


def test_every_scheduler_keeps_the_models_own_prediction_type(studio: Studio) -> None:
    with quiet():
        model = studio.renderer.store.model("tiny")
    for name in SCHEDULERS:
        scheduler: Any = scheduler_for(name, model.pipeline.scheduler)
        assert scheduler.config.prediction_type == "v_prediction"
        assert scheduler.config.beta_schedule == "scaled_linear"


@pytest.mark.parametrize("name", FLOW_SCHEDULERS)
def test_flow_models_draw_with_the_samplers_made_for_them(studio: Studio, name: Scheduler) -> None:
    assert np.frombuffer(studio.draw(model=str(studio.folder / "sd3"), scheduler=name), np.uint8).std() > 1


def test_flow_models_draw_from_an_image(studio: Studio) -> None:
    model = str(studio.folder / "sd3")
    assert studio.draw(model=model, init_image_id=CIRCLE) != studio.draw(model=model)


# --- progress and cancellation


def test_a_cancelled_drawing_stops_within_one_step_and_the_next_is_exact(studio: Studio) -> None:
    before, stop, steps = studio.draw(scheduler="dpmpp_2m"), threading.Event(), []

    def progressed(done: int, of: int) -> None:
        steps.append(done)
        if done == 2:
            stop.set()

    with pytest.raises(Cancelled):
        studio.renderer.render(studio.recipe(scheduler="dpmpp_2m", num_inference_steps=9), Call(progressed, stop))
    assert steps == [1, 2]
    assert studio.draw(scheduler="dpmpp_2m") == before


def test_a_drawing_cancelled_before_it_starts_does_nothing(studio: Studio) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        studio.renderer.render(studio.recipe(model="nowhere/at-all"), Call(cancelled=stop))


# --- adapters


@pytest.mark.parametrize("shape", ["sd15", "sdxl"])
def test_a_lora_changes_the_picture_and_leaves_no_trace(studio: Studio, tmp_path: Path, shape: str) -> None:
    folder = studio.folder / shape
    lora = studio.lora(tiny_models.kohya_lora(tmp_path / f"ink-{shape}.safetensors", folder))
    plain = studio.draw(model=str(folder))
    inked = studio.draw(model=str(folder), loras=(lora,))
    assert inked != plain
    assert studio.draw(model=str(folder)) == plain
    assert studio.draw(model=str(folder), loras=(lora,)) == inked
    assert studio.draw(model=str(folder), loras=(lora.model_copy(update={"weight": 0.5}),)) not in (plain, inked)
    assert studio.draw(model=str(folder), loras=(lora.model_copy(update={"weight": 0.0}),)) == plain


def test_a_lora_in_kohyas_format_adds_exactly_its_product(studio: Studio, tmp_path: Path) -> None:
    folder = studio.folder / "sd15"
    file = tiny_models.kohya_lora(tmp_path / "exact.safetensors", folder)
    worn = studio.draw(loras=(studio.lora(file, 0.7),))
    merged = tmp_path / "merged"
    _merge(file, 0.7, folder, merged)
    difference = np.frombuffer(worn, np.uint8).astype(int) - np.frombuffer(studio.draw(model=str(merged)), np.uint8)
    assert np.abs(difference).max() <= 1


def _merge(file: Path, weight: float, folder: Path, merged: Path) -> None:
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(folder)
    tensors = load_file(file)
    parts = (("lora_unet", pipeline.unet), ("lora_te_text_model", pipeline.text_encoder))
    named = [(f"{start}_{name}", layer) for start, part in parts for name, layer in part.named_modules()]
    layers = {name.replace(".", "_"): layer for name, layer in named}
    for name in {key.split(".")[0] for key in tensors}:
        down, up = tensors[f"{name}.lora_down.weight"], tensors[f"{name}.lora_up.weight"]
        layers[name].weight.data += weight * tensors[f"{name}.alpha"] / down.shape[0] * (up @ down)
    pipeline.save_pretrained(merged)


def test_several_loras_work_together(studio: Studio, tmp_path: Path) -> None:
    files = [tiny_models.kohya_lora(tmp_path / f"{n}.safetensors", studio.folder / "sd15", seed=n) for n in (3, 4)]
    one, two = (studio.lora(file) for file in files)
    pictures = {studio.draw(loras=loras) for loras in ((), (one,), (two,), (one, two))}
    assert len(pictures) == 4


def _wrong_architecture(studio: Studio, folder: Path) -> Path:
    return tiny_models.kohya_lora(folder / "for-sdxl.safetensors", studio.folder / "sdxl")


def _wrong_width(studio: Studio, folder: Path) -> Path:
    file = tiny_models.kohya_lora(folder / "wide.safetensors", studio.folder / "sd15")
    tensors = load_file(file)
    name = next(key for key in tensors if "attn2_to_k.lora_down" in key)
    save_file(tensors | {name: torch.randn(2, 768)}, file)
    return file


def _empty(studio: Studio, folder: Path) -> Path:
    save_file({}, folder / "empty.safetensors")
    return folder / "empty.safetensors"


def _zero_bytes(studio: Studio, folder: Path) -> Path:
    (folder / "zero.safetensors").touch()
    return folder / "zero.safetensors"


def _pickled(studio: Studio, folder: Path) -> Path:
    torch.save({"lora_unet_x.lora_down.weight": torch.ones(1)}, folder / "old.pt")
    return folder / "old.pt"


def _pickle_in_disguise(studio: Studio, folder: Path) -> Path:
    return _pickled(studio, folder).rename(folder / "disguised.safetensors")


def _missing(studio: Studio, folder: Path) -> Path:
    return folder / "gone.safetensors"


def _no_lora(studio: Studio, folder: Path) -> Path:
    save_file({"conv_in.weight": torch.ones(2, 2)}, folder / "plain.safetensors")
    return folder / "plain.safetensors"


@pytest.mark.parametrize(
    "made",
    [_wrong_architecture, _wrong_width, _empty, _zero_bytes, _pickled, _pickle_in_disguise, _missing, _no_lora],
)
def test_a_bad_lora_is_refused_in_one_sentence_and_the_model_is_unharmed(
    studio: Studio, tmp_path: Path, made: Any
) -> None:
    plain = studio.draw()
    good = studio.lora(tiny_models.kohya_lora(tmp_path / "good.safetensors", studio.folder / "sd15"))
    bad = studio.lora(made(studio, tmp_path))
    with pytest.raises(TryAgain) as refused:
        studio.draw(loras=(good, bad))
    _one_sentence(refused.value)
    assert bad.name in str(refused.value)
    assert str(tmp_path) not in str(refused.value)
    assert studio.draw() == plain


# --- control


@pytest.mark.parametrize("model", ["tiny", "tiny-xl"])
def test_a_control_map_changes_the_picture(studio: Studio, model: str) -> None:
    def control(image: str, **changes: Any) -> tuple[ControlUse, ...]:
        return (ControlUse(kind="canny", image_id=image, **changes),)

    plain = studio.draw(model=model)
    circle = studio.draw(model=model, controls=control(CIRCLE))
    assert circle not in (plain, studio.draw(model=model, controls=control(SQUARES)))
    assert studio.draw(model=model, controls=control(CIRCLE, conditioning_scale=0.0)) == plain
    assert studio.draw(model=model, controls=control(CIRCLE, end=0.4)) not in (plain, circle)
    assert studio.draw(model=model, controls=control(CIRCLE) + control(SQUARES)) not in (plain, circle)
    assert studio.draw(model=model, controls=control(CIRCLE), init_image_id=SQUARES) not in (plain, circle)
    assert studio.draw(model=model, controls=control(CIRCLE), clip_skip=1) not in (plain, circle)
    assert studio.draw(model=model) == plain


# --- refusals


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mask_id": CIRCLE}, "mask_id needs a picture"),
        ({"references": (ReferenceUse(image_id=CIRCLE),)}, "references"),
        ({"init_image_id": CIRCLE, "strength": 0.1}, "strength"),
        ({"clip_skip": 12}, "at most 2"),
        ({"controls": (ControlUse(kind="canny", image_id=CIRCLE, start=0.5, end=0.5),)}, "start before"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(studio: Studio, change: dict[str, Any], said: str) -> None:
    with pytest.raises(TryAgain, match=said) as refused:
        studio.draw(**change)
    _one_sentence(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clip_skip": 1}, "clip_skip"),
        ({"controls": (ControlUse(kind="canny", image_id=CIRCLE),)}, "'canny' ControlNet"),
        ({"scheduler": "ddim"}, "choose one of dpmpp_2m, euler, unipc"),
        ({"scheduler": "unipc", "init_image_id": CIRCLE}, "choose one of euler"),
        ({"width": 72}, "multiple of 16"),
        ({"hires": Hires()}, "cannot draw a second pass: leave hires out"),
        ({"references": (ReferenceUse(image_id=CIRCLE),)}, "no IP-Adapter"),
    ],
)
def test_what_a_transformer_model_does_not_have_is_refused(studio: Studio, change: dict[str, Any], said: str) -> None:
    with pytest.raises(TryAgain, match=said):
        studio.draw(model=str(studio.folder / "sd3"), **change)


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "model.bin"])
def test_a_pickled_checkpoint_is_refused(studio: Studio, tmp_path: Path, name: str) -> None:
    torch.save({}, tmp_path / name)
    with pytest.raises(TryAgain, match="pickle"):
        studio.draw(model=str(tmp_path / name))


def test_a_folder_with_only_pickles_is_refused(studio: Studio, tmp_path: Path) -> None:
    folder = tiny_models.sd15(tmp_path / "pickled")
    for file in folder.rglob("*.safetensors"):
        torch.save(load_file(file), file.with_suffix(".bin"))
        file.unlink()
    with pytest.raises(TryAgain, match="safetensors"):
        studio.draw(model=str(folder))


def test_one_pickled_part_is_never_read(studio: Studio, tmp_path: Path) -> None:
    folder = tiny_models.sd15(tmp_path / "half-pickled")
    file = next((folder / "unet").glob("*.safetensors"))
    torch.save(load_file(file), file.with_suffix(".bin"))
    file.unlink()
    with pytest.raises(GiveUp, match="safetensors"):
        studio.draw(model=str(folder))


def test_a_model_with_its_own_code_is_refused(studio: Studio, tmp_path: Path) -> None:
    folder = tiny_models.sd15(tmp_path / "custom")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": ["pipeline", "Mine"]}))
    (folder / "pipeline.py").write_text("raise SystemExit")
    with pytest.raises(TryAgain, match="code"):
        studio.draw(model=str(folder))


@pytest.mark.parametrize("name", ["./nothing/here", "/nothing/here", "a/b/c", "folder"])
def test_a_path_with_no_model_is_refused(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(TryAgain) as refused:
        studio.draw(model=name)
    _one_sentence(refused.value)


@pytest.mark.parametrize("switch", [True, False], ids=["told to stay offline", "no route"])
@pytest.mark.parametrize("name", ["stabilityai/sdxl-turbo", "picturbook"])
def test_a_hub_id_without_a_network_is_answered_at_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, switch: bool
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", switch)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    start = time.perf_counter()
    for asked in (studio.draw, lambda model: studio.renderer.tokens(model, "a fox"), studio.renderer.family):
        with pytest.raises(GiveUp, match=f"{name!r} is not here.*check the name.*local folder") as refused:
            asked(model=name)
        _one_sentence(refused.value)
    assert time.perf_counter() - start < 3


def test_a_controlnet_from_the_hub_without_a_network_is_answered_at_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    start = time.perf_counter()
    with pytest.raises(GiveUp, match="controlnet-canny-sdxl"):
        studio.draw(model=str(studio.folder / "sdxl"), controls=(ControlUse(kind="canny", image_id=CIRCLE),))
    assert time.perf_counter() - start < 3


def test_a_single_file_without_its_configuration_is_answered_at_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    file = tmp_path / "dream.safetensors"
    save_file({"cond_stage_model.transformer.text_model.embeddings.position_ids": torch.zeros(1, 77)}, file)
    assert (studio.renderer.family(str(file)), studio.renderer.side(str(file))) == ("sd1", 512)
    start = time.perf_counter()
    with pytest.raises(GiveUp, match="configuration") as refused:
        studio.draw(model=str(file))
    _one_sentence(refused.value)
    assert time.perf_counter() - start < 3


def test_a_device_that_is_not_there_is_named(studio: Studio) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    renderer = EngineRenderer(studio.renderer.images, studio.renderer.lora_path, studio.renderer.known, "cuda")
    with pytest.raises(GiveUp, match="'cuda'"):
        renderer.render(studio.recipe(), Call())


def test_a_drawing_says_nothing_on_the_terminal(
    studio: Studio, tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    renderer = EngineRenderer(studio.renderer.images, studio.renderer.lora_path, studio.renderer.known, "cpu")
    lora = studio.lora(tiny_models.kohya_lora(tmp_path / "loud.safetensors", studio.folder / "sd15"))
    capfd.readouterr()
    recwarn.clear()
    control = ControlUse(kind="canny", image_id=CIRCLE)
    renderer.render(studio.recipe(prompt="a fox " * 60, loras=(lora,), controls=(control,)), Call())
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def _one_sentence(problem: Problem) -> None:
    said = str(problem)
    assert said.endswith(".")
    assert "\n" not in said
    assert ". " not in said
    assert len(said) < 260
