"""Pictures of other tools become recipes; whatever else is in them can do no harm."""

from __future__ import annotations

import json
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from knowledge import foreign_files, lora_blocks
from knowledge.a1111 import parameters_text
from knowledge.image_files import read_provenance
from knowledge.picture import Provenance
from knowledge.problems import TryAgain
from knowledge.recipe import ControlUse, Hires, LoraUse, Recipe, ReferenceUse
from tests.foreign_pictures import (
    A1111,
    COMFYUI_PROMPT,
    COMFYUI_WORKFLOW,
    FOOOCUS,
    INVOKEAI,
    NOVELAI,
    png,
    with_comment,
)


def read(path: Path) -> Provenance:
    provenance, inputs = read_provenance(path)
    assert inputs == {}
    return provenance


def said(provenance: Provenance) -> str:
    assert {decision.step for decision in provenance.decisions} == {"render"}
    return "\n".join(decision.why for decision in provenance.decisions)


FOX = Recipe(
    model="v1-5-pruned-emaonly",
    prompt="masterpiece, a red fox in the snow",
    negative_prompt="blurry, lowres",
    width=512,
    height=768,
    num_inference_steps=30,
    guidance_scale=6.5,
    scheduler="dpmpp_2m_karras",
    seed=2744391234,
)


def test_an_a1111_png_becomes_its_recipe_and_says_that_its_lora_stays_behind(tmp_path: Path) -> None:
    provenance = read(png(tmp_path / "fox.png", parameters=A1111))
    assert provenance.recipe == FOX
    assert "AUTOMATIC1111" in said(provenance)
    assert "ink_wash" in said(provenance)


@pytest.mark.parametrize(
    "hires", [Hires(), Hires(scale=1.5, steps=9, strength=0.35, upscaler="lanczos"), Hires(scale=3, strength=0.0)]
)
def test_a_second_pass_and_block_weights_travel_through_a1111s_text(tmp_path: Path, hires: Hires) -> None:
    lora = LoraUse(name="ink", sha256="0" * 64, weight=0.8, blocks=(1.0,) * 13 + (0.125,) * 13)
    text = parameters_text(Provenance(recipe=FOX.model_copy(update={"hires": hires, "loras": (lora,)})))
    assert lora_blocks.read(text.partition("<lora:ink:0.8:")[2].partition(">")[0]) == lora.blocks
    assert read(png(tmp_path / "fox.png", parameters=text)).recipe == FOX.model_copy(update={"hires": hires})


def test_maps_and_references_are_told_as_units_of_the_controlnet_extension(tmp_path: Path) -> None:
    maps = (ControlUse(kind="scribble", image_id="a" * 64, conditioning_scale=0.5, end=0.8),)
    looks = (ReferenceUse(image_id="b" * 64), ReferenceUse(image_id="c" * 64, scale=1.0))
    text = parameters_text(Provenance(recipe=FOX.model_copy(update={"controls": maps, "references": looks})))
    assert [line for line in text.splitlines()[-1].split('"') if line.startswith("Module")] == [
        "Module: none, Model: scribble, Weight: 0.5, Guidance Start: 0, Guidance End: 0.8",
        "Module: none, Model: ip-adapter, Weight: 0.6",
        "Module: none, Model: ip-adapter, Weight: 1",
    ]
    assert read(png(tmp_path / "fox.png", parameters=text)).recipe == FOX


@pytest.mark.parametrize(
    ("said", "upscaler", "why"),
    [
        ("Hires upscale: 2, Hires upscaler: Latent (nearest)", "latent", "'Latent (nearest)' is not known"),
        ("Hires upscale: 2, Hires upscaler: 4x-UltraSharp", "lanczos", "'4x-UltraSharp' is not known"),
        ("Hires upscale: 8, Hires upscaler: Latent", None, "beyond what there is here"),
    ],
)
def test_a_second_pass_of_another_kind_says_what_became_of_it(
    tmp_path: Path, said: str, upscaler: str | None, why: str
) -> None:
    provenance = read(png(tmp_path / "fox.png", parameters=f"{A1111}, {said}"))
    assert (provenance.recipe.hires and provenance.recipe.hires.upscaler) == upscaler
    assert why in "\n".join(decision.why for decision in provenance.decisions)


@pytest.mark.parametrize("name", ["fox.jpg", "fox.webp"])
@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_an_a1111_jpeg_or_webp_becomes_its_recipe_in_either_byte_order(tmp_path: Path, name: str, order: str) -> None:
    assert read(with_comment(tmp_path / name, A1111, order)).recipe == FOX


def test_a_comfyui_png_becomes_its_recipe(tmp_path: Path) -> None:
    texts = {"prompt": json.dumps(COMFYUI_PROMPT), "workflow": json.dumps(COMFYUI_WORKFLOW)}
    provenance = read(png(tmp_path / "bottle.png", **texts))
    assert provenance.recipe == Recipe(
        model="v1-5-pruned-emaonly",
        prompt="a glass bottle with a galaxy",
        negative_prompt="text, watermark",
        width=512,
        height=640,
        num_inference_steps=20,
        guidance_scale=8,
        scheduler="euler_a",
        seed=156680208700286 % 2**32,
    )
    assert "156680208700286" in said(provenance)


