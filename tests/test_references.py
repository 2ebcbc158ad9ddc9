"""Reference pictures: rows that look at some, at others or at none share a batch, and the model stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from diffusers import DiffusionPipeline
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file

from knowledge.problems import GiveUp, TryAgain
from knowledge.recipe import ControlUse, LoraUse, Recipe, ReferenceUse
from tests import tiny_models
from tests.diffusers_oracle import alone, decoded
from tools.call import Call
from tools.engine.adapters import wearing
from tools.engine.engine import Engine
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.ip_adapters import HUB, IP_ADAPTERS, is_here
from tools.engine.job import Job
from tools.engine.model_files import KnownModel
from tools.engine.row import Row
from tools.renderer import Rendered

FIRST, OTHER, MASK, MAP, LORA = ("a" * 64, "b" * 64, "c" * 64, "d" * 64, "e" * 64)
SIZE = (64, 64)


def drawn(box: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("RGB", SIZE, "black")
    ImageDraw.Draw(image).rectangle(box, fill="white")
    return image


IMAGES = {
    FIRST: Image.effect_mandelbrot(SIZE, (-2, -1, 1, 1), 20).convert("RGB"),
    OTHER: Image.linear_gradient("L").resize((90, 50)).convert("RGB"),
    MASK: drawn((16, 24, 39, 63)),
    MAP: drawn((10, 10, 50, 40)),
}
ONE = (ReferenceUse(image_id=FIRST),)
TWO = (ReferenceUse(image_id=OTHER, scale=1.2), ReferenceUse(image_id=FIRST, scale=0.3))
CONTROL = (ControlUse(kind="canny", image_id=MAP),)
TASKS: dict[str, dict[str, Any]] = {
    "looks at nothing": {},
    "looks at one": {"references": ONE},
    "looks at two": {"references": TWO, "scheduler": "unipc"},
    "looks at another": {"references": TWO[:1], "scheduler": "euler_a", "num_inference_steps": 5},
    "from a picture": {"references": ONE, "init_image_id": FIRST, "strength": 0.7},
    "repainted": {"references": TWO, "init_image_id": FIRST, "mask_id": MASK, "scheduler": "dpmpp_2m"},
    "controlled": {"references": ONE, "controls": CONTROL},
    "controlled from a picture": {"references": TWO, "controls": CONTROL, "init_image_id": FIRST, "strength": 0.7},
    "controlled and looks at nothing": {"controls": CONTROL},
    "with a LoRA": {"references": TWO, "loras": (LoraUse(name="ink", sha256=LORA, weight=0.7),)},
    "not guided": {"references": ONE, "guidance_scale": 1.0},
    "against its own words": {"references": ONE, "negative_prompt": "a fox"},
    "at a scale of nothing": {"references": (ReferenceUse(image_id=FIRST, scale=0.0),)},
}


@dataclass(frozen=True)
class Studio:
    folder: Path
    renderer: EngineRenderer

    def recipe(self, **changes: Any) -> Recipe:
        plain = {"model": "tiny", "prompt": "a fox", "width": 64, "height": 64, "num_inference_steps": 4}
        return Recipe.model_validate(plain | changes)

    def draw(self, **changes: Any) -> bytes:
        return self.renderer.render(self.recipe(**changes), Call()).image.tobytes()

    def loaded(self, model: str) -> Any:
        return self.renderer.store.model(model)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    folder = tmp_path_factory.mktemp("models")
    known, loras = {}, {}
    for name, build in (("tiny", tiny_models.sd15), ("tiny-xl", tiny_models.sdxl)):
        model = build(folder / name)
        net = tiny_models.controlnet(folder / f"{name}-net", model)
        for kind in ("plain", "plus"):
            adapter = tiny_models.ip_adapter(folder / f"{name}-{kind}", model, plus=kind == "plus")
            title = name if kind == "plain" else f"{name}-plus"
            known[title] = KnownModel(str(model), name, {"canny": str(net)}, 64, str(adapter))
    loras[LORA] = tiny_models.kohya_lora(folder / "ink.safetensors", folder / "tiny", strength=0.1)
    return Studio(folder, EngineRenderer(IMAGES.__getitem__, loras.__getitem__, known, "cpu"))


@pytest.mark.parametrize(
    ("model", "kind", "tasks"),
    [
        ("tiny", "plain", tuple(TASKS)),
        ("tiny", "plus", ("looks at nothing", "looks at two", "repainted", "not guided")),
        ("tiny-xl", "plain", ("looks at nothing", "looks at one", "controlled from a picture")),
    ],
)
def test_every_task_in_one_crowd_gives_what_diffusers_gives_alone(
    studio: Studio, model: str, kind: str, tasks: tuple[str, ...]
) -> None:
    name = model if kind == "plain" else f"{model}-plus"
    recipes = {task: studio.recipe(model=name, seed=n, **TASKS[task]) for n, task in enumerate(tasks)}
    rows = crowd(studio, list(recipes.values()))
    oracle: Any = DiffusionPipeline.from_pretrained(studio.folder / model)
    folders = studio.folder / f"{model}-net", studio.folder / f"{model}-{kind}"
    for (task, recipe), row in zip(recipes.items(), rows, strict=True):
        loras = [(use, studio.renderer.lora_path(use.sha256)) for use in recipe.loras]
        with wearing(oracle, name, loras):
            expected = decoded(oracle, alone(oracle, recipe, IMAGES, *folders))
        difference = (decoded(oracle, row.latents) - expected).abs().max().item()
        assert difference <= 1e-4, (task, difference)


def test_a_reference_changes_the_picture_and_leaves_the_model_as_it_was(studio: Studio) -> None:
    unet = studio.loaded("tiny").pipeline.unet
    plain, before = studio.draw(), {name: tensor.clone() for name, tensor in unet.state_dict().items()}
    for n in range(4):
        assert studio.draw(references=(ONE, TWO)[n % 2]) != plain
        assert studio.draw() == plain
    after = unet.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    hooks = [one for part in unet.modules() for one in (*part._forward_hooks, *part._forward_pre_hooks)]
    assert not hooks


def test_rows_with_references_and_rows_without_share_the_calls_of_the_unet(studio: Studio) -> None:
    unet = studio.loaded("tiny").pipeline.unet
    with counted(unet) as sizes:
        crowd(studio, [studio.recipe(), studio.recipe(references=ONE), studio.recipe(references=TWO)])
    assert sizes == [6] * 4


def test_a_picture_is_encoded_once_however_many_look_at_it(studio: Studio) -> None:
    studio.draw(references=ONE)
    adapter = studio.loaded("tiny").ip_adapter
    misses = adapter.looks.misses
    with counted(adapter.encoder) as sizes:
        for seed in range(3):
            studio.draw(references=ONE, seed=seed)
    assert not sizes
    assert adapter.looks.misses == misses


def test_a_model_without_an_ip_adapter_says_what_to_do(studio: Studio) -> None:
    with pytest.raises(
        TryAgain, match=r"no IP-Adapter for .*: leave references out, or draw with a model of sd1 or sdxl"
    ):
        studio.draw(model=str(studio.folder / "tiny"), references=ONE)


def test_what_was_fetched_for_a_family_before_is_here_and_nothing_is_fetched_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert not is_here("sd1")
    repository = tmp_path / f"models--{HUB.replace('/', '--')}"
    weights, encoder = IP_ADAPTERS["sd1"]
    for name in (weights, f"{encoder}/config.json", f"{encoder}/model.safetensors"):
        assert not is_here("sd1")
        file = repository / "snapshots" / "abc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / "main").write_text("abc")
    assert is_here("sd1")
    assert not is_here("sdxl")
    assert not is_here("flux")


@pytest.mark.parametrize("wrong", ["another model's", "one that reads faces", "half of one", "no encoder", "damaged"])
def test_an_ip_adapter_that_cannot_be_used_is_refused_in_one_sentence(
    studio: Studio, tmp_path: Path, wrong: str
) -> None:
    folder, model = tmp_path / "adapter", studio.folder / "tiny"
    tiny_models.ip_adapter(folder, studio.folder / "tiny-xl" if wrong == "another model's" else model)
    file = folder / "ip_adapter.safetensors"
    kept = load_file(file)
    match wrong:
        case "one that reads faces":
            save_file({name.replace("image_proj.proj.", "image_proj.proj.2."): one for name, one in kept.items()}, file)
        case "half of one":
            save_file({name: one for name, one in kept.items() if "to_v" not in name}, file)
        case "no encoder":
            (folder / "image_encoder").rename(tmp_path / "elsewhere")
        case "damaged":
            file.write_bytes(file.read_bytes()[:1000])
    known = {"tiny": KnownModel(str(model), "tiny", ip_adapter=str(folder))}
    renderer = EngineRenderer(IMAGES.__getitem__, studio.renderer.lora_path, known, "cpu")
    with pytest.raises((TryAgain, GiveUp), match="IP-Adapter of 'tiny'") as told:
        renderer.render(studio.recipe(references=ONE), Call())
    assert isinstance(told.value, GiveUp) == (wrong == "damaged")
    assert renderer.render(studio.recipe(), Call()).image.tobytes() == studio.draw()


def crowd(studio: Studio, recipes: list[Recipe]) -> list[Row]:
    """All at once; the rows they were."""
    rows: dict[Job, Row] = {}

    def begin(job: Job) -> Row | Rendered:
        row = studio.renderer._begin(job)  # pyright: ignore[reportPrivateUsage]
        assert isinstance(row, Row)
        rows[job] = row
        return row

    engine, jobs = Engine(begin), [Job(recipe, dict(IMAGES), whole=dict(IMAGES)) for recipe in recipes]
    with engine._lock:  # pyright: ignore[reportPrivateUsage]
        for job in jobs[:-1]:
            engine.line.put(job)
    engine.submit(jobs[-1])
    for job in jobs:
        job.outcome()
    return [rows[job] for job in jobs]


@contextmanager
def counted(module: Any) -> Iterator[list[int]]:
    """How many entries each call has."""
    sizes: list[int] = []
    hook = module.register_forward_pre_hook(
        lambda _, args, given: sizes.append(len(next(iter((*args, *given.values()))))), with_kwargs=True
    )
    try:
        yield sizes
    finally:
        hook.remove()
