"""A wish becomes a picture through the six steps, on small random models: what each step did is told and kept."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from safetensors.torch import load_file, save_file

from agent.redraw import redraw
from agent.wish import Wish
from agent.workflow import draw
from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.lora_files import LoraShelf
from knowledge.picture import Picture
from knowledge.problems import GiveUp, TryAgain
from knowledge.records import Lore, Reference
from knowledge.starter import Starter
from tests import tiny_models
from tests.small_clip import save_small_clip
from tools.call import Call
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.model_files import KnownModel
from tools.renderer import Cancelled
from tools.toolbox import Bench

TOADSTOOL = Lore(
    id="toadstool",
    title="toadstool",
    body="A mushroom.",
    terms=("toadstool",),
    adds="mushroom",
    base_models=("picturebook",),
    licence="CC0-1.0",
    source="a field guide",
)
STEPS = ["retrieve", "rewrite", "pick_loras", "prepare_control"]


@dataclass(frozen=True)
class Shop:
    """A bench on a folder, and the renderer whose loaded models every test shares."""

    models: Path
    encoders: Encoders
    renderer: EngineRenderer

    def bench(self, folder: Path) -> Bench:
        gallery, shelf = Gallery(folder / "gallery"), LoraShelf((self.models / "loras",))
        book = replace(self.renderer, images=gallery.image, lora_path=shelf.path)
        # The models that are in memory already serve the new gallery.
        vars(book)["store"] = self.renderer.store
        base = EmbeddedBase(folder / "knowledge")
        fill(Ingester(base, self.encoders, gallery.image), gallery, shelf)
        return Bench(base, self.encoders, gallery, book, shelf)


def fill(ingester: Ingester, gallery: Gallery, shelf: LoraShelf) -> None:
    ingester.add("lore", [TOADSTOOL])
    image_id = gallery.keep(drawing())
    ingester.add(
        "references", [Reference(id="m", caption="a red mushroom in a meadow", image_id=image_id, source="us")]
    )
    ingester.add("loras", shelf.cards())


def drawing() -> Image.Image:
    image = Image.new("RGB", (96, 96), "white")
    ImageDraw.Draw(image).ellipse((20, 20, 76, 60), fill="red", outline="black", width=4)
    return image


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    models = tmp_path_factory.mktemp("models")
    book = tiny_models.sd15(models / "book")
    tiny_models.controlnet(models / "edges", book)
    (models / "loras").mkdir()
    lora = tiny_models.kohya_lora(models / "loras" / "glass.safetensors", book)
    header = {"modelspec.title": "stained glass", "modelspec.trigger_phrase": "stained glass style"}
    save_file(load_file(lora), lora, metadata={**header, "modelspec.architecture": "picturebook"})
    (models / "loras" / "evil.safetensors").write_bytes(b"\x80\x02}q\x00.")
    nets = {kind: str(models / "edges") for kind in ("canny", "scribble", "inpaint")}
    known = {"book": KnownModel(str(book), "picturebook", nets, 64)}
    gallery = Gallery(models / "unused")
    clip = ClipEmbedder(str(save_small_clip(models / "clip")))
    return Shop(models, Encoders(clip, clip), EngineRenderer(gallery.image, LoraShelf(()).path, known, "cpu"))


@pytest.fixture
def bench(shop: Shop, tmp_path: Path) -> Bench:
    return shop.bench(tmp_path)


def drawn(bench: Bench, prompt: str, **changes: Any) -> Picture:
    asked: dict[str, Any] = {"seed": 7, "steps": 2} | changes
    return draw(bench, Wish(prompt, "book", **asked), Call())


def why(picture: Picture, step: str) -> str:
    (said,) = (decision.why for decision in picture.provenance.decisions if decision.step == step)
    return said


def test_a_wish_becomes_a_picture_that_tells_what_each_step_did(bench: Bench) -> None:
    picture = drawn(bench, "a castle")
    assert [decision.step for decision in picture.provenance.decisions] == STEPS
    assert picture.provenance.wish == "a castle"
    assert picture.recipe.prompt == "a castle"
    assert {*STEPS, "draw"} <= picture.seconds.keys()
    assert bench.gallery.get(picture.id).provenance == picture.provenance
    assert bench.gallery.image(picture.id).size == (64, 64)


def test_a_rare_word_gains_what_the_lore_says_and_the_lore_is_cited(bench: Bench) -> None:
    picture = drawn(bench, "a toadstool in the snow")
    assert picture.recipe.prompt == "a toadstool mushroom in the snow"
    (cited,) = picture.provenance.citations
    assert (cited.collection, cited.record_id, cited.gave) == ("lore", "toadstool", "mushroom")
    assert (cited.licence, cited.source) == ("CC0-1.0", "a field guide")
    assert f"toadstool ({cited.score:.2f})" in why(picture, "retrieve")


def test_without_retrieval_the_prompt_is_drawn_as_written(bench: Bench) -> None:
    picture = drawn(bench, " a toadstool ", retrieve=False)
    assert picture.recipe.prompt == "a toadstool"
    assert picture.provenance.citations == ()
    assert "off" in why(picture, "retrieve")


def test_a_style_that_is_asked_for_is_picked_and_its_trigger_words_added(bench: Bench) -> None:
    picture = drawn(bench, "a castle, stained glass")
    (lora,) = picture.recipe.loras
    assert lora.name == "stained glass"
    assert picture.recipe.prompt == "a castle, stained glass, stained glass style"
    assert [cited.kind for cited in picture.provenance.citations] == ["lora"]


def test_no_style_is_picked_when_styles_are_off(bench: Bench) -> None:
    picture = drawn(bench, "a castle, stained glass", style=False)
    assert picture.recipe.loras == ()
    assert "off" in why(picture, "pick_loras")


def test_a_lora_of_the_users_own_is_used_even_when_styles_are_off(bench: Bench) -> None:
    (lora,) = drawn(bench, "a castle", style=False, loras=("stained glass:0.5",)).recipe.loras
    assert lora.weight == 0.5


def test_trigger_words_come_first_where_the_end_would_not_be_read(bench: Bench) -> None:
    long = " ".join(["castle"] * 40)
    assert drawn(bench, long, loras=("stained glass",)).recipe.prompt == f"stained glass style, {long}"


@pytest.mark.parametrize("kind", ["canny", "scribble"])
def test_the_best_reference_of_what_is_drawn_guides_by_its_edges(bench: Bench, kind: str) -> None:
    picture = drawn(bench, "a purple toadstool at night", control=kind)
    (control,) = picture.recipe.controls
    assert control.kind == kind
    assert bench.gallery.image(control.image_id).size == (64, 64)
    assert "a red mushroom in a meadow" in why(picture, "prepare_control")
    assert ("reference", f"{kind} edges") in [(cited.kind, cited.gave) for cited in picture.provenance.citations]


def test_a_reference_of_something_else_does_not_guide(bench: Bench) -> None:
    picture = drawn(bench, "a red castle in a meadow", control="canny")
    assert picture.recipe.controls == ()
    assert "none" in why(picture, "prepare_control")


def test_a_picture_of_the_users_own_guides_or_is_the_start(bench: Bench) -> None:
    own = bench.gallery.keep(drawing())
    guided = drawn(bench, "a castle", reference_id=own, control="canny").recipe
    assert (len(guided.controls), guided.init_image_id) == (1, None)
    started = drawn(bench, "a castle", reference_id=own).recipe
    assert (started.controls, started.init_image_id) == ((), own)


def test_a_picture_is_filled_in_where_its_mask_is_white(bench: Bench) -> None:
    own, mask = drawing(), Image.new("L", (96, 96), 0)
    mask.paste(255, (0, 0, 40, 96))
    ids = {"reference_id": bench.gallery.keep(own), "mask_id": bench.gallery.keep(mask)}
    picture = drawn(bench, "a castle", control="inpaint", **ids)
    (control,) = picture.recipe.controls
    hole = bench.gallery.image(control.image_id)
    assert (hole.getpixel((2, 32)), hole.getpixel((60, 2))) == ((0, 0, 0), (255, 255, 255))
    assert (picture.recipe.init_image_id, picture.recipe.mask_id) == tuple(ids.values())
    with pytest.raises(
        TryAgain, match="There is no 'depth' ControlNet for 'book': choose canny or scribble or inpaint"
    ):
        drawn(bench, "a castle", control="depth", **ids)


def test_what_the_user_sets_reaches_the_recipe(bench: Bench) -> None:
    asked: dict[str, Any] = {
        "negative_prompt": "fog",
        "guidance": 2.5,
        "scheduler": "heun",
        "size": (72, 64),
        "seed": 11,
    }
    recipe = drawn(bench, "a castle", **asked).recipe
    assert (recipe.negative_prompt, recipe.guidance_scale, recipe.scheduler, recipe.seed) == ("fog", 2.5, "heun", 11)
    assert (recipe.width, recipe.height, recipe.num_inference_steps) == (72, 64, 2)


def test_the_same_wish_is_the_same_picture(bench: Bench) -> None:
    assert drawn(bench, "a toadstool, stained glass").id == drawn(bench, "a toadstool, stained glass").id


def test_a_picture_is_redrawn_from_its_file_alone_pixel_by_pixel(shop: Shop, bench: Bench, tmp_path: Path) -> None:
    wish: dict[str, Any] = {"control": "canny", "reference_id": bench.gallery.keep(drawing())}
    first = drawn(bench, "a toadstool, stained glass", **wish)
    elsewhere = shop.bench(tmp_path / "elsewhere")
    again = redraw(elsewhere, bench.gallery.path(first.id), Call())
    assert again.identical
    assert again.picture.id == first.id


def test_a_picture_whose_pixels_were_changed_is_told_as_not_identical(bench: Bench, tmp_path: Path) -> None:
    first = drawn(bench, "a castle")
    with Image.open(bench.gallery.path(first.id)) as image:
        record = PngInfo()
        record.add_itxt("atelier", image.info["atelier"])
        Image.new("RGB", image.size).save(tmp_path / "changed.png", pnginfo=record)
    assert not redraw(bench, tmp_path / "changed.png", Call()).identical


def test_a_cancelled_drawing_leaves_nothing(bench: Bench) -> None:
    cancelled, steps = threading.Event(), []

    def stop_after_one(done: int, total: int) -> None:
        steps.append(done)
        cancelled.set()

    with pytest.raises(Cancelled):
        draw(bench, Wish("a castle", "book", 7, steps=5), Call(stop_after_one, cancelled))
    assert steps == [1]
    assert bench.gallery.recent(9) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompt": "  "}, "empty"),
        ({"prompt": "x" * 10_000}, "10000 characters"),
        ({"scheduler": "magic"}, "scheduler 'magic'"),
        ({"size": (100, 64)}, "multiple of 8"),
        ({"steps": 0}, "steps '0'"),
        ({"reference_id": "", "retrieve": False}, "reference_id ''"),
        ({"reference_id": "f" * 64, "mask_id": "somewhere"}, "mask_id 'somewhere'"),
        ({"control": "deepness"}, "'deepness'.*canny, lineart"),
        ({"collections": ("atlantis",)}, "'atlantis'"),
        ({"loras": ("nobody",)}, "'nobody'"),
        ({"loras": ("evil",)}, "pickled"),
        ({"loras": ("stained glass:heavy",)}, "'heavy'"),
        ({"reference_id": hashlib.sha256(b"").hexdigest()}, "no picture"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_sentence_and_leaves_nothing(
    bench: Bench, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(TryAgain, match=said) as told:
        drawn(bench, **({"prompt": "a castle"} | changes))
    assert "\n" not in str(told.value)
    assert bench.gallery.recent(9) == []


def test_the_starter_does_nothing_while_nothing_has_changed(bench: Bench, tmp_path: Path) -> None:
    starter = Starter(Ingester(bench.base, bench.encoders, bench.gallery.image), tmp_path / "starter.json")
    other = TOADSTOOL.model_copy(update={"id": "other"})
    assert starter.fill("lore", [TOADSTOOL, other])
    assert not starter.fill("lore", [TOADSTOOL, other])
    assert starter.fill("lore", [other])
    assert [record.id for record in bench.base.get("lore", ["toadstool", "other"])] == ["other"]


def test_the_starter_leaves_records_of_the_users_own(bench: Bench, tmp_path: Path) -> None:
    ingester = Ingester(bench.base, bench.encoders, bench.gallery.image)
    starter = Starter(ingester, tmp_path / "starter.json")
    starter.fill("lore", [TOADSTOOL])
    ingester.add("lore", [TOADSTOOL.model_copy(update={"id": "own"})])
    starter.fill("lore", [])
    assert [record.id for record in bench.base.get("lore", ["toadstool", "own"])] == ["own"]


def test_a_starter_record_that_cannot_be_kept_stops_with_its_name(bench: Bench, tmp_path: Path) -> None:
    lost = Reference(id="lost", caption="a lost picture", image_id="0" * 64)
    starter = Starter(Ingester(bench.base, bench.encoders, bench.gallery.image), tmp_path / "starter.json")
    with pytest.raises(GiveUp, match="'lost'"):
        starter.fill("references", [lost])
