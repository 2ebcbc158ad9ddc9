"""Tools are typed methods: their schema is the signature, their description the docstring, their list light."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import pytest
from PIL import Image, ImageDraw
from pydantic import Field, ValidationError

from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from knowledge.picture import Decision, Picture, Provenance
from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, Recipe
from tests import tiny_models
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.model_files import KnownModel
from tools.render import PictureRenderer
from tools.renderer import Cancelled
from tools.toolbox import Bench, Call, Tool, tool, toolbox

HEAVY = ("torch", "diffusers", "transformers", "cv2", "langchain", "weaviate", "streamlit", "llama_index", "peft")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    gallery, shelf = Gallery(folder / "gallery"), LoraShelf(())
    known = {"picturebook": KnownModel(str(tiny_models.sd15(folder / "model")), "picturebook", {}, 64)}
    renderer = EngineRenderer(gallery.image, shelf.path, known, "cpu")
    clip = ClipEmbedder(str(folder / "clip"))
    return Bench(EmbeddedBase(folder / "base"), Encoders(clip, clip), gallery, renderer, shelf)


@pytest.fixture
def tools(bench: Bench) -> dict[str, Tool]:
    return {each.name: each for each in toolbox(bench)}


class Greeter:
    def greet(self, name: str, call: Call, times: Annotated[int, Field(ge=1, le=3)] = 1) -> str:
        """Say hello."""
        assert isinstance(call, Call)
        return f"hello {name} " * times


def test_the_toolbox_lists_the_verbs(tools: dict[str, Tool]) -> None:
    assert list(tools) == ["retrieve", "rewrite", "pick_loras", "prepare_control", "render", "critique", "rate"]


def test_every_tool_says_what_it_does_and_no_schema_mentions_the_call(tools: dict[str, Tool]) -> None:
    for each in tools.values():
        assert each.description.endswith(".")
        schema = each.arguments.model_json_schema()
        assert "call" not in schema["properties"]
        assert schema["additionalProperties"] is False


def test_arguments_follow_the_signature() -> None:
    schema = tool(Greeter().greet).arguments.model_json_schema()
    assert schema["required"] == ["name"]
    assert schema["properties"]["times"] == {
        "default": 1, "maximum": 3, "minimum": 1, "title": "Times", "type": "integer",
    }  # fmt: skip
    assert set(schema["properties"]) == {"name", "times"}


def test_a_tool_runs_with_json_and_the_call_of_its_caller() -> None:
    greet = tool(Greeter().greet)
    assert greet.use({"name": "you", "times": 2}, Call()) == "hello you hello you "
    assert (greet.name, greet.description) == ("greet", "Say hello.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({}, "name: Field required"), ({"name": "you", "times": 9}, "times: .*3"), ({"name": "a", "loud": 1}, "loud")],
)
def test_arguments_that_do_not_fit_are_named(arguments: dict[str, Any], said: str) -> None:
    greet = tool(Greeter().greet)
    with pytest.raises(TryAgain, match=said):
        greet.use(arguments, Call())
    with pytest.raises(ValidationError):
        greet.arguments.model_validate(arguments)


def test_the_bounds_of_a_recipe_reach_the_schema(tools: dict[str, Tool]) -> None:
    recipe = tools["render"].arguments.model_json_schema()["$defs"]["Recipe"]["properties"]
    assert recipe["width"]["multipleOf"] == 8
    assert "euler" in recipe["scheduler"]["enum"]


def test_a_recipe_in_json_becomes_a_picture_with_its_versions(bench: Bench, tools: dict[str, Tool]) -> None:
    steps: list[tuple[int, int]] = []
    asked = {"prompt": "a fox", "width": 64, "height": 64, "num_inference_steps": 2}
    picture: Picture = tools["render"].use({"recipe": asked}, Call(lambda done, of: steps.append((done, of))))
    assert steps == [(1, 2), (2, 2)]
    assert bench.gallery.image(picture.id).size == (64, 64)
    assert bench.gallery.get(picture.id).recipe == picture.recipe == Recipe.model_validate(asked)
    assert picture.provenance.versions["model"]
    assert picture.seconds["draw"] > 0


def test_painting_keeps_what_is_known_of_why(bench: Bench) -> None:
    recipe = Recipe(prompt="a fox", width=64, height=64, num_inference_steps=1)
    why = (Decision(step="retrieve", why="nothing was asked"),)
    picture = PictureRenderer(bench.renderer, bench.gallery).paint(
        Provenance(recipe=recipe, wish="fox!", decisions=why), Call()
    )
    assert (picture.provenance.wish, picture.provenance.decisions) == ("fox!", why)


def test_a_cancelled_call_keeps_no_picture(bench: Bench, tools: dict[str, Tool]) -> None:
    stop, before = threading.Event(), bench.gallery.recent(100)
    with pytest.raises(Cancelled):
        tools["render"].use(
            {"recipe": {"prompt": "a cat", "width": 64, "height": 64}}, Call(lambda done, of: stop.set(), stop)
        )
    assert bench.gallery.recent(100) == before


def test_a_control_made_by_one_tool_is_what_another_takes(bench: Bench, tools: dict[str, Tool]) -> None:
    image = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(image).ellipse((10, 10, 50, 50), fill="blue")
    image_id = bench.gallery.keep(image)
    control = tools["prepare_control"].use({"image_id": image_id, "width": 64, "height": 64}, Call())
    assert isinstance(control, ControlUse)
    assert Recipe(prompt="a ball", controls=(control,)).image_ids == (control.image_id,)


def test_the_list_of_tools_loads_no_heavy_library() -> None:
    script = f"import sys, tools.toolbox; print([name for name in {HEAVY} if name in sys.modules])"
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
