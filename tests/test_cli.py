"""The command line, on the picture book's own models: it draws, tells, shows, draws again, and stops when asked."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngInfo
from typer.testing import Result

from knowledge.gallery import Gallery
from knowledge.picture import Provenance
from knowledge.problems import TryAgain
from knowledge.recipe import Recipe
from tests.command_line import atelier, interrupted
from tests.foreign_pictures import A1111
from tools.call import Call
from tools.engine.engine_renderer import EngineRenderer
from tools.renderer import Rendered
from ui import delivery, telling
from ui.failures import STOPPED, stoppable, told

PROMPT = "a purple mushroom at night"


def done(*arguments: str | Path) -> Result:
    result = atelier(*arguments)
    assert result.exit_code == 0, result.stderr
    return result


def pictures(result: Result) -> list[dict[str, Any]]:
    return json.loads(result.stdout)["pictures"]


def test_one_line_draws_a_picture_here_and_tells_why_it_looks_so(filled: Path, tmp_path: Path) -> None:
    result = done("draw", f"{PROMPT}, stained glass", "--seed", "3", "--steps", "2")
    file = tmp_path / "a-purple-mushroom-at-night-stained-glass-3.png"
    with Image.open(file) as image:
        assert image.size == (128, 128)
    told_of = [line.split()[0] for line in result.stdout.splitlines()]
    assert told_of == ["retrieved", "added", "LoRA", "control", "prompt", "seed", "file"]
    assert "'stained glass' because the wish says 'stained glass'" in result.stdout
    assert file.name in result.stdout
    assert Gallery(filled / "gallery").recent(2)[0].provenance.wish == f"{PROMPT}, stained glass"


def test_what_was_chosen_is_said_in_one_line_at_the_start(filled: Path) -> None:
    first = done("draw", PROMPT, "--steps", "1").stderr.splitlines()[0]
    for choice in ("model picturebook", "knowledge embedded", "chat model none", "device auto"):
        assert choice in first


def test_no_control_codes_reach_what_is_no_terminal(filled: Path) -> None:
    result = done("draw", PROMPT, "--steps", "2", "--seed", "5")
    assert "\x1b" not in result.output
    assert "\r" not in result.output
    assert "drawing seed 5" in result.stderr.splitlines()


def test_json_is_one_object_on_stdout_and_nothing_else(filled: Path, tmp_path: Path) -> None:
    result = done("draw", PROMPT, "--json", "--steps", "1", "-n", "2", "--seed", "8")
    made = pictures(result)
    assert [picture["recipe"]["seed"] for picture in made] == [8, 9]
    assert all((tmp_path / picture["file"]).is_file() for picture in made)
    assert {"id", "wish", "citations", "decisions", "seconds", "versions"} <= made[0].keys()
    assert len(result.stdout.splitlines()) == 1


def test_several_pictures_have_seeds_counting_up_and_numbered_files(filled: Path, tmp_path: Path) -> None:
    result = done("draw", PROMPT, "-n", "3", "--seed", "4", "--steps", "1", "-o", "m.png", "--json")
    assert [picture["file"] for picture in pictures(result)] == ["m-1.png", "m-2.png", "m-3.png"]
    assert len({(tmp_path / f"m-{number}.png").read_bytes() for number in (1, 2, 3)}) == 3


def test_pictures_asked_for_together_are_those_drawn_alone_to_a_level(filled: Path, tmp_path: Path) -> None:
    """They share the steps: what was drawn alone is drawn in a batch of three."""
    asked = ("draw", PROMPT, "--steps", "6", "--json")
    together = pictures(done(*asked, "-n", "3", "--seed", "4", "-o", "m.png"))
    assert [one["decisions"][-1]["why"][:22] for one in together] == ["together with 2 others"] * 3
    for number, seed in enumerate((4, 5, 6), 1):
        (alone,) = pictures(done(*asked, "--seed", str(seed), "-o", "alone.png"))
        assert alone["recipe"] == together[number - 1]["recipe"]
        with Image.open("alone.png") as one, Image.open(f"m-{number}.png") as other:
            assert max(ImageChops.difference(one, other).tobytes()) <= telling.NEAR
    again = json.loads(done("draw", "--again", "m-3.png", "-o", "again.png", "--json").stdout)
    assert again["levels"] <= telling.NEAR
    assert again["identical"] == (again["levels"] == 0)


def test_a_redrawn_picture_is_told_by_how_near_it_is() -> None:
    assert telling.compared(True, 0) == "identical to the file's"
    assert "to 1 of 255 levels" in telling.compared(False, 1)
    assert telling.compared(False, 90) == telling.compared(False, None) == "not those of the file"
    assert "JPEG" in telling.compared(None, None)


def test_one_that_fails_takes_no_other_with_it(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = EngineRenderer.render

    def unlucky(self: EngineRenderer, recipe: Recipe, call: Call) -> Rendered:
        if recipe.seed == 4:
            raise TryAgain("Four is unlucky.")
        return drawn(self, recipe, call)

    monkeypatch.setattr(EngineRenderer, "render", unlucky)
    result = atelier("draw", PROMPT, "-n", "3", "--seed", "4", "--steps", "1", "-o", "m.png", "--json")
    assert result.exit_code == 2
    assert result.stderr.endswith("Four is unlucky.\n")
    assert [one["recipe"]["seed"] for one in pictures(result)] == [5, 6]
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["m-2.png", "m-3.png"]


def test_a_second_pass_is_larger_and_drawn_again_byte_for_byte(filled: Path, tmp_path: Path) -> None:
    asked = ("--hires", "1.5", "--steps", "2", "--seed", "3")
    recipe = pictures(done("draw", PROMPT, *asked, "-o", "a.png", "--json"))[0]["recipe"]
    assert recipe["hires"]["scale"] == 1.5
    with Image.open("a.png") as image:
        assert image.size == (192, 192)
        assert "Hires upscale: 1.5, Hires upscaler: Latent" in image.info["parameters"]
    assert json.loads(done("draw", "--again", "a.png", "--json").stdout)["identical"] is True
    assert "192×192" in done("show", "a.png").stdout
    refused = atelier("draw", PROMPT, "--hires", "9")
    assert (refused.exit_code, refused.stderr.splitlines()[-1]) == (
        2,
        "The hires '9.0' cannot be used; it must be less than or equal to 4.",
    )


def test_the_seed_is_random_and_told_if_none_is_given(filled: Path) -> None:
    first, second = (pictures(done("draw", PROMPT, "--steps", "1", "--json"))[0]["recipe"]["seed"] for _ in "ab")
    assert first != second


def test_a_picture_drawn_twice_does_not_replace_the_first(filled: Path, tmp_path: Path) -> None:
    for _ in range(2):
        done("draw", PROMPT, "--steps", "1", "--seed", "1")
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [
        "a-purple-mushroom-at-night-1-2.png",
        "a-purple-mushroom-at-night-1.png",
    ]


@pytest.mark.parametrize("name", ["m.png", "m.jpg", "m.jpeg", "m.webp", "M.PNG"])
def test_every_format_shows_what_shaped_it(filled: Path, name: str) -> None:
    done("draw", "a toadstool in the snow", "--steps", "1", "--seed", "6", "-o", name)
    shown = done("show", name).stdout
    assert "a toadstool in the snow" in shown
    assert "lore 'toadstool'" in shown
    assert "gave 'mushroom'" in shown
    assert "licence Apache-2.0" in shown
    for fact in ("model       picturebook", "sampling    1 steps of euler", "seed        6", "made with", "diffusers"):
        assert fact in shown


def test_again_draws_the_same_pixels_from_the_file_alone(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(
        "draw",
        "a red castle at sunset, watercolour",
        "--control",
        "canny",
        "--seed",
        "2",
        "--steps",
        "4",
        "-o",
        "a.png",
    )
    monkeypatch.setenv("ATELIER_DATA", str(tmp_path / "another"))
    result = done("draw", "--again", "a.png", "-o", "b.png")
    assert "identical" in result.stdout
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_again_says_in_json_whether_the_pixels_are_the_same(filled: Path) -> None:
    done("draw", PROMPT, "--seed", "2", "--steps", "1", "-o", "a.png")
    assert json.loads(done("draw", "--again", "a.png", "--json").stdout)["identical"] is True


def test_again_does_not_compare_with_a_jpeg(filled: Path) -> None:
    done("draw", PROMPT, "--seed", "2", "--steps", "1", "-o", "a.jpg")
    assert json.loads(done("draw", "--again", "a.jpg", "--json").stdout)["identical"] is None


def test_the_line_at_the_start_names_the_model_of_this_drawing() -> None:
    result = atelier("draw", "a fox", "--model", "no-such-folder/at-all/here")
    assert result.exit_code == 2
    assert result.stderr.startswith("model no-such-folder/at-all/here")


def test_again_takes_no_other_wish() -> None:
    result = atelier("draw", "a fox", "--again", "a.png", "--steps", "3")
    assert result.exit_code == 2
    assert "leave out prompt, steps" in result.stderr


def test_a_reference_guides_with_its_edges_or_is_the_start(filled: Path, book: Path) -> None:
    asked = (
        "a blue house in the snow",
        "--reference",
        book / "knowledge" / "references" / "house-1.png",
        "--steps",
        "2",
    )
    (guided,) = pictures(done("draw", *asked, "--json", "--control", "canny"))
    assert guided["recipe"]["controls"][0]["kind"] == "canny"
    assert "init_image_id" not in guided["recipe"]
    (started,) = pictures(done("draw", *asked, "--json"))
    assert started["recipe"]["init_image_id"]
    assert started["recipe"]["controls"] == []


def test_only_the_white_part_of_a_mask_is_repainted(filled: Path, book: Path, tmp_path: Path) -> None:
    reference = book / "knowledge" / "references" / "house-1.png"
    inside = np.zeros((128, 128), bool)
    inside[40:100, 30:90] = True
    Image.fromarray(np.where(inside, 255, 0).astype(np.uint8)).save("mask.png")
    done("draw", "a blue house", "--reference", reference, "--mask", "mask.png", "--strength", "1", "--steps", "4",
         "-o", "new.png")  # fmt: skip
    with Image.open(reference) as before, Image.open(tmp_path / "new.png") as after:
        changed = (np.asarray(before.convert("RGB")) != np.asarray(after)).any(axis=2)
    assert not changed[~inside].any()
    assert changed[inside].mean() > 0.7
    assert json.loads(done("draw", "--again", "new.png", "--json").stdout)["identical"] is True


def test_a_retrieved_reference_guides_where_it_shows_what_is_drawn(filled: Path) -> None:
    result = pictures(done("draw", "a purple castle at night", "--control", "canny", "--steps", "2", "--json"))[0]
    (cited,) = (cited for cited in result["citations"] if cited["kind"] == "reference")
    assert "castle" in cited["title"]
    assert cited["gave"] == "canny edges"
    none = pictures(done("draw", "a submarine", "--control", "canny", "--steps", "2", "--json"))[0]
    assert none["recipe"]["controls"] == []


def test_the_users_own_choices_reach_the_recipe(filled: Path) -> None:
    asked = (
        "--lora",
        "watercolour:0.5",
        "--negative",
        "fog",
        "--guidance",
        "2",
        "--scheduler",
        "ddim",
        "--size",
        "128x96",
    )
    recipe = pictures(done("draw", PROMPT, *asked, "--steps", "2", "--no-style", "--json"))[0]["recipe"]
    assert recipe["loras"][0]["weight"] == 0.5
    assert (recipe["negative_prompt"], recipe["guidance_scale"], recipe["scheduler"]) == ("fog", 2, "ddim")
    assert (recipe["width"], recipe["height"]) == (128, 96)


def test_a_second_start_fills_nothing_anew(filled: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in filled.glob("knowledge/starter.json")}
    done("draw", PROMPT, "--steps", "1")
    assert before
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_picture_of_another_program_is_shown(tmp_path: Path) -> None:
    said = PngInfo()
    said.add_text("parameters", A1111)
    Image.new("RGB", (64, 64)).save(tmp_path / "foreign.png", pnginfo=said)
    shown = done("show", "foreign.png").stdout
    assert "a red fox in the snow" in shown
    assert "blurry, lowres" in shown
    assert "2744391234" in shown


def test_what_a_file_says_cannot_steer_the_terminal() -> None:
    hostile = Provenance(recipe=Recipe(prompt="a fox\x1b]0;owned\x07\nseed 1"), wish="\x1b[2J")
    shown = telling.shown(hostile)
    assert all(line.isprintable() for line in shown)
    assert not any(line.startswith("seed 1") for line in shown)


def test_a_crash_is_an_internal_error_with_an_id_and_its_details_in_a_file(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, told():
        raise ZeroDivisionError("a secret thought")
    said = capsys.readouterr().err
    assert ended.value.exit_code == 1
    assert said.startswith("Internal error ")
    assert "secret" not in said
    (log,) = (data_folder / "logs").iterdir()
    assert log.stem in said
    assert "ZeroDivisionError: a secret thought" in log.read_text("utf-8")


def test_a_problem_is_its_own_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, told():
        raise TryAgain("Say more.")
    assert (ended.value.exit_code, capsys.readouterr().err) == (2, "Say more.\n")


def test_ctrl_c_tells_the_drawing_to_stop_and_ends_with_130() -> None:
    cancelled, before = threading.Event(), signal.getsignal(signal.SIGINT)
    with pytest.raises(typer.Exit) as ended, told(), stoppable(cancelled):
        signal.raise_signal(signal.SIGINT)
    assert ended.value.exit_code == STOPPED
    assert cancelled.is_set()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_drawing_stopped_by_ctrl_c_leaves_nothing(filled: Path, tmp_path: Path) -> None:
    code, said = interrupted(tmp_path, "drawing", "draw", PROMPT, "--steps", "200", "-n", "3")
    assert code == STOPPED, said
    assert list(tmp_path.glob("*.png")) == []
    assert Gallery(filled / "gallery").recent(1) == []
    assert [path for path in filled.rglob("*") if path.suffix in (".tmp", ".part")] == []


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [("A Fox, in the SNOW!", "a-fox-in-the-snow-1"), ("狐", "狐-1"), ("../../etc", "etc-1"), ("!?", "picture-1")],
)
def test_a_file_is_named_after_the_prompt(prompt: str, stem: str) -> None:
    assert delivery.named_after(prompt, 1) == stem
