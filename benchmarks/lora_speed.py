"""What LoRAs cost: reading one, changing over to another, keeping them beside the weights, and leaving no trace.

Sides are measured in turns in one process, by its CPU time; diffusers is used as its documentation says. The models
have the layers of the real ones, and random or no weights: what is measured does not depend on them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn

from benchmarks.results import Row
from benchmarks.timing import median, milliseconds
from knowledge.recipe import LoraUse
from tools.engine.lora.places import places_of
from tools.engine.lora.wardrobe import Fitter, Wardrobe
from tools.engine.lora.wear import Row as Worn
from tools.engine.quiet import quiet

PAIRS = 7
RANK = 16
SMALL_RANK = 4
"""For layers of 64 and 128, about what 16 is for those of SD 1.5."""
SWITCHES = 1000
ROWS = 8
XL: Mapping[str, Any] = {
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
MODELS: Mapping[str, tuple[Any, Mapping[str, Any], Mapping[str, Any]]] = {
    "SD 1.5": (StableDiffusionPipeline, {"cross_attention_dim": 768}, {"block_out_channels": (32, 64, 128, 128)}),
    "SDXL": (StableDiffusionXLPipeline, XL, {"block_out_channels": (32, 64, 128), "attention_head_dim": (1, 2, 4)}),
}
"""The pipeline, the true shape of the UNet, and what makes it narrow (and none the less deep) for a rehearsal."""
ENDS: Mapping[str, str] = {"SD 1.5": "", "SDXL": "-xl"}
"""Of the figures' ids."""
SMALL: Mapping[str, Any] = {
    "block_out_channels": (64, 128),
    "layers_per_block": 2,
    "cross_attention_dim": 64,
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
}
"""What a CPU can call often."""
ABSENT: Any = None


@dataclass(frozen=True)
class Bench:
    """A pipeline with nothing but a UNet of that shape, and LoRAs for it as sd-scripts would write them."""

    folder: Path
    kind: Any
    shape: Mapping[str, Any]
    filled: bool = False
    rank: int = RANK

    @cached_property
    def unet(self) -> UNet2DConditionModel:
        with quiet(), nullcontext() if self.filled else torch.device("meta"):
            unet: Any = UNet2DConditionModel(**self.shape)
            unet.to(torch.bfloat16)
        return (unet if self.filled else unet.to_empty(device="cpu")).eval().requires_grad_(False)

    @cached_property
    def pipeline(self) -> Any:
        parts = (
            "vae",
            "text_encoder",
            "tokenizer",
            "text_encoder_2",
            "tokenizer_2",
            "safety_checker",
            "feature_extractor",
        )
        known = self.kind.__init__.__annotations__
        given = {part: ABSENT for part in parts if part in known or part == "vae"}
        with quiet():
            return self.kind(**given, unet=self.unet, scheduler=EulerDiscreteScheduler())

    @cached_property
    def wardrobe(self) -> Wardrobe:
        return Wardrobe(Fitter(places_of(self.unet, {}), torch.device("cpu")), merges=False)

    def file(self, number: int) -> Path:
        """All the linear layers of the transformer blocks: 160 in SD 1.5, 722 in SDXL."""
        path = self.folder / f"{number}.safetensors"
        if not path.is_file():
            made = torch.Generator().manual_seed(number)
            tensors: dict[str, torch.Tensor] = {}
            for name, layer in self.unet.named_modules():
                if isinstance(layer, nn.Linear) and ".attentions." in name:
                    start = "lora_unet_" + name.replace(".", "_")
                    for role, shape in (
                        ("down", (self.rank, layer.in_features)),
                        ("up", (layer.out_features, self.rank)),
                    ):
                        tensor = torch.randn(shape, generator=made, dtype=torch.bfloat16) * 0.02
                        tensors[f"{start}.lora_{role}.weight"] = tensor
                    tensors[f"{start}.alpha"] = torch.tensor(self.rank / 2, dtype=torch.bfloat16)
            save_file(tensors, path)
        return path

    def row(self, wardrobe: Wardrobe, number: int) -> Worn:
        return (wardrobe.wear(LoraUse(name=str(number), sha256=f"{number:064x}"), self.file(number)),)

    def loaded(self, number: int, **how: Any) -> None:
        path = self.file(number)
        with quiet():
            self.pipeline.load_lora_weights(str(path.parent), weight_name=path.name, adapter_name="a", **how)


@contextmanager
def benches(share: float) -> Any:
    """One for each kind of model; narrow ones for less than the whole share."""
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for name, (kind, shape, narrow) in MODELS.items():
            (own := Path(folder) / name).mkdir()
            made[name] = Bench(own, kind, {**shape, **(narrow if share < 1 else {})})
        yield made


def pairs(share: float) -> int:
    return PAIRS if share >= 1 else 3


