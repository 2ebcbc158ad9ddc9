"""What a picture is made from, as pure values: if it changes the picture, it is a field of `Recipe`."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from knowledge.lora_blocks import checked

Scheduler = Literal["ddim", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_sde", "euler", "euler_a", "heun", "lcm", "unipc"]
LineControl = Literal["canny", "lineart", "lineart_anime", "mlsd", "scribble", "softedge"]
"""The kinds of control whose maps are lines on black."""
Upscaler = Literal["latent", "lanczos"]
"""How a first pass is enlarged: its latents bilinearly, or the picture by Lanczos's filter."""
ControlKind = Literal[LineControl, "depth", "inpaint", "normal", "openpose", "seg", "shuffle", "tile"]

Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hex: of an image's file, of a LoRA's file."""
OneZero = AfterValidator(lambda value: value + 0.0)
"""Minus zero becomes zero, so that equal values have one hash."""
Fraction = Annotated[float, Field(ge=0, le=1), OneZero]
Side = Annotated[int, Field(ge=64, le=4096, multiple_of=8)]
"""Pixels."""


class Value(BaseModel):
    """A frozen value that others may write: unknown fields are refused, defaults are not stored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def chosen(self) -> dict[str, Any]:
        """JSON-ready fields that differ from the defaults."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def canonical(self) -> str:
        """JSON with sorted keys, no spaces and no defaults: equal values give equal text."""
        return json.dumps(self.chosen(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


LoraWeight = Annotated[float, Field(ge=-4, le=4), OneZero]


class LoraUse(Value):
    """
    One low-rank adapter added to the model (Hu et al. 2021); `weight` 1 is as trained.

    `blocks` are factors of the weight in the blocks of the UNet, in the order of `knowledge.lora_blocks`.
    """

    name: Annotated[str, Field(min_length=1, max_length=200)]
    sha256: Identifier
    weight: LoraWeight = 1.0
    blocks: Annotated[tuple[LoraWeight, ...], AfterValidator(checked)] = ()


class ControlUse(Value):
    """One ControlNet map (Zhang et al. 2023), active between the fractions `start` and `end` of the steps."""

    kind: ControlKind
    image_id: Identifier
    conditioning_scale: Annotated[float, Field(ge=0, le=2), OneZero] = 1.0
    start: Fraction = 0.0
    end: Fraction = 1.0

    @property
    def exact(self) -> bool:
        """Whether the map says what it says by exact colours, which no resampling may mix."""
        return self.kind in ("inpaint", "seg")


class ReferenceUse(Value):
    """One picture whose content is carried over (IP-Adapter, Ye et al. 2023)."""

    image_id: Identifier
    scale: Annotated[float, Field(ge=0, le=2), OneZero] = 0.6


class Hires(Value):
    """
    A second pass over the finished picture at `scale` times its size, which draws what is missing there.

    The second pass takes `steps` steps, or as many as the first one where it is 0, and the last `strength` of them.
    """

    scale: Annotated[float, Field(gt=1, le=4)] = 2.0
    steps: Annotated[int, Field(ge=0, le=200)] = 0
    strength: Fraction = 0.7
    upscaler: Upscaler = "latent"


ModelName = Annotated[str, Field(min_length=1, max_length=500)]
Prompt = Annotated[str, Field(min_length=1, max_length=2000)]
NegativePrompt = Annotated[str, Field(max_length=2000)]
Steps = Annotated[int, Field(ge=1, le=200)]
Guidance = Annotated[float, Field(ge=0, le=30), OneZero]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
ClipSkip = Annotated[int, Field(ge=0, le=12)]


class Recipe(Value):
    """Everything that changes the pixels, and nothing else. `model` is a hub id or a name the renderer knows."""

    model: ModelName = "picturebook"
    prompt: Prompt
    negative_prompt: NegativePrompt = ""
    width: Side = 128
    height: Side = 128
    num_inference_steps: Steps = 20
    guidance_scale: Guidance = 4.0
    scheduler: Scheduler = "euler"
    seed: Seed = 0
    clip_skip: ClipSkip = 0
    loras: tuple[LoraUse, ...] = ()
    controls: tuple[ControlUse, ...] = ()
    references: tuple[ReferenceUse, ...] = ()
    init_image_id: Identifier | None = None
    mask_id: Identifier | None = None
    strength: Fraction = 0.8
    hires: Hires | None = None

    @property
    def drawn_size(self) -> tuple[int, int]:
        """Width and height of the finished picture in pixels: `width` and `height` are the first pass's."""
        scale = self.hires.scale if self.hires else 1.0
        return int(self.width * scale) // 8 * 8, int(self.height * scale) // 8 * 8

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    @property
    def image_ids(self) -> tuple[str, ...]:
        """Every image this recipe needs besides the model's files."""
        single = tuple(image_id for image_id in (self.init_image_id, self.mask_id) if image_id)
        return (*(use.image_id for use in (*self.controls, *self.references)), *single)

    def patched(self, patch: Patch) -> Recipe:
        """This recipe with the patch's fields in place of its own; None stands only where nothing can."""
        changes = patch.model_dump(exclude_unset=True)
        some = {name: value for name, value in changes.items() if value is not None or name in MAY_BE_NONE}
        return Recipe.model_validate(self.model_dump() | some)

    def patch_to(self, other: Recipe) -> Patch:
        """The smallest patch that turns this recipe into `other`."""
        mine, theirs = self.model_dump(), other.model_dump()
        return Patch.model_validate({name: theirs[name] for name in mine if mine[name] != theirs[name]})


MAY_BE_NONE = frozenset(name for name, field in Recipe.model_fields.items() if field.default is None)
"""Fields of a recipe that a patch can empty; None for another means, as chat models mean it, that it stays."""


class Patch(Value):
    """A change to a recipe: the fields that were set, and only those, replace the recipe's own."""

    model: ModelName | None = None
    prompt: Prompt | None = None
    negative_prompt: NegativePrompt | None = None
    width: Side | None = None
    height: Side | None = None
    num_inference_steps: Steps | None = None
    guidance_scale: Guidance | None = None
    scheduler: Scheduler | None = None
    seed: Seed | None = None
    clip_skip: ClipSkip | None = None
    loras: tuple[LoraUse, ...] | None = None
    controls: tuple[ControlUse, ...] | None = None
    references: tuple[ReferenceUse, ...] | None = None
    init_image_id: Identifier | None = None
    mask_id: Identifier | None = None
    strength: Fraction | None = None
    hires: Hires | None = None

    def chosen(self) -> dict[str, Any]:
        """JSON-ready fields that were set: an explicit None differs from an unmentioned field."""
        return self.model_dump(mode="json", exclude_unset=True)
