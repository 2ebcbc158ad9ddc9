"""Short memory costs time and never a picture: what a machine can keep decides where models are, not what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionXLPipeline
from PIL import Image, ImageDraw
from torch import nn

from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, LoraUse, Recipe
from tests import tiny_models
from tools.call import Call
from tools.engine.decoding import Coder
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.footprint import decoding, denoising
from tools.engine.job import Job
from tools.engine.model_files import KnownModel
from tools.engine.offload import Offload, nbytes
from tools.engine.profile import NORMAL, Budget, Profile
from tools.engine.strips import Strips
from tools.engine.tiers import Tiers

PICTURE, LORA = "a" * 64, "1" * 64
TASKS: dict[str, dict[str, Any]] = {
    "from noise": {},
    "from a picture": {"init_image_id": PICTURE, "strength": 0.7},
    "controlled": {"controls": (ControlUse(kind="canny", image_id=PICTURE),)},
    "with a LoRA": {"loras": (LoraUse(name="good", sha256=LORA),)},
}
CASES = [
    (model, task) for model in ("tiny", "tiny-xl") for task in TASKS if (model, task) != ("tiny-xl", "with a LoRA")
]


@dataclass(frozen=True)
class Shop:
    folder: Path
    known: dict[str, KnownModel]

    def renderer(self, profile: Profile = NORMAL) -> EngineRenderer:
        images, loras = {PICTURE: picture()}, {LORA: self.folder / "good.safetensors"}
        return EngineRenderer(images.__getitem__, loras.__getitem__, self.known, "cpu", profile)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("models")
    known = {}
    for name, build in (("tiny", tiny_models.sd15), ("tiny-xl", tiny_models.sdxl)):
        model = build(folder / name)
        net = tiny_models.controlnet(folder / f"{name}-net", model)
        known[name] = KnownModel(str(model), name, {"canny": str(net)}, 64)
    tiny_models.kohya_lora(folder / "good.safetensors", folder / "tiny", strength=0.1)
    return Shop(folder, known)


def recipe(**changes: Any) -> Recipe:
    plain = {"model": "tiny", "prompt": "a fox", "width": 64, "height": 64, "num_inference_steps": 2}
    return Recipe.model_validate(plain | changes)


def picture() -> Image.Image:
    image = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(image).ellipse((10, 10, 50, 40), fill="red")
    return image


def drawn(renderer: EngineRenderer, **changes: Any) -> np.ndarray:
    return np.asarray(renderer.render(recipe(**changes), Call()).image, np.int16)


# --- models between the device, the host and the disk


@dataclass
class Box:
    """Ten bytes of weights, on a device that has room for so many boxes."""

    name: str
    device: list[str]
    room: int = 99
    nbytes: int = 10

    def wake(self) -> None:
        if len(self.device) >= self.room:
            raise torch.OutOfMemoryError
        self.device.append(self.name)

    def rest(self) -> None:
        self.device.remove(self.name)


@dataclass
class Shelf:
    tiers: Tiers[Box]
    room: int = 99
    device: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def use(self, names: str) -> None:
        for name in names:
            self.tiers.of(name, 10, lambda: self._load(name))  # noqa: B023

    def _load(self, name: str) -> Box:
        self.loaded.append(name)
        return Box(name, self.device, self.room)

    def where(self, names: str) -> list[str]:
        return [self.tiers.where(name) for name in names]


def test_what_was_used_longest_ago_goes_to_the_host_and_then_to_disk() -> None:
    shelf = Shelf(Tiers(lambda: Budget(device=20, host=10)))
    shelf.use("abab")
    assert shelf.where("ab") == ["device", "device"]
    shelf.use("c")
    assert shelf.where("abc") == ["host", "device", "device"]
    shelf.use("d")
    assert shelf.where("abcd") == ["disk", "host", "device", "device"]
    shelf.use("b")
    assert shelf.where("abcd") == ["disk", "device", "host", "device"]
    assert shelf.loaded == ["a", "b", "c", "d"], "what rests on the host is not read again"


def test_where_the_device_is_the_host_there_is_nowhere_to_rest() -> None:
    shelf = Shelf(Tiers(lambda: Budget(device=10, host=0)))
    shelf.use("aba")
    assert shelf.where("ab") == ["device", "disk"]
    assert shelf.loaded == ["a", "b", "a"]


def test_one_model_is_kept_though_it_is_larger_than_the_budget() -> None:
    shelf = Shelf(Tiers(lambda: Budget(device=5, host=5)))
    shelf.use("ab")
    assert shelf.where("ab") == ["disk", "device"]


def test_where_a_model_does_not_fit_beside_the_others_they_make_room() -> None:
    shelf = Shelf(Tiers(lambda: Budget(device=99, host=99)), room=2)
    shelf.use("abc")
    assert shelf.where("abc") == ["host", "host", "device"]
    shelf.room = 0
    with pytest.raises(torch.OutOfMemoryError):
        shelf.use("d")
    assert shelf.where("abcd") == ["host", "host", "host", "disk"]
    shelf.use("c")
    assert shelf.device == ["c"]


def test_models_that_come_and_go_draw_the_same(shop: Shop) -> None:
    """LoRAs, control maps and ControlNets come back with them."""
    ample = shop.renderer()
    weights = [ample.store.model(name).nbytes for name in ("tiny", "tiny-xl")]
    pipeline: Any = ample.store.model("tiny").pipeline
    work = denoising(pipeline.unet, 8, 8, 2)
    assert work < min(weights), "there is room to work in, and not for another model"
    small = shop.renderer(Profile(budget=Budget(device=max(weights) + work, host=2**30)))
    for model, task in sorted(CASES, key=lambda case: case[1]):
        same = np.abs(drawn(small, model=model, **TASKS[task]) - drawn(ample, model=model, **TASKS[task]))
        assert same.max() <= 1, "where it is short of room, a picture is decoded in strips"
    assert [small.store.where(name) for name in ("tiny", "tiny-xl")] == ["device", "host"]
    assert [ample.store.where(name) for name in ("tiny", "tiny-xl")] == ["device", "device"]
    assert small.store.model("tiny").controlnets


# --- the profile for small GPUs


class Watched(nn.Linear):
    """Tells where it is sent."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self.sent: list[str] = []

    def to(self, device: Any, **options: Any) -> Watched:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.sent.append(str(device))
        return super().to("cpu" if device == "elsewhere" else device, **options)


