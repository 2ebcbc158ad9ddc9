"""Prompts become what the pipelines of diffusers make of them, and weights, length and skipped layers come on top."""

from __future__ import annotations

import copy
import logging
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from transformers import CLIPTextModelWithProjection

from knowledge.problems import TryAgain
from picturebook.book import Book
from tests import tiny_models
from tools.engine.prompt_chunks import chunks, count
from tools.engine.text_encoding import Embedding, TextEncoding

SHAPES = ["sd15", "sdxl", "picturebook"]


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("models")
    return {
        "sd15": StableDiffusionPipeline.from_pretrained(tiny_models.sd15(folder / "sd15"), safety_checker=None),
        "sdxl": StableDiffusionXLPipeline.from_pretrained(tiny_models.sdxl(folder / "sdxl")),
        "picturebook": Book().pipeline(),
    }


@pytest.fixture
def sd15(pipelines: dict[str, Any]) -> TextEncoding:
    return TextEncoding.of(pipelines["sd15"])


def _positive(encoding: TextEncoding, prompt: str, clip_skip: int = 0) -> torch.Tensor:
    return encoding.encode(prompt, None, clip_skip, ()).positive.states


def _same(ours: Embedding | None, states: torch.Tensor, pooled: torch.Tensor | None) -> bool:
    assert ours is not None
    assert (ours.pooled is None) == (pooled is None)
    return torch.equal(ours.states, states) and (pooled is None or torch.equal(ours.pooled, pooled))  # pyright: ignore


@torch.no_grad()
def _pipelines_own(pipeline: Any, prompt: str, negative: str | None, **more: Any) -> tuple[Any, ...]:
    """Positive states, negative states, and the pooled pair or a pair of None."""
    given = {"device": "cpu", "num_images_per_prompt": 1, "do_classifier_free_guidance": True}
    return (*pipeline.encode_prompt(prompt, negative_prompt=negative, **given, **more), None, None)[:4]


# --- as diffusers does


@pytest.mark.parametrize("negative", ["", "blurry"])
@pytest.mark.parametrize("prompt", ["a red fox, in snow", "", "ab, " * 25])
@pytest.mark.parametrize("shape", SHAPES)
def test_plain_words_are_read_to_the_bit_as_the_pipeline_does(
    pipelines: dict[str, Any], shape: str, prompt: str, negative: str
) -> None:
    ours = TextEncoding.of(pipelines[shape]).encode(prompt, negative, 0, ())
    positive, negative_states, pooled, negative_pooled = _pipelines_own(pipelines[shape], prompt, negative or None)
    assert ours.positive.states.shape[:2] == (1, 77)
    assert _same(ours.positive, positive, pooled)
    assert _same(ours.negative, negative_states, negative_pooled)


def test_an_empty_negative_prompt_is_zeros_only_where_the_model_was_trained_so(pipelines: dict[str, Any]) -> None:
    pipeline = copy.copy(pipelines["sdxl"])
    zero = TextEncoding.of(pipeline).encode("a fox", "", 0, ()).negative
    assert zero is not None
    assert zero.pooled is not None
    assert not zero.states.any()
    assert not zero.pooled.any()
    pipeline.register_to_config(force_zeros_for_empty_prompt=False)
    read = TextEncoding.of(pipeline).encode("a fox", "", 0, ()).negative
    _, states, _, pooled = _pipelines_own(pipeline, "a fox", "")
    assert states.any()
    assert _same(read, states, pooled)


def test_no_negative_prompt_is_read_where_none_is_asked_for(sd15: TextEncoding) -> None:
    assert sd15.encode("a fox", None, 0, ()).negative is None
    assert sd15.cache.misses == 1


def test_nothing_is_recorded_for_gradients_and_the_precision_is_the_encoders(sd15: TextEncoding) -> None:
    tokenizer, encoder = sd15.readers[0]
    half = TextEncoding(((tokenizer, copy.deepcopy(encoder).half()),), False, False)
    states = _positive(half, "a (red:1.4) fox")
    assert states.dtype == torch.float16
    assert not states.requires_grad


