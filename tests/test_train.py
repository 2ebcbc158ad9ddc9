"""A LoRA is trained from a folder of pictures: prompts can pick it, and killing the process changes nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler, DiffusionPipeline
from PIL import Image
from safetensors.torch import load_file

from knowledge.lora_hashes import hashes_of
from knowledge.lora_header import read_header
from knowledge.problems import GiveUp, TryAgain
from knowledge.recipe import LoraUse, Recipe
from tests import tiny_models, training_shop
from tests.training_shop import MODEL, pictures, small, trainer
from tools.call import Call
from tools.engine.lora.wardrobe import Wardrobe
from tools.engine.model_files import KnownModel
from tools.engine.profile import Profile
from tools.loras import LoraPicker
from tools.renderer import Cancelled
from tools.training.adapter import Adapter
from tools.training.checkpoint import Checkpoint
from tools.training.lora_file import lora_file
from tools.training.noise import Noise
from tools.training.order import Training
from tools.training.pictures import read_folder
from tools.training.school import School

ROOT = Path(__file__).parent.parent
ORDER = Training(
    name="it",
    kind="style",
    trigger="it",
    model="m",
    family="sd1",
    side=64,
    steps=6,
    rank=2,
    learning_rate=0.01,
    batch=2,
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training_shop.models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return pictures(tmp_path / "pictures")


def test_a_trained_lora_draws_what_no_other_weights_draw_and_the_next_prompt_picks_it(
    models: Path, tmp_path: Path, source: Path
) -> None:
    shop = trainer(models, tmp_path)
    trained = shop.train(source, small("ink-wash"), Call())
    assert trained.card.trigger_words == ("ink wash style",)
    assert trained.card.base_model == "picturebook"
    picker = LoraPicker(shop.ingester.base, shop.ingester.encoders, shop.painter.renderer, shop.shelf)
    (use,) = picker.pick_loras("a red ball, ink wash", MODEL).loras
    assert use.sha256 == hashes_of(trained.file).sha256
    plain = Recipe(model=MODEL, prompt="a red ball", width=64, height=64, num_inference_steps=2)
    drawn = [shop.painter.render(recipe, Call()) for recipe in (plain, plain.model_copy(update={"loras": (use,)}))]
    first, second = (shop.painter.gallery.image(picture.id).tobytes() for picture in drawn)
    assert first != second


def test_a_training_that_was_killed_ends_in_the_very_same_file(models: Path, tmp_path: Path, source: Path) -> None:
    command = [sys.executable, "-m", "tests.training_shop", str(models), str(tmp_path / "killed"), str(source)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as child:
        assert child.stdout
        assert child.stdout.readline() == "8\n"
        child.kill()
    assert child.returncode == -signal.SIGKILL
    reached: list[int] = []
    resumed = trainer(models, tmp_path / "killed").resume(
        small(steps=24), Call(lambda done, total: reached.append(done))
    )
    assert reached[0] == 7, "after the last checkpoint, which was kept with the samples of step 6"
    whole = trainer(models, tmp_path / "whole").train(source, small(steps=24), Call())
    assert resumed.file.read_bytes() == whole.file.read_bytes()
    assert resumed.loss == whole.loss


def test_a_training_that_is_stopped_keeps_its_steps(models: Path, tmp_path: Path, source: Path) -> None:
    stop, seen = threading.Event(), []

    def on_progress(done: int, total: int) -> None:
        seen.append(done)
        if done == 3:
            stop.set()

    shop = trainer(models, tmp_path)
    with pytest.raises(Cancelled):
        shop.train(source, small(), Call(on_progress, stop))
    again: list[int] = []
    shop.resume(small(), Call(lambda done, total: again.append(done)))
    assert (seen, again) == ([1, 2, 3], [4, 5, 6])


def test_what_goes_on_is_what_was_begun(models: Path, tmp_path: Path, source: Path) -> None:
    stop = threading.Event()
    stop.set()
    shop = trainer(models, tmp_path)
    with pytest.raises(Cancelled):
        shop.train(source, small(), Call(None, stop))
    with pytest.raises(TryAgain, match="begun with rank 2"):
        shop.resume(small(rank=4), Call())
    with pytest.raises(TryAgain, match="begun and not finished"):
        shop.train(source, small(), Call())
    with pytest.raises(TryAgain, match="There is no training 'others'"):
        shop.resume(small("others"), Call())
    shop.resume(small(), Call())
    with pytest.raises(TryAgain, match="There is a LoRA 'balls' already"):
        shop.train(source, small(), Call())


@pytest.mark.parametrize("name", ["../balls", "", "a/b", ".hidden", "x" * 61])
def test_a_name_leads_nowhere_else(models: Path, tmp_path: Path, source: Path, name: str) -> None:
    shop = trainer(models, tmp_path / "shop")
    with pytest.raises(TryAgain):
        shop.train(source, small(name), Call())
    with pytest.raises(TryAgain, match="cannot be named"):
        shop.resume(small(name), Call())


def test_pictures_that_cannot_be_used_are_told_one_by_one(models: Path, tmp_path: Path, source: Path) -> None:
    (source / "torn.png").write_bytes((source / "0.png").read_bytes()[:90])
    (source / "text.jpg").write_text("not a picture")
    Image.new("RGB", (8, 8)).save(source / "tiny.png")
    (source / "1.txt").write_bytes(b"\xff\xfe\x00broken")
    trained = trainer(models, tmp_path).train(source, small(), Call())
    refused = dict(trained.record.refused)
    assert set(refused) == {"torn.png", "text.jpg", "tiny.png", "1.png"}
    assert "8x8 pixels" in refused["tiny.png"]
    assert len(trained.record.captions) == 4


def test_pictures_without_a_caption_are_named(models: Path, tmp_path: Path, source: Path) -> None:
    (source / "3.txt").unlink()
    (source / "4.txt").write_text("")
    with pytest.raises(TryAgain, match=r"1 picture has no caption: '3\.png'"):
        trainer(models, tmp_path).train(source, small(), Call())


def test_a_captioner_speaks_for_pictures_that_say_nothing(models: Path, tmp_path: Path, source: Path) -> None:
    class Namer:
        asked = 0

        def caption(self, image: Image.Image) -> str:
            self.asked += 1
            return f"a picture of {image.width} pixels"

    (source / "3.txt").unlink()
    namer = Namer()
    trained = trainer(models, tmp_path, captioner=namer).train(source, small(), Call())
    assert namer.asked == 1
    assert trained.record.captions[3] == "a picture of 80 pixels, balls style"


def test_an_empty_folder_is_told(models: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TryAgain, match="no picture to learn from"):
        trainer(models, tmp_path).train(tmp_path / "empty", small(), Call())


def test_the_header_says_what_other_programs_look_for(models: Path, tmp_path: Path, source: Path) -> None:
    file = trainer(models, tmp_path).train(source, small(), Call()).file
    said = read_header(file).metadata
    assert said["modelspec.architecture"] == "picturebook/lora"
    assert said["ss_network_module"] == "networks.lora"
    assert (said["ss_network_dim"], said["ss_network_alpha"], said["ss_steps"]) == ("2", "2.0", "6")
    assert said["ss_num_train_images"] == "5"
    assert json.loads(said["ss_tag_frequency"])["balls"]["balls style"] == 5
    assert said["sshs_model_hash"][:12] == hashes_of(file).autov3
    assert len(said["sshs_legacy_hash"]) == 8


def test_samples_on_the_way_can_be_drawn_again_from_what_they_name(models: Path, tmp_path: Path, source: Path) -> None:
    shop = trainer(models, tmp_path)
    trained = shop.train(source, small(samples=1), Call())
    assert [picture.provenance.decisions[0].step for picture in trained.samples] == ["train"] * 4
    first, *_, last = trained.samples
    assert first.recipe.loras != last.recipe.loras
    assert last.recipe.loras[0].sha256 == trained.card.sha256
    again = shop.painter.render(first.recipe, Call())
    assert shop.painter.gallery.image(again.id) == shop.painter.gallery.image(first.id)


class NoRoom:
    """Stands where a renderer has too little memory beside the training."""

    def render(self, recipe: Recipe, call: Call) -> None:
        raise GiveUp("There is no memory left.")


def test_a_training_outlives_a_sample_that_cannot_be_drawn(models: Path, tmp_path: Path, source: Path) -> None:
    shop = trainer(models, tmp_path)
    object.__setattr__(shop.painter, "renderer", NoRoom())
    trained = shop.train(source, small(samples=1), Call())
    assert trained.notes[0] == "no sample after step 2: There is no memory left."
    assert trained.file.is_file()


@pytest.mark.parametrize("text_encoder", [False, True])
@pytest.mark.parametrize(
    ("make", "family", "layer", "words"),
    [
        (tiny_models.sd15, "sd1", "lora_unet_down_blocks_0_attentions_0_proj_in", "lora_te"),
        (tiny_models.sdxl, "sdxl", "lora_unet_input_blocks_1_1_proj_in", "lora_te2"),
    ],
)
def test_other_programs_read_of_the_file_what_was_learnt(
    tmp_path: Path, make: Any, family: str, layer: str, words: str, text_encoder: bool
) -> None:
    folder, file = make(tmp_path / "model"), tmp_path / "it.safetensors"
    learner, rival, base = (DiffusionPipeline.from_pretrained(folder) for _ in range(3))
    asked = ORDER.model_copy(update={"family": family, "text_encoder": text_encoder})
    adapter = Adapter.added(learner, asked)
    for parameter in adapter.parameters:
        torch.nn.init.normal_(parameter, std=0.2)
    file.write_bytes(lora_file(adapter.kohya(), asked, ["a ball"], 6))
    assert f"{layer}.lora_down.weight" in load_file(file)
    names = [name for name in load_file(file) if name.startswith(f"{words}_text_model_encoder_layers_0_self_attn_")]
    assert bool(names) == text_encoder
    rival.load_lora_weights(str(tmp_path), weight_name=file.name)
    for said in (predicted, read) if text_encoder else (predicted,):
        learnt, theirs, plain = said(learner), said(rival), said(base)
        assert (learnt - theirs).abs().max() < 0.02 * (learnt - plain).abs().max()


def predicted(pipeline: Any) -> torch.Tensor:
    made, unet = torch.Generator().manual_seed(0), pipeline.unet
    asked: dict[str, Any] = {
        "sample": torch.randn(1, 4, 8, 8, generator=made),
        "timestep": 500,
        "encoder_hidden_states": torch.randn(1, 7, unet.config.cross_attention_dim, generator=made),
    }
    if unet.config.addition_embed_type:
        sizes = torch.tensor([[64, 64, 0, 0, 64, 64]])
        asked["added_cond_kwargs"] = {"text_embeds": torch.randn(1, 32, generator=made), "time_ids": sizes}
    with torch.no_grad():
        return unet(**asked).sample


def read(pipeline: Any) -> torch.Tensor:
    with torch.no_grad():
        return pipeline.text_encoder(torch.arange(7)[None])[0]


@pytest.mark.parametrize("text_encoder", [False, True])
def test_an_sdxl_is_trained_and_its_file_fits_it(
    models: Path, tmp_path: Path, source: Path, text_encoder: bool
) -> None:
    model = tiny_models.sdxl(tmp_path / "sdxl")
    shop = trainer(models, tmp_path, model, "sdxl")
    file = shop.train(source, small(text_encoder=text_encoder), Call()).file
    assert read_header(file).metadata["ss_base_model_version"] == "sdxl_base_v1-0"
    wear = Wardrobe.of(DiffusionPipeline.from_pretrained(model)).wear(LoraUse(name="it", sha256="0" * 64), file)
    assert wear.lora.deltas["unet"]
    assert bool(wear.lora.deltas["text"]) == text_encoder
    ups = {name: float(tensor.abs().max()) for name, tensor in load_file(file).items() if "lora_up" in name}
    assert min(size for name, size in ups.items() if name.startswith("lora_unet")) > 0
    assert any(size > 0 for name, size in ups.items() if name.startswith("lora_te2")) == text_encoder


@pytest.mark.parametrize("make", [tiny_models.sd15, tiny_models.sdxl])
def test_what_learns_is_precise_where_the_rest_is_not(make: Any, tmp_path: Path, source: Path) -> None:
    """As on a GPU, and with as little memory as on a small one."""
    known = {"m": KnownModel(str(make(tmp_path / "m")), "sd1", {}, 64)}
    files, losses = [], []
    for school in (School(known, "cpu", Profile(low=True), torch.bfloat16), School(known, "cpu")):
        place = tmp_path / f"{school.precision}"
        place.mkdir()
        asked = ORDER.model_copy(update={"text_encoder": True})
        file, loss = school.teach(asked, read_folder(source, 64).pictures, place, Call(), lambda step, file: None, 60)
        files.append(file)
        losses.append(loss)
        assert {each.dtype for part in saved(place).values() for each in part.values()} == {torch.float32}
    assert files[0] != files[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def saved(place: Path) -> Any:
    checkpoint = Checkpoint.load(place / "checkpoint.pt", "cpu")
    assert checkpoint
    return checkpoint.adapter


def test_a_model_of_another_kind_is_refused(models: Path, tmp_path: Path, source: Path) -> None:
    with pytest.raises(TryAgain, match="only Stable Diffusion 1, 2 and XL"):
        trainer(models, tmp_path, family="flux").train(source, small(), Call())


@pytest.fixture(params=["epsilon", "v_prediction"])
def noise(request: pytest.FixtureRequest) -> Noise:
    return Noise(DDPMScheduler(prediction_type=request.param), 5.0)


def test_errors_count_by_the_clean_picture_they_mean(noise: Noise) -> None:
    """min-SNR weighs the error of the clean latents by min(SNR, 5), whatever the model is asked to say."""
    times = torch.tensor([20, 200, 500, 900])
    latents, random = torch.randn(2, 4, 4, 2, 2, generator=torch.Generator().manual_seed(0)).double()
    noisy, wanted = noise.mixed(latents, random, times)
    said = wanted + 0.1
    alpha = noise.scheduler.alphas_cumprod[times].double().view(-1, 1, 1, 1)
    if noise.velocity:
        clean = alpha.sqrt() * noisy - (1 - alpha).sqrt() * said
    else:
        clean = (noisy - (1 - alpha).sqrt() * said) / alpha.sqrt()
    snr = (alpha / (1 - alpha)).flatten()
    meant = (snr.clamp(max=5) * (clean - latents).square().mean((1, 2, 3))).mean()
    assert noise.loss(said, wanted, times).item() == pytest.approx(meant.item(), rel=1e-4)
