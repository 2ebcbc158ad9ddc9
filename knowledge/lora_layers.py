"""What a file's tensors are: the layers a LoRA adapts, in any of the spellings trainers use, or something else."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from knowledge.problems import TryAgain

ADAPTED = re.compile(
    r"(?P<layer>[!-~]{1,400}?)[._](?:"
    r"lora\d?(?:_linear_layer)?[._](?P<lora>down|up|mid|A|B|embedding_[AB]|magnitude_vector)"
    r"|(?P<lycoris>hada_\w+|lokr_\w+|b?oft_\w+|dora_scale|on_input|diff(?:_b)?(?!\.))"
    r")(?:\.[\w-]+)?(?:\.weight)?"
)
"""A tensor's name: `to_k.lora_A.default.weight` (peft), `x_to_k.lora_down.weight` (kohya), `to_k_lora.down.weight` and
`k_proj.lora_linear_layer.up.weight` (diffusers), `x_to_k.hada_w1_a` (LyCORIS), … ; the layer, and which part of it."""
INPUTS = frozenset(("down", "A", "hada_w1_b", "lokr_w1", "lokr_w1_b", "lokr_w2", "lokr_w2_b", "diff"))
OUTPUTS = frozenset(("up", "B", "hada_w1_a", "lokr_w1", "lokr_w1_a", "lokr_w2", "lokr_w2_a", "diff"))
"""The parts whose second size (first size, for outputs) is the layer's; where there are two, their product is."""
MOST_LAYERS = 4000
"""Several times what the largest real file adapts."""

NEVER_LORAS = (
    (r"^(?:model\.diffusion_model|cond_stage_model|conditioner\.embedders)\.|\.base_layer\.", "a whole checkpoint"),
    (r"^(?:image_proj|ip_adapter)\.", "an IP-Adapter"),
    (r"^lora_controlnet |^lllite_|controlnet_(?:cond_embedding|down|mid|blocks|x_embedder)", "a ControlNet"),
    (r"^control_model\.|^input_hint_block|^zero_convs", "a ControlNet"),
    (r"^(?:(?:base_|language_)?model\.)*layers\.\d+\.(?:self_attn|mlp)\.\w+_proj\.", "an adapter of a language model"),
)
"""Even if there are low-rank parts in them. Patterns for the lines `name shape`, here and below."""
OTHER_FILES = (
    (r"motion_modules?\.", "an AnimateDiff motion module"),
    (r"^adapter\.|^body\.\d+\.(?:block|in_conv)", "a T2I-Adapter"),
    (r"^(?:first_stage_model\.|vae\.)?(?:(?:en|de)coder\.(?:conv_in|down|mid|up)|(?:post_)?quant_conv)", "a VAE"),
    (r"^(?:\w+\.)?(?:\w*_)?(?:blocks?|layers)\.\d+\.", "a whole model"),
    (r"^(?:transformer\.)?text_model\.|^encoder\.block\.", "a text encoder"),
    (r"^(?:320|640|768|1024|1280)\.\d", "a hypernetwork"),
    (r"\A(?:\S+ (?:\d+x)?(?:768|1024|1280|2048|4096)\n){1,3}\Z", "an embedding (textual inversion)"),
)


def adapted_layers(name: str, shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """The lines `layer inputs>outputs` of a LoRA, `?` for a size not told. Raises `TryAgain` for other files."""
    parts: dict[str, dict[str, tuple[int, ...]]] = {}
    for key, shape in shapes.items():
        if found := ADAPTED.fullmatch(key):
            parts.setdefault(found["layer"], {})[found["lora"] or found["lycoris"]] = shape
    if not shapes:
        raise TryAgain(f"The LoRA file {name!r} holds no tensors: get it again.")
    if what := _other_kind(shapes, adapter=bool(parts)):
        raise TryAgain(f"The file {name!r} is {what}, not a LoRA: move it out of the LoRA folder.")
    if not parts:
        raise TryAgain(f"The file {name!r} holds no LoRA weights: choose a LoRA's .safetensors file.")
    return [
        f"{layer} {_size(sizes, INPUTS, 1)}>{_size(sizes, OUTPUTS, 0)}"
        for layer, sizes in list(parts.items())[:MOST_LAYERS]
    ]


def _size(parts: Mapping[str, tuple[int, ...]], of: frozenset[str], axis: int) -> str:
    sizes = [shape[axis] for part, shape in parts.items() if part in of and len(shape) > axis]
    return str(math.prod(sizes)) if sizes else "?"


def _other_kind(shapes: Mapping[str, tuple[int, ...]], adapter: bool) -> str:
    some = list(shapes.items())[:MOST_LAYERS]
    lines = "".join(f"{key[:400]} {'x'.join(map(str, shape))}\n" for key, shape in some)
    table = NEVER_LORAS if adapter else NEVER_LORAS + OTHER_FILES
    return next((what for pattern, what in table if re.search(pattern, lines, re.MULTILINE)), "")
