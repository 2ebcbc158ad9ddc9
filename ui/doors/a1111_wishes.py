"""What A1111's clients ask for, as arguments of the `draw` tool."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from agent.desk import Desk
from knowledge.a1111 import SAMPLERS, scheduler_called
from knowledge.image_files import decode_image
from ui.doors.bodies import from_base64
from ui.doors.drawings import Extras
from ui.doors.refusals import Refused

LORA = re.compile(r"<lora:([^:<>]{1,200})(?::([^<>]{0,400}))?>")
Count = Annotated[int, Field(ge=1, le=100)]


class Txt2Img(Extras):
    """Left out, sizes, steps and the rest are those of Atelier, not A1111's."""

    prompt: str = ""
    seed: Annotated[int, Field(ge=-1)] = -1
    batch_size: Count = 1
    n_iter: Count = 1
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    cfg_scale: float | None = None
    sampler_name: str | None = None
    sampler_index: str | None = None
    scheduler: str | None = None
    enable_hr: bool = False
    alwayson_scripts: dict[str, Any] = {}
    style: bool | None = None

    def arguments(self) -> dict[str, Any]:
        """Of the `draw` tool. Raises `Refused` for what it cannot do."""
        self._refuse_missing()
        prompt, loras = without_loras(self.prompt)
        given = self.chosen() | {"prompt": prompt, "count": self.batch_size * self.n_iter, "steps": self.steps}
        given |= {"guidance": self.cfg_scale, "scheduler": self._scheduler(), "style": self.style}
        given |= {"loras": [*(self.loras or ()), *loras]} if loras else {}
        given |= {"seed": self.seed} if self.seed >= 0 else {}
        given |= {"size": [self.width, self.height]} if self.width and self.height else {}
        return {name: value for name, value in given.items() if value is not None}

    def _refuse_missing(self) -> None:
        if self.enable_hr:
            raise Refused(400, "enable_hr: There is no second pass here; ask for the size itself.", param="enable_hr")
        if self.alwayson_scripts:
            said = f"There is no script {next(iter(self.alwayson_scripts))[:80]!r} here: leave alwayson_scripts out."
            raise Refused(400, said, param="alwayson_scripts")
        if (self.width is None) != (self.height is None):
            raise Refused(400, "width: Give both width and height, or neither.", param="width")

    def _scheduler(self) -> str | None:
        name = self.sampler_name or self.sampler_index
        if not name:
            return None
        found = scheduler_called(name, self.scheduler or "")
        if found is None:
            known = ", ".join(dict.fromkeys(label for label, _ in SAMPLERS.values()))
            raise Refused(400, f"sampler_name: There is no {name[:80]!r}: choose {known}.", param="sampler_name")
        return found


class Img2Img(Txt2Img):
    """The mask is white where to repaint, or where not to with `inpainting_mask_invert`."""

    init_images: Annotated[list[str], Field(min_length=1, max_length=1)]
    mask: str | None = None
    inpainting_mask_invert: Annotated[int, Field(ge=0, le=1)] = 0
    denoising_strength: Annotated[float, Field(ge=0, le=1)] = 0.75

    def kept(self, desk: Desk) -> dict[str, Any]:
        """The arguments that name the images sent along, now in the gallery."""
        image = decode_image(from_base64(self.init_images[0], "init_images"), "init_images")
        given = {"reference_id": desk.gallery.keep(image), "strength": self.denoising_strength}
        if self.mask:
            mask = decode_image(from_base64(self.mask, "mask"), "mask")
            if self.inpainting_mask_invert:
                mask = mask.point(lambda level: 255 - level)
            given["mask_id"] = desk.gallery.keep(mask)
        return given


def without_loras(prompt: str) -> tuple[str, list[str]]:
    """The prompt without its `<lora:name:weight:lbw=…>`, and these as the `draw` tool names them."""
    found: list[str] = []
    for name, rest in LORA.findall(prompt):
        parts = rest.split(":")
        blocks = [part for part in parts[1:] if part.startswith("lbw=")]
        found.append(":".join((name, *(part for part in parts[:1] if part), *blocks)))
    return " ".join(LORA.sub(" ", prompt).split()).strip(" ,"), found