def test_an_invokeai_png_becomes_its_recipe(tmp_path: Path) -> None:
    assert read(png(tmp_path / "lighthouse.png", invokeai_metadata=json.dumps(INVOKEAI))).recipe == Recipe(
        model="Dreamshaper 8",
        prompt="a lighthouse at dusk",
        negative_prompt="people",
        width=1024,
        height=832,
        num_inference_steps=28,
        guidance_scale=7.5,
        scheduler="dpmpp_2m_karras",
        seed=3471221,
    )


def test_an_old_invokeai_png_becomes_its_recipe(tmp_path: Path) -> None:
    dream = '"a cat [dogs]" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_heun'
    recipe = read(png(tmp_path / "cat.png", Dream=dream)).recipe
    assert recipe == Recipe(
        prompt="a cat",
        negative_prompt="dogs",
        width=512,
        height=512,
        num_inference_steps=50,
        guidance_scale=7.5,
        scheduler="heun",
        seed=42,
    )


def test_a_novelai_png_becomes_its_recipe(tmp_path: Path) -> None:
    assert read(png(tmp_path / "teapot.png", **NOVELAI)).recipe == Recipe(
        model="Stable Diffusion",
        prompt="a lonely teapot, watercolour",
        negative_prompt="lowres, bad hands",
        width=512,
        height=768,
        num_inference_steps=28,
        guidance_scale=11,
        scheduler="euler_a",
        seed=1903414832,
    )


def test_a_fooocus_png_becomes_its_recipe_and_says_that_its_sampler_is_not_known(tmp_path: Path) -> None:
    provenance = read(png(tmp_path / "castle.png", parameters=json.dumps(FOOOCUS)))
    assert provenance.recipe == Recipe(
        model="juggernautXL_v8Rundiffusion",
        prompt="a castle made of cheese",
        negative_prompt="ugly",
        width=1152,
        height=896,
        num_inference_steps=30,
        guidance_scale=4,
        scheduler="euler",
        seed=7214031415926535 % 2**32,
    )
    assert "dpmpp_2m_sde_gpu" in said(provenance)


def a1111_with(**changes: str) -> str:
    settings = {"Steps": "30", "Sampler": "Euler a", "CFG scale": "7", "Seed": "1", "Size": "512x512", "Model": "m"}
    line = ", ".join(f"{name}: {value}" for name, value in (settings | changes).items())
    return f"a fox\nNegative prompt: fog\n{line}"


def test_values_beyond_our_limits_are_brought_inside_and_named(tmp_path: Path) -> None:
    text = a1111_with(Steps="900", Seed="4294967296", Size="20x5001", **{"CFG scale": "-3"})
    provenance = read(png(tmp_path / "x.png", parameters=text))
    recipe = provenance.recipe
    assert (recipe.num_inference_steps, recipe.guidance_scale, recipe.seed) == (200, 0, 0)
    assert (recipe.width, recipe.height) == (64, 4096)
    for value in ("900", "-3", "4294967296", "20x5001"):
        assert value in said(provenance)


def test_a_size_is_rounded_down_to_eights(tmp_path: Path) -> None:
    recipe = read(png(tmp_path / "x.png", parameters=a1111_with(Size="513x775"))).recipe
    assert (recipe.width, recipe.height) == (512, 768)


def test_without_a_stated_size_the_size_of_the_file_is_taken(tmp_path: Path) -> None:
    dream = '"a cat" -s 50 -S 42 -C 7.5 -A k_euler'
    recipe = read(png(tmp_path / "x.png", (200, 130), Dream=dream)).recipe
    assert (recipe.width, recipe.height) == (200, 128)


def adaptation(**found: Any) -> foreign_files.Adaptation:
    said = {"tool": "x", "prompt": "x", "negative_prompt": "", "sampler": "euler", "model": "x", "settings": {}}
    return foreign_files.Adaptation(foreign_files.Found.model_validate(said | found))


@pytest.mark.parametrize("value", ["nan", "inf", "1e999999999", "1e-999999999", "", "seven", "9" * 5000])
def test_a_number_that_is_none_becomes_the_default_and_says_so(value: str) -> None:
    reading = adaptation(settings={"steps": value, "seed": value})
    assert (reading.number("num_inference_steps", "steps"), reading.seed()) == (20, 0)
    assert [note[:24] for note in reading.notes] == ["It gives no usable steps", "It gives no usable seed,"]


def test_a_prompt_that_is_too_long_is_cut_and_said_to_be(tmp_path: Path) -> None:
    provenance = read(png(tmp_path / "x.png", parameters="a fox " * 1000 + a1111_with()[5:]))
    assert len(provenance.recipe.prompt) <= 2000
    assert "characters" in said(provenance)


