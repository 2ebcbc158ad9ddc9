"""What other tools wrote into an image file, turned into a recipe of ours; nothing in it is trusted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path, PureWindowsPath

from pydantic import BaseModel, TypeAdapter, ValidationError

from knowledge.a1111 import UPSCALERS
from knowledge.picture import Decision, Provenance
from knowledge.problems import TryAgain
from knowledge.recipe import Hires, Recipe, Scheduler

KEYS = (
    *("parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream"),
    *("Comment", "Description", "Source", "Software"),  # NovelAI's
)
LONGEST = 2_000_000
"""Characters of all texts together."""
LORA_TAG = re.compile(r"\s*<lora:([^:<>]{1,200})[^<>]{0,400}>")
TWO_NUMBERS = re.compile(r"(\d{1,6})\D{1,5}(\d{1,6})")
WEIGHT_SUFFIXES = (".safetensors", ".ckpt", ".pt")
BY_NAME: dict[str, Scheduler] = {
    "ddim": "ddim",
    "ddimv3": "ddim",
    "dpmpp2m": "dpmpp_2m",
    "dpmppsde": "dpmpp_sde",
    "euler": "euler",
    "eulera": "euler_a",
    "eulerancestral": "euler_a",
    "heun": "heun",
    "lcm": "lcm",
    "unipc": "unipc",
    "unipcbh2": "unipc",
}
"""By the letters and digits of the names in all the tools read here."""


class Found(BaseModel):
    """What the other tool said, in its own words."""

    tool: str
    prompt: str
    negative_prompt: str
    sampler: str
    model: str
    settings: dict[str, str | int | float]


READING: TypeAdapter[Found | None] = TypeAdapter(Found | None)


@dataclass(frozen=True)
class Adaptation:
    """One reading of a foreign record: each value that had to change leaves a note."""

    found: Found
    notes: list[str] = field(default_factory=list)

    def number(self, limits_of: str, *names: str) -> Decimal:
        """The first of the settings named, within the limits of that field of `Recipe`, or its default."""
        limits = Recipe.model_json_schema()["properties"][limits_of]
        low, high, default = (Decimal(str(limits[name])) for name in ("minimum", "maximum", "default"))
        value = _number(next((self.found.settings[name] for name in names if name in self.found.settings), None))
        if value is None:
            self.notes.append(f"It gives no usable {names[0]}, so {default} is taken.")
            return default
        if not low <= value <= high:
            self.notes.append(f"Its {names[0]} of {value:.6g} is beyond {low}..{high}, so the nearest is taken.")
        return min(max(value, low), high)

    def seed(self) -> int:
        value = _number(self.found.settings.get("seed", self.found.settings.get("noise_seed")))
        if value is None:
            self.notes.append("It gives no usable seed, so 0 is taken.")
            return 0
        if not 0 <= value < 2**32:
            self.notes.append(f"Its seed {value:.24g} is beyond 0..2**32-1, so the remainder is taken.")
        return int(value) % 2**32

    def scheduler(self) -> Scheduler:
        """Ours of the same name; `euler` stands in for one we do not have."""
        name = self.found.sampler.lower().replace("++", "pp")
        schedule = f"{self.found.settings.get('scheduler', '')} {self.found.settings.get('noise_schedule', '')}".lower()
        karras = "karras" in name + schedule or name.endswith("_k")
        bare = re.sub(r"^k_|_k$|karras|_gpu$|[^a-z0-9]", "", name)
        ours = BY_NAME.get(bare)
        if ours is None:
            theirs = _printable(self.found.sampler)[:100]
            self.notes.append(f"Its sampler {theirs!r} is not known here, so euler is taken.")
            return "euler"
        if karras and ours == "dpmpp_2m":
            return "dpmpp_2m_karras"
        if karras:
            self.notes.append(f"Its Karras schedule is not known here for {ours}, so the plain one is taken.")
        return ours

    def size(self, image_size: tuple[int, int]) -> tuple[int, int]:
        """Width and height in pixels; those of the file where the record is silent."""
        settings = self.found.settings
        stated = [_number(settings.get(side)) for side in ("width", "height")]
        if pair := TWO_NUMBERS.search(str(settings.get("size") or settings.get("resolution") or "")):
            stated = [Decimal(side) for side in pair.groups()]
        width, height = (stated if all(stated) else None) or image_size
        sides = [int(min(max(side or 0, 64), 4096)) // 8 * 8 for side in (width, height)]
        if sides != [width, height]:
            self.notes.append(f"Its size {width:.6g}x{height:.6g} became {sides[0]}x{sides[1]} (multiples of 8).")
        return sides[0], sides[1]

    def hires(self) -> Hires | None:
        """A1111's second pass; where an upscaler is not here, such as one that is a model, Lanczos stands in for it."""
        settings = self.found.settings
        said = {"scale": "hires_upscale", "steps": "hires_steps", "strength": "denoising_strength"}
        values = {name: value for name, key in said.items() if (value := _number(settings.get(key))) is not None}
        if "scale" not in values:
            return None
        name = str(settings.get("hires_upscaler", ""))
        ours = {theirs: own for own, theirs in UPSCALERS.items()}
        upscaler = ours.get(name.partition(" (")[0], "lanczos")
        if name not in ours:
            self.notes.append(f"Its upscaler {_printable(name)[:100]!r} is not known here, so {upscaler} is taken.")
        try:
            return Hires.model_validate(values | {"upscaler": upscaler})
        except ValidationError:
            self.notes.append("Its hires pass is beyond what there is here, so there is none.")
            return None

    def words(self, text: str, what: str) -> str:
        """Printable, without LoRA tags, at most as long as a prompt of ours."""
        text = _printable(text)
        if names := LORA_TAG.findall(text):
            self.notes.append(f"Its LoRAs ({', '.join(names)[:200]}) are not carried over: choose them here by name.")
        text = LORA_TAG.sub("", text).strip()
        if len(text) > 2000:
            self.notes.append(f"Its {what} has {len(text)} characters: the first 2000 are taken.")
        return text[:2000]

    def model(self) -> str:
        """The bare name: a folder or a hub id in a stranger's file must not choose what is loaded."""
        name = PureWindowsPath(_printable(self.found.model)).name
        for suffix in WEIGHT_SUFFIXES:
            name = name.removesuffix(suffix)
        if not name:
            self.notes.append(f"It names no model, so {Recipe.model_fields['model'].default!r} is taken.")
        return name[:500] or Recipe.model_fields["model"].default


