"""Where the book's models lie, and how each is opened: as any model of its class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
from diffusers import AutoencoderTiny, ControlNetModel, StableDiffusionPipeline
from transformers import CLIPModel, CLIPTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from picturebook.album import draw_many
from picturebook.judge import Judge
from picturebook.references import references
from picturebook.scene import RARE, Style

HERE = Path(__file__).parent
Control = Literal["canny", "scribble", "depth", "inpaint", "tile"]
CONTROLS: tuple[Control, ...] = get_args(Control)


@dataclass(frozen=True)
class Book:
    """The folder of models; the one that travels with the program unless another is named."""

    models: Path = HERE / "models"

    @property
    def pipeline_folder(self) -> Path:
        return self.models / "pipeline"

    def controlnet_folder(self, kind: Control = "canny") -> Path:
        return self.models / f"controlnet-{kind}"

    @property
    def clip_folder(self) -> Path:
        return self.models / "clip"

    @property
    def loras_folder(self) -> Path:
        return self.models / "loras"

    @property
    def talker_folder(self) -> Path:
        return self.models / "talker"

    def lora(self, style: Style) -> Path:
        return self.loras_folder / f"{style.replace(' ', '-')}.safetensors"

    def autoencoder(self) -> AutoencoderTiny:
        return AutoencoderTiny.from_pretrained(self.pipeline_folder / "vae", dtype=torch.float32)

    def pipeline(self) -> StableDiffusionPipeline:
        pipeline = StableDiffusionPipeline.from_pretrained(
            self.pipeline_folder, dtype=torch.float32, safety_checker=None, local_files_only=True
        )
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def controlnet(self, kind: Control = "canny") -> ControlNetModel:
        return ControlNetModel.from_pretrained(self.controlnet_folder(kind), dtype=torch.float32)

    def clip(self) -> tuple[CLIPModel, CLIPTokenizer]:
        model = CLIPModel.from_pretrained(self.clip_folder, dtype=torch.float32)
        return model.eval(), CLIPTokenizer.from_pretrained(self.clip_folder)

    def talker(self) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
        model = LlamaForCausalLM.from_pretrained(self.talker_folder, dtype=torch.float32)
        return model.eval(), PreTrainedTokenizerFast.from_pretrained(self.talker_folder)

    def judge(self) -> Judge:
        """It knows what no training shows by its reference drawings."""
        return Judge(self.models / "judge", {kind: draw_many(references(kind)) for kind in RARE})