def test_control_characters_that_could_steer_a_terminal_are_dropped(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png", parameters="\x1b[2Ja fox\x07\u202e" + a1111_with()[5:])
    assert read(path).recipe.prompt == "[2Ja fox"


@pytest.mark.parametrize(
    "model", ["/etc/evil", "C:\\models\\evil.safetensors", "stranger/evil", "../../evil.ckpt", "a/b\\evil"]
)
def test_a_strangers_file_cannot_name_a_folder_or_a_hub_repository(model: str) -> None:
    assert adaptation(model=model).model() == "evil"


def test_a_file_without_metadata_says_so_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TryAgain, match=r"^'plain.png' carries no record of how it was made: .*\.$"):
        read_provenance(png(tmp_path / "plain.png"))


def test_a_comment_of_a_paint_program_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(TryAgain, match="carries no record"):
        read_provenance(png(tmp_path / "gimp.png", Comment="Created with GIMP", Software="GIMP"))


def test_settings_without_a_prompt_ask_for_one(tmp_path: Path) -> None:
    with pytest.raises(TryAgain, match="no prompt"):
        read_provenance(png(tmp_path / "x.png", parameters=a1111_with().replace("a fox", "")))


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


HOSTILE: dict[str, dict[str, str]] = {
    "ten megabytes": {"parameters": "a" * 10_000_000},
    "deep lists": {"parameters": nested(200_000)},
    "deep objects": {"invokeai_metadata": '{"a":' * 200_000 + "1" + "}" * 200_000},
    "deep workflow": {"prompt": nested(100_000), "workflow": nested(100_000)},
    "a number of a million digits": {"parameters": "1" * 1_000_000},
    "not what it should be": {"parameters": "[1, 2]"},
    "null": {"invokeai_metadata": "null"},
    "lists for settings": {"invokeai_metadata": json.dumps(INVOKEAI | {"model": [1], "scheduler": {}})},
    "cut short": {"prompt": '{"3": {"cl', "workflow": "{"},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_metadata_is_refused_in_one_sentence_and_in_time(tmp_path: Path, name: str) -> None:
    path = png(tmp_path / "x.png", **HOSTILE[name])
    with pytest.raises(TryAgain, match=r"^The record in 'x.png'|^'x.png'"):
        read_provenance(path)


def test_a_compressed_bomb_of_text_is_refused(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png")
    text = b"parameters\0\0" + zlib.compress(b"a" * 20_000_000, 1)
    chunk = len(text).to_bytes(4, "big") + b"zTXt" + text + zlib.crc32(b"zTXt" + text).to_bytes(4, "big")
    whole = path.read_bytes()
    path.write_bytes(whole[:33] + chunk + whole[33:])
    with pytest.raises(TryAgain):
        read_provenance(path)


def test_a_text_that_would_be_read_for_hours_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"Comment": '{"sampler": "k_euler"}', "Description": "x", "Source": " " * 500_000}
    start = time.monotonic()
    with pytest.raises(TryAgain):
        foreign_files.found_in(slow, "x.png", seconds=1)
    assert time.monotonic() - start < 30


def test_text_after_the_pixels_is_read_too(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png")
    text = b"parameters\0" + A1111.encode()
    chunk = len(text).to_bytes(4, "big") + b"tEXt" + text + zlib.crc32(b"tEXt" + text).to_bytes(4, "big")
    whole = path.read_bytes()
    path.write_bytes(whole[:-12] + chunk + whole[-12:])
    assert read(path).recipe == FOX


def test_what_an_unread_format_says_is_not_invented(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "x.bmp")
    with pytest.raises(TryAgain, match="carries no record"):
        read_provenance(tmp_path / "x.bmp")


def names() -> list[tuple[str, dict[str, Any], str]]:
    return [
        ("Euler", {}, "euler"),
        ("DPM++ 2M Karras", {}, "dpmpp_2m_karras"),
        ("DPM++ 2M", {"scheduler": "Uniform"}, "dpmpp_2m"),
        ("DPM++ SDE", {}, "dpmpp_sde"),
        ("dpmpp_sde_gpu", {"scheduler": "normal"}, "dpmpp_sde"),
        ("uni_pc_bh2", {}, "unipc"),
        ("k_dpmpp_2m", {"noise_schedule": "karras"}, "dpmpp_2m_karras"),
        ("ddim_v3", {}, "ddim"),
        ("LCM", {}, "lcm"),
        ("Heun", {}, "heun"),
    ]


@pytest.mark.parametrize(("sampler", "settings", "ours"), names())
def test_samplers_are_known_by_the_names_of_every_tool(sampler: str, settings: dict[str, Any], ours: str) -> None:
    reading = adaptation(sampler=sampler, settings=settings)
    assert reading.scheduler() == ours
    assert reading.notes == []