# --- skipped layers


def test_a_skipped_layer_is_one_the_encoder_does_not_have(pipelines: dict[str, Any], sd15: TextEncoding) -> None:
    shorter = copy.deepcopy(pipelines["sd15"].text_encoder)
    shorter.encoder.layers = shorter.encoder.layers[:-1]
    tokenizer, _ = sd15.readers[0]
    assert torch.equal(
        _positive(sd15, "a fox", 1), _positive(TextEncoding(((tokenizer, shorter),), False, False), "a fox")
    )


def test_layers_are_skipped_in_either_layout_of_the_encoder(sd15: TextEncoding) -> None:
    tokenizer, encoder = sd15.readers[0]
    nested = CLIPTextModelWithProjection(encoder.config).eval()
    nested.text_model.load_state_dict(encoder.state_dict())
    inside = TextEncoding(((tokenizer, nested),), False, False)
    assert torch.equal(_positive(inside, "a fox", 1), _positive(sd15, "a fox", 1))


def test_sdxl_skips_from_its_last_layer_but_one(pipelines: dict[str, Any]) -> None:
    ours = TextEncoding.of(pipelines["sdxl"]).encode("a fox", "a fox", 1, ())
    positive, _, pooled, _ = _pipelines_own(pipelines["sdxl"], "a fox", None, clip_skip=1)
    assert _same(ours.positive, positive, pooled)
    assert _same(ours.negative, positive, pooled)


@pytest.mark.parametrize("shape", ["sd15", "sdxl"])
def test_more_layers_than_there_are_cannot_be_skipped(pipelines: dict[str, Any], shape: str) -> None:
    encoding = TextEncoding.of(pipelines[shape])
    encoding.encode("a fox", "", 2, ())
    with pytest.raises(TryAgain, match=r"at most 2 .* not 3"):
        encoding.encode("a fox", "", 3, ())


# --- weights


@pytest.mark.parametrize("shape", SHAPES)
def test_a_weight_of_one_changes_nothing(pipelines: dict[str, Any], shape: str) -> None:
    encoding = TextEncoding.of(pipelines[shape])
    assert torch.equal(_positive(encoding, "a (red:1.0) fox"), _positive(encoding, "a red fox"))


def test_a_weighted_token_counts_more_and_the_mean_of_its_chunk_stays(pipelines: dict[str, Any]) -> None:
    encoder = copy.deepcopy(pipelines["sd15"].text_encoder)
    torch.nn.init.constant_(encoder.final_layer_norm.bias, 0.3)
    encoding = TextEncoding(((pipelines["sd15"].tokenizer, encoder),), False, False)
    plain, weighted = _positive(encoding, "a red fox"), _positive(encoding, "a (red:1.5) fox")
    assert weighted.mean().item() == pytest.approx(plain.mean().item(), rel=1e-5)
    change = (weighted / plain).mean(2)[0]
    # start, a, three letters of "red", three of "fox", end and padding
    assert change[2:5] / change[0] == pytest.approx([1.5] * 3, rel=1e-5)
    assert change[5:] / change[0] == pytest.approx([1.0] * 72, rel=1e-5)
    assert 1 / 1.5 < change[0].item() < 1


def test_where_states_cancel_out_their_mean_decides_nothing(sd15: TextEncoding) -> None:
    plain = _positive(sd15, "a red fox")
    assert plain.mean().abs().item() < 1e-6
    for weight in (4.0, 0.25, 0.0, -4.0):
        change = (_positive(sd15, f"a (red:{weight}) fox") / plain)[0, 0].mean().item()
        assert 0.24 < change < 4.1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weight", [4.0, 0.0, -4.0])
def test_the_strongest_weights_give_numbers(pipelines: dict[str, Any], shape: str, weight: float) -> None:
    states = _positive(TextEncoding.of(pipelines[shape]), f"(a red fox:{weight})")
    assert states.isfinite().all()
    assert states.abs().max() < 100 * _positive(TextEncoding.of(pipelines[shape]), "a red fox").abs().max()


