"""The formats in which other programs and people describe a LoRA beside its file, and what each of them claims."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from knowledge.lora_claims import Claim, parts, plain, usable_weight

HUB_LABELS = frozenset(
    ("text-to-image", "stable-diffusion", "stable-diffusion-xl", "lora", "diffusers", "template:sd-lora", "flux")
)
"""Tags that model cards have for the hub's own sorting."""


def _words(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return parts(", ".join(word for word in values if isinstance(word, str)))


def _known(kind: type, default: Any, value: object) -> Any:
    return value if isinstance(value, kind) else default


Text = Annotated[str, BeforeValidator(partial(_known, str, ""))]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Weight = Annotated[float | None, BeforeValidator(usable_weight)]
Permission = Annotated[bool | None, BeforeValidator(partial(_known, bool, None))]


class Sidecar(BaseModel):
    """Fields that are missing, unknown or of another type than expected do no harm."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class A1111(Sidecar):
    """`name.json` of AUTOMATIC1111's web UI and Forge: what the user typed there."""

    description: Text = ""
    notes: Text = ""
    sd_version: Text = Field(default="", alias="sd version")
    activation_text: Words = Field(default=(), alias="activation text")
    preferred_weight: Weight = Field(default=None, alias="preferred weight")

    def claim(self) -> Claim:
        return Claim(
            about=f"{plain(self.description)} {self.notes}",
            trigger_words=self.activation_text,
            bases=(self.sd_version,),
            weight=self.preferred_weight,
        )


class CivitaiCreator(Sidecar):
    username: Text = ""


class CivitaiModel(Sidecar):
    name: Text = ""
    description: Text = ""
    tags: Words = ()
    commercial_use: Any = Field(default=None, alias="allowCommercialUse")
    no_credit: Permission = Field(default=None, alias="allowNoCredit")
    derivatives: Permission = Field(default=None, alias="allowDerivatives")

    @property
    def permissions(self) -> str:
        """The site gives the uses as a list, as "None" or "Sell", or as "{Image,Rent}"."""
        uses = [use for use in re.findall(r"[A-Za-z]+", str(self.commercial_use)[:200]) if use != "None"]
        sold = f"commercial use: {'/'.join(uses)}" if uses else "no commercial use"
        said = (
            "" if self.commercial_use is None else sold,
            "credit required" if self.no_credit is False else "",
            "no derivatives" if self.derivatives is False else "",
        )
        return ", ".join(filter(None, said))


class Civitai(Sidecar):
    """`name.civitai.info` of Civitai-Helper: a model version as Civitai's API gives it."""

    model_id: Annotated[int, BeforeValidator(partial(_known, int, 0))] = Field(default=0, alias="modelId")
    description: Text = ""
    base_model: Text = Field(default="", alias="baseModel")
    trained_words: Words = Field(default=(), alias="trainedWords")
    model: Annotated[CivitaiModel, BeforeValidator(partial(_known, dict, {}))] = CivitaiModel()
    creator: Annotated[CivitaiCreator, BeforeValidator(partial(_known, dict, {}))] = CivitaiCreator()

    def claim(self) -> Claim:
        page = f"https://civitai.com/models/{self.model_id}" if self.model_id else ""
        return Claim(
            aliases=(self.model.name,),
            about=plain(f"{self.model.description} {self.description}"),
            trigger_words=self.trained_words,
            topics=self.model.tags,
            bases=(self.base_model,),
            licence=f"Civitai: {said}" if (said := self.model.permissions) else "",
            source=f"{self.creator.username} {page}",
        )


class UsageTips(Sidecar):
    strength: Weight = None


class LoraManager(Sidecar):
    """`name.metadata.json` of LoRA-Manager: Civitai's answer with the user's own corrections around it."""

    model_name: Text = ""
    description: Text = Field(default="", alias="modelDescription")
    notes: Text = ""
    tags: Words = ()
    base_model: Text = ""
    usage_tips: Text = "{}"
    civitai: Annotated[Civitai, BeforeValidator(partial(_known, dict, {}))] = Civitai()

    def claim(self) -> Claim:
        inner = self.civitai.claim()
        try:
            strength = UsageTips.model_validate_json(self.usage_tips).strength
        except ValidationError:
            strength = None
        return Claim(
            aliases=(self.model_name, *inner.aliases),
            about=f"{plain(self.description)} {self.notes}".strip() or inner.about,
            trigger_words=inner.trigger_words,
            topics=self.tags or inner.topics,
            bases=(self.base_model, *inner.bases),
            weight=strength,
            licence=inner.licence,
            source=inner.source,
        )


class ModelCard(Sidecar):
    """A Hugging Face README: its front matter."""

    base_model: Words = ()
    instance_prompt: Words = ()
    tags: Words = ()
    license: Text = ""
    license_name: Text = ""

    def claim(self) -> Claim:
        return Claim(
            trigger_words=self.instance_prompt,
            topics=tuple(tag for tag in self.tags if tag not in HUB_LABELS),
            bases=self.base_model,
            licence=self.license_name or self.license,
        )
