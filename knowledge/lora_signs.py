"""Which base families the layers of a LoRA fit, by their names and widths alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

UNKNOWN = "unknown"
UNET = r"(?:down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)"
READS_TEXT = rf"{UNET}\S{{0,99}}attn2.(?:processor.)?to_[kv] "
"""The layers of a UNet whose inputs are as wide as a token of its text encoder."""
PAIRED = r"(?<!single_)(?<!joint_)transformer_blocks"
DOUBLE, SINGLE = rf"{PAIRED}.\d+", r"single_transformer_blocks.\d+"
SOME_UNET = (UNKNOWN, "sd1", "sd2", "sdxl", "sdxl-refiner", "kolors", "picturebook")
ALIKE = ("flux", "chroma", "hunyuanvideo", "qwenimage")

SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"motion_modules?.\d", ("animatediff",)),
    (r"temporal_transformer_blocks", ("stablevideodiffusion",)),
    (READS_TEXT + "768>", ("sd1",)),
    (READS_TEXT + "1024>", ("sd2",)),
    (READS_TEXT + "1280>", ("sdxl-refiner",)),
    (READS_TEXT + "2048>", ("sdxl", "kolors")),
    (READS_TEXT + r"\d", SOME_UNET),
    (rf"{DOUBLE}.attn1.(?:add_[qkv]_proj|to_add_out)", ("mochi",)),
    (rf"mode_blocks|{SINGLE}.ff.linear_(?:in|out)", ("flux3",)),
    (rf"joint_transformer_blocks|{SINGLE}.(?:ff.(?:linear_[12]|out_projection)|attn.to_out.0)", ("auraflow",)),
    (r"(?:double|single)_layers.\d+.(?:attn.w|mlp|mod)", ("auraflow",)),
    (rf"to_qkv_mlp_proj|{DOUBLE}.ff(?:_context)?.linear_(?:in|out)|(?:double|single)_stream_modulation", ("flux2",)),
    (r"(?:double|single)_blocks.\d+.\S{0,40} (?:6144|4096)>", ("flux2",)),
    (r"single_blocks.\d+.linear1 3072>27648|double_blocks.\d+.(?:img|txt)_mlp.0 3072>18432", ("flux2",)),
    (rf"{DOUBLE}.attn.(?:add_[qkv]_proj|to_add_out) (?:6144|4096)>", ("flux2",)),
    (r"txtfusion|text_fusion|blocks.\d+.(?:attn.(?:w[qkvo]|gate|to_gate)|ff.(?:gate|up|down)) ", ("krea2",)),
    (r"transformer_blocks.\d+.(?:img|txt)_(?:mlp|mod)", ("qwenimage",)),
    (r"(?<!single_)transformer_blocks.[2-5]\d.attn.(?:to|add)_\S{1,9} 3072>", ("qwenimage",)),
    (r"(?:double|single)_stream_blocks.\d+.block", ("hidreamimage",)),
    (r"joint_blocks.\d+.(?:x|context)_block", ("sd3",)),
    (rf"{DOUBLE}.(?:attn2?[._](?:to|add)|ff[._]net)\S{{1,20}} (?:1536|2432)>", ("sd3",)),
    (r"(?:double|single|transformer)_blocks.\d+.\S{1,40} 3584>", ("hunyuanimage",)),
    (r"double_blocks\.\d+\.(?:img|txt)_attn_|double_blocks.\d+.(?:img|txt)_mlp.fc[12]", ("hunyuanvideo",)),
    (r"individual_token_refiner|token_refiner.refiner_blocks", ("hunyuanvideo", "hunyuanimage")),
    (rf"double_blocks.19.\S{{1,40}} 3072>|{PAIRED}.19.(?:attn|ff|norm1)[._]\S{{1,30}} 3072>", ("hunyuanvideo",)),
    (r"single_(?:transformer_)?blocks.3[89].\S{1,40} 3072>", ("hunyuanvideo",)),
    (r"(?:double|single)_blocks.\d+.\S{1,40} (?:3072|12288|15360|\?)>", ALIKE),
    (rf"{SINGLE}.\S{{1,40}} (?:3072|12288|15360|\?)>", ALIKE),
    (rf"{DOUBLE}.(?:norm1|ff|attn)[._]\S{{1,30}} (?:3072|12288)>", ALIKE),
    (rf"{DOUBLE}.(?:norm1_context|ff_context|attn.add)\S{{1,30}} \?>", (UNKNOWN, *ALIKE, "flux2", "sd3")),
    (r"(?:layers|_refiner).\d+.(?:attention|feed_forward)\S{1,20} 3840>", ("zimage",)),
    (r"_refiner.\d+.attention.to_[qkv] ", ("zimage",)),
    (r"(?:layers|_refiner).\d+.(?:attention|attn|feed_forward)\S{1,20} 2304>", ("lumina2",)),
    (r"transformer_blocks.\d+.(?:ff.conv_(?:inverted|depth|point)|attn[12]\S{1,20} 2240>)", ("sana",)),
    (r"blocks.\d+.(?:self|cross)_attn.(?:[qkvo]|[kv]_img) ", ("wan",)),
    (r"(?<!transformer_)blocks.\d+.(?:attn[12].(?:to|add)_|ffn.)", ("wan",)),
    (r"llm_adapter|blocks.\d+.(?:self|cross)_attn.(?:[qkv]|output)_proj ", ("anima", "cosmos2texttoimage")),
    (rf"{DOUBLE}.attn2.to_[kv] 1024>2048", ("anima", "cosmos2texttoimage")),
    (rf"audio_attn|audio_to_video|{DOUBLE}.attn2.to_[kv] 4096>", ("ltx2",)),
    (rf"{DOUBLE}.attn2.to_[kv] 2048>", ("ltx",)),
    (r"\A(?=[\s\S]*(?:lora_te2|text_encoder_2|clip_g))[\s\S]*(?:lora_te3|text_encoder_3|t5xxl)", ("sd3",)),
    (r"SelfAttention|DenseReluDense|lora_te3|t5xxl", ("flux", "sd3", "chroma")),
    (r"(?:lora_te2|text_encoder_2|clip_g)\S{1,99} (?:1280|5120|\?)>", ("sdxl", "sd3")),
    (r"(?:lora_te|text_encoder)[_.]\S{1,99} (?:1024|4096)>", ("sd2",)),
    (r"lora_te_\S{1,99} (?:768|3072|\?)>", ("sd1", "sd2")),
    (r"(?:lora_te1|text_encoder|clip_l)[_.]\S{1,99} (?:768|3072|\?)>", (UNKNOWN, "sd1", "sdxl", "sd3", "flux")),
    (rf"{UNET}\S{{1,99}}transformer_blocks.[1-9]", ("sdxl", "sdxl-refiner", "kolors")),
    (r"down_blocks.0.attentions|(?:down|up)_blocks.3.", ("sd1", "sd2", "sdxl-refiner", "picturebook")),
    (r"input_blocks.(?:[12].1|1[01]).|output_blocks.(?:9|1[01]).", ("sd1", "sd2", "sdxl-refiner")),
    (UNET, SOME_UNET),
)
"""
A pattern for the lines `layer inputs>outputs` (a dot stands for the dots of diffusers and the underscores of kohya),
and the families it fits: the first is meant unless one of the others is named. The first pattern found counts. Names
and widths are those of the models in diffusers 0.42 and of each model's original code; families are spelled as the
renderer spells them.
"""


def fitting(layers: Iterable[str]) -> tuple[str, ...]:
    """The families those `layer inputs>outputs` fit, the likeliest first; none if they do not tell."""
    sheet = "\n".join(layers)
    return next((families for pattern, families in SIGNS if re.search(pattern, sheet)), ())