def test_parts_that_rest_are_on_the_device_only_while_they_work() -> None:
    part, other = Watched(), Watched()
    offload = Offload("elsewhere", (part, other))
    with offload.working(part):
        assert part.sent == []
    assert offload.rest()
    assert not offload.rest(), "there is nothing left to send away"
    assert (part.sent, other.sent) == (["cpu"], ["cpu"])
    with pytest.raises(ZeroDivisionError), offload.working(part):
        raise ZeroDivisionError
    assert (part.sent, other.sent) == (["cpu", "elsewhere", "cpu"], ["cpu"])


@pytest.mark.parametrize(("model", "task"), CASES)
def test_the_low_profile_draws_the_same(shop: Shop, model: str, task: str) -> None:
    normal, low = shop.renderer(), shop.renderer(Profile(low=True))
    assert np.abs(drawn(normal, model=model, **TASKS[task]) - drawn(low, model=model, **TASKS[task])).max() <= 1


def test_the_low_profile_draws_one_picture_at_a_time(shop: Shop) -> None:
    low, alone = shop.renderer(Profile(low=True)), shop.renderer()
    with calls_of(low) as entries:
        made = together(low, [recipe(seed=seed) for seed in range(3)])
    assert entries == [2] * 6
    assert all(np.abs(one - drawn(alone, seed=seed)).max() <= 1 for seed, one in enumerate(made))


# --- before memory runs out


def test_rows_share_a_call_as_far_as_there_is_memory_for_them(shop: Shop) -> None:
    renderer = shop.renderer(Profile(budget=Budget(room_for(shop, 5), 0)))
    with calls_of(renderer) as entries:
        assert len(together(renderer, [recipe(seed=seed) for seed in range(5)])) == 5
    assert entries == [4, 4, 2] * 2


def test_a_picture_that_cannot_fit_is_refused_before_it_is_begun(shop: Shop) -> None:
    renderer = shop.renderer(Profile(budget=Budget(room_for(shop, 2), 0)))
    with calls_of(renderer) as entries:
        with pytest.raises(TryAgain, match="128x128 does not fit into this GPU's memory: ask for a smaller picture"):
            drawn(renderer, width=128, height=128)
        assert entries == []
        # half of it is asked for without a negative prompt
        assert drawn(renderer, width=128, guidance_scale=1.0).shape == (64, 128, 3)
        assert drawn(renderer).shape == (64, 64, 3)


def room_for(shop: Shop, entries: int) -> int:
    """Bytes for the tiny model and one call of its UNet on so many latents, its helpers resting or not."""
    pipeline: Any = shop.renderer().store.model("tiny").pipeline
    weights = nbytes([pipeline.unet, pipeline.vae, pipeline.text_encoder])
    return weights + denoising(pipeline.unet, 8, 8, entries)


# --- where memory runs out all the same


