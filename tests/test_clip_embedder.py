"""Words and pictures as vectors, by a small random CLIP of the standard classes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from knowledge.clip_embedder import ClipEmbedder
from knowledge.problems import GiveUp
from tests.small_clip import DIM, save_small_clip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def embedder(folder: Path) -> ClipEmbedder:
    return ClipEmbedder(str(folder))


def test_words_and_pictures_are_unit_vectors_of_one_space(embedder: ClipEmbedder) -> None:
    texts = embedder.texts(["a red house", "a blue boat under the sea"])
    images = embedder.images([Image.new("RGB", (40, 50), "red")])
    assert texts.shape == (2, embedder.dim) == (2, DIM)
    assert images.shape == (1, DIM)
    assert texts.dtype == images.dtype == np.float32
    assert np.linalg.norm(np.concatenate([texts, images]), axis=1) == pytest.approx(1.0, abs=1e-6)


def test_the_same_input_gives_the_same_vector_in_another_process_as_well(folder: Path, embedder: ClipEmbedder) -> None:
    again = ClipEmbedder(str(folder))
    assert np.array_equal(again.texts(["a cat"]), embedder.texts(["a cat"]))
    picture = [Image.linear_gradient("L")]
    assert np.array_equal(again.images(picture), embedder.images(picture))


def test_a_batch_gives_what_each_would_alone(folder: Path, embedder: ClipEmbedder) -> None:
    texts = ["a cat", "a much longer wish for a cat", "", "a dog", "five"]
    by_two = ClipEmbedder(str(folder), batch=2).texts(texts)
    alone = np.concatenate([embedder.texts([text]) for text in texts])
    assert by_two == pytest.approx(alone, abs=1e-5)


def test_nothing_gives_no_rows(embedder: ClipEmbedder) -> None:
    assert embedder.texts([]).shape == (0, DIM)
    assert embedder.images([]).shape == (0, DIM)


def test_a_text_too_long_for_the_model_is_cut(embedder: ClipEmbedder) -> None:
    long = "toadstool " * 1000
    assert np.array_equal(embedder.texts([long]), embedder.texts([long + "and more"]))


def test_a_picture_of_any_mode_is_read_as_rgb(embedder: ClipEmbedder) -> None:
    red = Image.new("RGB", (32, 32), "red")
    assert embedder.images([red.convert("P")]) == pytest.approx(embedder.images([red.convert("RGBA")]), abs=1e-6)


def test_the_fingerprint_names_the_weights_and_needs_no_model(folder: Path, tmp_path: Path) -> None:
    fresh = ClipEmbedder(str(folder))
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).digest()
    assert fresh.fingerprint == hashlib.sha256(digest).hexdigest()
    assert "_parts" not in vars(fresh)
    assert ClipEmbedder(str(save_small_clip(tmp_path / "other", seed=1))).fingerprint != fresh.fingerprint


def test_a_hub_id_without_a_network_gives_one_line() -> None:
    with pytest.raises(GiveUp, match=r"'atelier/no-such-clip' is not on this machine.*connect to the network"):
        ClipEmbedder("atelier/no-such-clip").texts(["a cat"])


def test_a_folder_that_holds_no_model_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match="no complete CLIP"):
        ClipEmbedder(str(tmp_path)).texts(["a cat"])
    with pytest.raises(GiveUp, match=r"no \.safetensors weights"):
        _ = ClipEmbedder(str(tmp_path)).fingerprint