def foreign_provenance(texts: Mapping[str, str], image_size: tuple[int, int], name: str) -> Provenance:
    """The recipe that other tools' `texts` (by PNG keyword) describe. Raises `TryAgain` if there is none in them."""
    adaptation = Adaptation(found_in(texts, name))
    found = adaptation.found
    width, height = adaptation.size(image_size)
    prompt = adaptation.words(found.prompt, "prompt")
    if not prompt:
        raise TryAgain(f"{name!r} has {found.tool} settings but no prompt in them: give the prompt yourself.")
    recipe = Recipe(
        model=adaptation.model(),
        prompt=prompt,
        negative_prompt=adaptation.words(found.negative_prompt, "negative prompt"),
        width=width,
        height=height,
        num_inference_steps=int(adaptation.number("num_inference_steps", "steps")),
        guidance_scale=float(adaptation.number("guidance_scale", "cfg_scale")),
        scheduler=adaptation.scheduler(),
        seed=adaptation.seed(),
        hires=adaptation.hires(),
    )
    said = (f"Read from what {found.tool} wrote into {name!r}.", *adaptation.notes)
    return Provenance(recipe=recipe, decisions=tuple(Decision(step="render", why=why) for why in said))


def found_in(texts: Mapping[str, str], name: str, seconds: float = 10) -> Found:
    """What sd-parsers makes of `texts` within `seconds`. Raises `TryAgain` if it is nothing, or takes longer."""
    told = {key: texts[key] for key in KEYS if key in texts}
    silent = TryAgain(f"{name!r} carries no record of how it was made: describe the picture in words instead.")
    if not told:
        raise silent
    if sum(map(len, told.values())) > LONGEST:
        raise TryAgain(f"The record in {name!r} is too long to be read: describe the picture in words instead.")
    try:
        found = READING.validate_json(_read_apart(told, seconds))
    except (subprocess.SubprocessError, ValidationError) as error:
        raise TryAgain(f"The record in {name!r} makes no sense: describe the picture in words instead.") from error
    if found is None:
        raise silent
    return found


def _read_apart(texts: Mapping[str, str], seconds: float) -> bytes:
    # -I: neither the working folder nor the environment may put modules in front of the installed ones
    command = [sys.executable, "-I", str(Path(__file__).with_name("foreign_reader.py"))]
    done = subprocess.run(command, input=json.dumps(texts).encode(), capture_output=True, timeout=seconds, check=True)
    return done.stdout


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or value is None or len(str(value)) > 40:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t").strip()