# --- long prompts


@pytest.mark.parametrize("shape", SHAPES)
def test_each_section_is_read_on_its_own_and_the_first_is_pooled(pipelines: dict[str, Any], shape: str) -> None:
    encoding = TextEncoding.of(pipelines[shape])
    first, second = (encoding.encode(prompt, None, 0, ()).positive for prompt in ("a fox", "an owl"))
    both = encoding.encode("a fox BREAK an owl", None, 0, ()).positive
    assert torch.allclose(both.states, torch.cat([first.states, second.states], 1), atol=1e-5)
    assert (both.pooled is None) == (shape != "sdxl")
    if both.pooled is not None and first.pooled is not None:
        assert torch.allclose(both.pooled, first.pooled, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("prompts", [("x " * 160, "blurry"), ("a fox", "x " * 160), ("x " * 160, "")])
def test_the_shorter_prompt_is_followed_by_nothing(
    pipelines: dict[str, Any], shape: str, prompts: tuple[str, str]
) -> None:
    encoding = TextEncoding.of(pipelines[shape])
    words = encoding.encode(*prompts, 0, ())
    assert words.negative is not None
    assert words.positive.states.shape[1] == words.negative.states.shape[1] == 3 * 77
    shorter, alone = min(zip((words.positive, words.negative), prompts, strict=True), key=lambda one: len(one[1]))
    if alone or shape != "sdxl":
        nothing = _positive(encoding, "")
        assert torch.equal(shorter.states, torch.cat([_positive(encoding, alone), nothing, nothing], 1))


def test_a_long_prompt_is_not_complained_of(sd15: TextEncoding, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "transformers"):
        logging.getLogger("transformers").addHandler(caplog.handler)
        sd15.encode("x " * 500, "", 0, ())
        logging.getLogger("transformers").removeHandler(caplog.handler)
    assert not caplog.records


@pytest.mark.parametrize(
    ("prompt", "lengths"),
    [
        ("x " * 75, [75]),
        ("x " * 76, [75, 1]),
        ("x " * 70 + ", " + "x " * 20, [71, 20]),
        ("x " * 55 + ", " + "x " * 20, [56, 20]),
        ("x " * 54 + ", " + "x " * 21, [75, 1]),
        ("x " * 60 + ", " + "x " * 5 + ", " + "x " * 20, [67, 20]),
        (", " * 200, [75, 75, 50]),
        ("x BREAK " + "x " * 76, [1, 75, 1]),
    ],
)
def test_a_full_chunk_ends_at_a_comma_near_its_end(sd15: TextEncoding, prompt: str, lengths: list[int]) -> None:
    tokenizer, _ = sd15.readers[0]
    parts = chunks(tokenizer, prompt)
    assert [part.ids.index(tokenizer.eos_token_id) - 1 for part in parts] == lengths
    assert {len(part.ids) for part in parts} == {len(part.weights) for part in parts} == {77}
    assert {part.ids[0] for part in parts} == {tokenizer.bos_token_id}


def test_tokens_are_counted_without_the_syntax(sd15: TextEncoding) -> None:
    tokenizer, _ = sd15.readers[0]
    assert count(tokenizer, "fox") == count(tokenizer, "((fox:1.2))") == 5
    assert count(tokenizer, "fox BREAK fox") == 8
    assert count(tokenizer, "") == 2


# --- what was read is kept


def test_the_same_words_are_read_once_for_each_set_of_adapters_and_skipped_layers(sd15: TextEncoding) -> None:
    first = sd15.encode("a fox", "blurry", 0, ())
    again = sd15.encode("an owl", "blurry", 0, ())
    assert again.negative is first.negative
    assert (sd15.cache.hits, sd15.cache.misses) == (1, 3)
    sd15.encode("a fox", None, 1, ())
    sd15.encode("a fox", None, 0, ("some adapter", 0.5))
    assert (sd15.cache.hits, sd15.cache.misses) == (1, 5)
    assert sd15.cache.nbytes == 5 * first.positive.nbytes