def ratios(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [mine / theirs for mine, theirs in zip(one, other, strict=True)]


def p4(share: float) -> list[Row]:
    """From a file on the disk to a model that wears it; then from that LoRA to another one, both read before."""
    rows: list[Row] = []
    with benches(share) as made:
        for name, bench in made.items():
            rows += [*reading(name, bench, pairs(share)), *switching(name, bench, pairs(share))]
    return rows


def reading(name: str, bench: Bench, count: int) -> list[Row]:
    ours, theirs = list[float](), list[float]()
    bench.file(0)
    for _ in range(count):
        fresh = Wardrobe(bench.wardrobe.fitter, merges=False)
        ours += milliseconds(lambda _, fresh=fresh: worn(fresh, [bench.row(fresh, 0)]), [0])
        fresh.bare()
        theirs += milliseconds(lambda _: bench.loaded(0), [0])
        bench.pipeline.unload_lora_weights()
    what = f"a LoRA of rank {RANK} from file to use, {name}"
    return [
        median(f"P4{ENDS[name]}", f"{what}: diffusers over ours", ratios(theirs, ours), "x", 20, "higher"),
        median(f"P4{ENDS[name]}-ours", f"{what}: ours", ours, "CPU ms", None),
        median(f"P4{ENDS[name]}-theirs", f"{what}: diffusers", theirs, "CPU ms", None),
    ]


def switching(name: str, bench: Bench, count: int) -> list[Row]:
    wardrobe = bench.wardrobe
    rows = [bench.row(wardrobe, number) for number in (0, 1)]
    mixed = [bench.row(wardrobe, number) for number in range(ROWS // 2)] * 2
    ours, many, theirs = list[float](), list[float](), list[float]()
    for _ in range(count):
        worn(wardrobe, rows[:1])
        ours += milliseconds(lambda _: worn(wardrobe, rows[1:]), [0])
        many += milliseconds(lambda _: worn(wardrobe, mixed), [0])
    wardrobe.bare()
    bench.loaded(0)
    for number in range(count):
        theirs += milliseconds(lambda which: bench.loaded(which, hotswap=True), [1 - number % 2])
    bench.pipeline.unload_lora_weights()
    what = f"from one LoRA of rank {RANK} to another, {name}"
    return [
        median(f"P4s{ENDS[name]}", f"{what}: hotswap over ours", ratios(theirs, ours), "x", 10, "higher"),
        median(f"P4s{ENDS[name]}-ours", f"{what}: ours", ours, "CPU ms", None),
        median(f"P4s{ENDS[name]}-many", f"to {ROWS} rows in {ROWS // 2} LoRAs, {name}", many, "CPU ms", None),
    ]


def worn(wardrobe: Wardrobe, rows: Sequence[Worn]) -> None:
    with wardrobe.worn(rows):
        pass


@contextmanager
def small() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        yield Bench(Path(folder), StableDiffusionPipeline, SMALL, filled=True, rank=SMALL_RANK)


def p5(share: float) -> list[Row]:
    """Sets put on and taken off, merged and beside the weights, in half precision, where rounding would show."""
    with small() as bench:
        before = {name: tensor.clone() for name, tensor in bench.unet.state_dict().items()}
        wardrobe = replace(bench.wardrobe, merges=True)
        one, two = bench.row(wardrobe, 0), bench.row(wardrobe, 1)
        looks = ([one], [one + two], [one, two], [two], [()])
        switches = max(50, round(SWITCHES * share))
        for number in range(switches):
            worn(wardrobe, looks[number % len(looks)])
        wardrobe.bare()
        now = bench.unet.state_dict()
        changed = sum(int((now[name] != tensor).sum()) for name, tensor in before.items())
    what = f"base weights that differ after {switches:,} switches"
    return [
        Row(
            "P5", what, changed, changed, changed, "weights", "equal", 0, f"of {sum(t.numel() for t in now.values()):,}"
        )
    ]


def p6(share: float) -> list[Row]:
    """Calls of eight rows: without LoRAs, with one each, and without again."""
    with small() as bench:
        side = 32 if share >= 1 else 16
        with quiet():
            unet = bench.unet.float()
        wardrobe = bench.wardrobe
        rows = [bench.row(wardrobe, number) for number in range(ROWS)]
        sample, words = torch.randn(ROWS, 4, side, side), torch.randn(ROWS, 77, 64)

        @torch.no_grad()
        def call(_: int) -> None:
            unet(sample, torch.full((ROWS,), 500), words)

        base, slots, idle = list[float](), list[float](), list[float]()
        call(0)
        for _ in range(pairs(share)):
            base += milliseconds(call, [0])
            worn(wardrobe, rows)
            slots += milliseconds(call, [0])
            wardrobe.bare()
            idle += milliseconds(call, [0])
    return [
        median("P6", f"{ROWS} rows in {ROWS} LoRAs in one call", extra(slots, base), "rate", 0.12),
        median("P6-idle", "the same when nothing is worn any more", extra(idle, base), "rate", 0.02),
    ]


def extra(with_it: Sequence[float], without: Sequence[float]) -> list[float]:
    return [ratio - 1 for ratio in ratios(with_it, without)]
