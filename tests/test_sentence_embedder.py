"""The packaged sentence encoder: what it hears as near, and what it says when it cannot be had."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from knowledge.problems import GiveUp
from knowledge.sentence_embedder import PACKAGED, SentenceEmbedder


@pytest.fixture(scope="module")
def embedder() -> SentenceEmbedder:
    return SentenceEmbedder()


def test_texts_of_one_meaning_are_nearer_than_texts_of_many_same_words(embedder: SentenceEmbedder) -> None:
    asked, near, far = embedder.texts(["a cosy little home", "a small comfortable house", "a cosy little lie"])
    assert asked @ near > asked @ far


def test_rows_are_unit_length_and_do_not_depend_on_the_batch(embedder: SentenceEmbedder) -> None:
    texts = ["light", "soft light from a window in the morning", "neon signs in the rain", ""]
    rows = embedder.texts(texts)
    assert rows.shape == (4, embedder.dim) == (4, 384)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert SentenceEmbedder(batch=1).texts(texts) == pytest.approx(rows, abs=1e-5)
    assert embedder.texts([]).shape == (0, 384)


def test_a_text_of_any_length_is_cut(embedder: SentenceEmbedder) -> None:
    assert embedder.texts(["word " * 5000]).shape == (1, 384)


def test_the_package_is_found_and_not_imported(embedder: SentenceEmbedder) -> None:
    assert len(embedder.fingerprint) == 64
    assert PACKAGED not in sys.modules


def test_what_is_no_encoder_is_said(tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match="holds no encoder"):
        _ = SentenceEmbedder(str(tmp_path)).fingerprint
    with pytest.raises(GiveUp, match="cannot be loaded"):
        SentenceEmbedder(str(tmp_path)).texts(["a"])
    with pytest.raises(GiveUp, match="'atelier/no-such-encoder' is not on this machine"):
        SentenceEmbedder("atelier/no-such-encoder").texts(["a"])