def test_text_encoders_and_autoencoder_make_room_for_the_unet(shop: Shop) -> None:
    renderer = shop.renderer()
    expected, model = drawn(renderer, seed=3), renderer.store.model("tiny").ours
    assert model is not None

    def full(*_: Any) -> None:
        if not model.offload.resting:
            raise torch.OutOfMemoryError

    hook = model.unet.register_forward_pre_hook(full)
    try:
        assert (drawn(renderer, seed=3) == expected).all()
    finally:
        hook.remove()
    assert model.offload.resting


def test_other_models_make_room_for_a_picture_that_begins(shop: Shop) -> None:
    renderer = shop.renderer(Profile(budget=Budget(2**40, 2**40)))
    expected = drawn(renderer, prompt="an owl")
    renderer.store.model("tiny").ours.text.cache.clear()  # pyright: ignore[reportOptionalMemberAccess]
    drawn(renderer, model="tiny-xl")

    def full(*_: Any) -> None:
        if renderer.store.where("tiny-xl") == "device":
            raise torch.OutOfMemoryError

    pipeline: Any = renderer.store.model("tiny").pipeline
    hook = pipeline.text_encoder.register_forward_pre_hook(full)
    try:
        assert (drawn(renderer, prompt="an owl") == expected).all()
    finally:
        hook.remove()
    assert renderer.store.where("tiny-xl") == "host"


def test_where_nothing_is_left_to_make_room_it_is_refused_and_the_engine_goes_on(shop: Shop) -> None:
    renderer = shop.renderer()
    pipeline: Any = renderer.store.model("tiny").pipeline
    hook = pipeline.unet.register_forward_pre_hook(always_full)
    try:
        for _ in range(2):
            with pytest.raises(TryAgain, match="ask for a smaller picture"):
                drawn(renderer)
    finally:
        hook.remove()
    assert drawn(renderer).shape == (64, 64, 3)


def always_full(*_: Any) -> None:
    raise torch.OutOfMemoryError


# --- strips


@pytest.fixture(scope="module")
def autoencoder() -> Any:
    torch.manual_seed(0)
    build: Any = AutoencoderKL
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 3, "up_block_types": ("UpDecoderBlock2D",) * 3}
    return build(block_out_channels=(16, 32, 32), norm_num_groups=8, **blocks).eval()


@pytest.mark.parametrize("rows", [1, 5, 64])
@pytest.mark.parametrize("size", [(9, 6), (16, 3)])
@torch.no_grad()
def test_a_picture_decoded_in_strips_is_the_picture_decoded_whole(
    autoencoder: Any, rows: int, size: tuple[int, int]
) -> None:
    latents = torch.randn(2, 4, *size, generator=torch.Generator().manual_seed(0))
    whole = autoencoder.decoder(latents)
    strips = Strips(autoencoder.decoder, rows).decode(latents)
    assert (strips - whole).abs().max() <= 1e-5 * whole.abs().max()


def test_a_picture_without_room_is_decoded_in_strips_unasked(shop: Shop) -> None:
    pipeline: Any = StableDiffusionXLPipeline.from_pretrained(shop.folder / "tiny-xl")
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    decoder, seen = pipeline.vae.decoder, list[int]()
    decoder.register_forward_pre_hook(lambda decoder, args: seen.append(len(args[0])))
    ample, one, none = (Coder.of(pipeline), *(short(pipeline, pictures) for pictures in (1.5, 0.5)))
    expected, single, strips = (coder.decode(latents) for coder in (ample, one, none))
    assert seen == [2, 1, 1]
    for made in (single, strips):
        differences = [
            np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).max() for a, b in zip(expected, made, strict=True)
        ]
        assert max(differences) <= 1


def short(pipeline: Any, pictures: float) -> Coder:
    """With room for so many pictures of 64 pixels."""
    return replace(Coder.of(pipeline), room=lambda: int(pictures * decoding(pipeline.vae, 64, 64, 4)))


# ---


@contextmanager
def calls_of(renderer: EngineRenderer) -> Iterator[list[int]]:
    """How many entries each call of the tiny model's UNet has."""
    entries: list[int] = []
    pipeline: Any = renderer.store.model("tiny").pipeline
    hook = pipeline.unet.register_forward_pre_hook(
        lambda unet, args, given: entries.append(len(given["sample"])), with_kwargs=True
    )
    try:
        yield entries
    finally:
        hook.remove()


def together(renderer: EngineRenderer, recipes: list[Recipe]) -> list[np.ndarray]:
    """All asked for at once."""
    jobs = [Job(one) for one in recipes]
    with renderer.engine._lock:  # pyright: ignore[reportPrivateUsage]
        for job in jobs[:-1]:
            renderer.engine.line.put(job)
    renderer.engine.submit(jobs[-1])
    return [np.asarray(job.outcome().image, np.int16) for job in jobs]
