"""Text embeddings for CLIP skip: the prompt as an earlier layer of the text encoder sees it."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import DiffusionPipeline

from knowledge.problems import TryAgain
from knowledge.recipe import Recipe


def text_arguments(pipeline: DiffusionPipeline, recipe: Recipe) -> dict[str, Any]:
    """What the pipeline is called with for its words: plain prompts, or embeddings where layers are skipped."""
    words = {"prompt": recipe.prompt, "negative_prompt": recipe.negative_prompt or None}
    if not recipe.clip_skip:
        return words
    kind = type(pipeline).__name__
    if not kind.startswith("StableDiffusion") or kind.startswith("StableDiffusion3"):
        raise TryAgain(f"{recipe.model!r} does not skip layers of its text encoder: set clip_skip to 0.")
    layers: int = pipeline.text_encoder.config.num_hidden_layers
    if recipe.clip_skip >= layers:
        raise TryAgain(f"clip_skip can be at most {layers - 1} for {recipe.model!r}.")
    if kind.startswith("StableDiffusionXL"):
        return {**words, "clip_skip": recipe.clip_skip}
    return {
        "prompt_embeds": _embeddings(pipeline, recipe.prompt, recipe.clip_skip),
        "negative_prompt_embeds": _embeddings(pipeline, recipe.negative_prompt, recipe.clip_skip),
    }


@torch.no_grad()
def _embeddings(pipeline: DiffusionPipeline, text: str, skip: int) -> torch.Tensor:
    """Shape (1, tokens, features): hidden states `skip` layers before the last, through the final layer norm.

    The pipeline's own `clip_skip` looks for the norm where transformers no longer keeps it (diffusers #14124), and
    leaves the negative prompt unskipped.
    """
    tokenizer, encoder = pipeline.tokenizer, pipeline.text_encoder
    tokens = tokenizer(
        text, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    )
    states = encoder(tokens.input_ids.to(encoder.device), output_hidden_states=True).hidden_states
    return getattr(encoder, "text_model", encoder).final_layer_norm(states[-(skip + 1)])
