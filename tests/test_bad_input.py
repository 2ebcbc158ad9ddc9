"""Whatever is wrong with what was asked for: one clear sentence, exit code 2, and nothing half-written."""

from __future__ import annotations

import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from typer.testing import CliRunner

from benchmarks.hindrances import files_at_most
from knowledge.gallery import Gallery
from ui.cli import app

LAYER = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of everything nobody should open, and the LoRA folder of the settings."""
    Image.effect_noise((64, 64), 50).save(tmp_path / "whole.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "whole.png").read_bytes()[:900])
    (tmp_path / "words.png").write_text("This is no picture.", encoding="utf-8")
    (tmp_path / "bomb.png").write_bytes(bomb(60_000, 60_000))
    (tmp_path / "folder.png").mkdir()
    for name, side in (("large.png", 64), ("small.png", 8)):
        Image.new("L", (side, side), "white").save(tmp_path / name)
    loras = tmp_path / "loras"
    loras.mkdir()
    with zipfile.ZipFile(loras / "zipped.ckpt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    (loras / "pickled.safetensors").write_bytes(pickle.dumps({"weights": [1.0]}))
    tensors = {
        f"{LAYER}.lora_down.weight": np.zeros((2, 2048), np.float32),
        f"{LAYER}.lora_up.weight": np.zeros((8, 2)),
    }
    save_file(tensors, loras / "grand.safetensors", {"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"})
    monkeypatch.setenv("ATELIER_LORAS", str(loras))
    return tmp_path


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises that many pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )


def refused(*arguments: str) -> str:
    """The one sentence on stderr, after the lines that say what is going on."""
    result = CliRunner().invoke(app, ["draw", *arguments])
    assert result.exit_code == 2, f"{result.exit_code}: {result.output}"
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    *before, sentence = result.stderr.splitlines()
    assert all(line.startswith(("model ", "getting ready", "drawing ")) for line in before)
    assert sentence.endswith(".")
    return sentence


def test_an_option_that_is_not_there_is_refused_too() -> None:
    assert CliRunner().invoke(app, ["draw", "a fox", "--frobnicate"]).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([""], "empty"),
        (["   "], "empty"),
        ([], "empty"),
        (["x" * 10_000], "10000 characters"),
        (["a fox", "--scheduler", "magic"], "'magic'"),
        (["a fox", "--size", "100x100"], "multiple of 8"),
        (["a fox", "--size", "large"], "'large'"),
        (["a fox", "--size", "99999x64"], "'99999'"),
        (["a fox", "--size", "9999999x8"], "The width '9999999'"),
        (["a fox", "--steps", "0"], "The steps '0'"),
        (["a fox", "--model", ""], "The model ''"),
        (["a fox", "--guidance", "nan"], "nan"),
        (["a fox", "--seed", "-1"], "'-1'"),
        (["a fox", "--control", "magic"], "'magic'"),
        (["a fox", "--control", "canny:magic"], "'magic'"),
        (["a fox", "--negative", "x" * 3000], "2000 characters"),
        (["a fox", "-o", "fox.gif"], "'fox.gif'"),
        (["a fox", "-o", "fox"], "'fox'"),
        (["a fox", "-o", "nowhere/fox.png"], "'nowhere'"),
        (["a fox", "--strength", "2"], "strength '2.0'"),
        (["a fox", "-o", "words.png/fox.png"], "'words.png'"),
        (["a fox", "-o", "folder.png"], "folder"),
    ],
)
def test_what_is_wrong_with_the_words_is_told_before_any_work(files: Path, arguments: list[str], said: str) -> None:
    assert said in refused(*arguments)
    assert not (files / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--lora", "nobody"], "'nobody'"),
        (["--lora", "grand"], "for sdxl"),
        (["--lora", "pickled"], "pickled"),
        (["--lora", "zipped.ckpt"], "pickled"),
        (["--lora", "zipped"], "pickled"),
        (["--lora", "watercolour:heavy"], "'heavy'"),
        (["--lora", "watercolour:99"], "out of range"),
        (["--collection", "atlantis"], "'atlantis'"),
        (["--control", "openpose"], "There is no 'openpose' ControlNet for 'picturebook': choose canny"),
        (["--reference", "nowhere.png"], "'nowhere.png'"),
        (["--reference", "broken.png"], "'broken.png'"),
        (["--reference", "words.png"], "'words.png'"),
        (["--reference", "folder.png"], "'folder.png'"),
        (["--reference", "bomb.png"], "too large"),
        (["--mask", "large.png"], "A mask needs a picture to repaint"),
        (["--mask", "small.png", "--reference", "large.png"], "The mask has 8x8 pixels"),
        (["--mask", "nowhere.png", "--reference", "large.png"], "'nowhere.png'"),
        (["--model", "loras/zipped.ckpt"], "zipped.ckpt"),
        (["--model", "no-one/no-such-model"], "'no-one/no-such-model'"),
        (["--model", "folder.png"], "folder.png"),
    ],
)
def test_what_is_wrong_with_the_choices_is_told_and_no_picture_is_made(
    filled: Path, files: Path, arguments: list[str], said: str
) -> None:
    assert said in refused("a fox", *arguments)
    assert Gallery(filled / "gallery").recent(1) == []
    assert not list(files.glob("a-fox*"))


@pytest.mark.parametrize("file", ["nowhere.png", "broken.png", "words.png", "folder.png", "bomb.png", "whole.png"])
@pytest.mark.parametrize("command", [["show"], ["draw", "--again"]])
def test_a_file_that_says_nothing_is_refused(filled: Path, files: Path, command: list[str], file: str) -> None:
    result = CliRunner().invoke(app, [*command, file])
    assert result.exit_code == 2, result.output
    assert result.stderr.splitlines()[-1].endswith(".")
    assert file in result.stderr
    assert not list(files.glob("*again*"))


def test_a_data_folder_that_cannot_be_made_is_told(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_DATA", str(files / "words.png" / "data"))
    assert "ATELIER_DATA" in refused("a fox")


@pytest.mark.parametrize("room", [0, 4_000, 40_000])
@pytest.mark.parametrize("kept_before", [False, True])
def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    filled: Path, tmp_path: Path, room: int, kept_before: bool
) -> None:
    """There is no room for the index, or only none for a picture that has to be kept: the user's, or the drawn one."""
    Image.effect_noise((300, 300), 80).save(tmp_path / "noise.png")
    gallery = Gallery(filled / "gallery")
    if kept_before:
        gallery.keep_file(tmp_path / "noise.png")
    files = sorted(path for path in tmp_path.rglob("*.*") if path.suffix in (".png", ".tmp"))
    with files_at_most(room):
        assert "free some" in refused("a red castle", "--reference", "noise.png", "--steps", "2")
    assert sorted(path for path in tmp_path.rglob("*.*") if path.suffix in (".png", ".tmp")) == files
    assert gallery.recent(1) == []
