"""The base family of a LoRA: from the layers it adapts, else from what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from knowledge.lora_signs import UNKNOWN, fitting

NAMES = (
    ("picturebook", "picturebook"),
    ("auraflow", "auraflow|ponyv7"),
    ("sdxl-refiner", "(?:sdxl|stablediffusionxl).*refiner"),
    ("kolors", "kolors"),
    ("sdxl", "sdxl|stablediffusionxl|illustrious|noobai|animagine|pony"),
    ("sd3", "sdv?3|stablediffusionv?3"),
    ("flux3", "flux3"),
    ("flux2", "flux2"),
    ("chroma", "chroma"),
    ("flux", "flux"),
    ("krea2", "krea2"),
    ("qwenimage", "qwen"),
    ("zimage", "zimage"),
    ("lumina2", "lumina"),
    ("hidreamimage", "hidream"),
    ("hunyuanimage", "hunyuanimage"),
    ("hunyuanvideo", "hunyuanvideo|framepack"),
    ("wan", "wan2|wanvideo"),
    ("ltx2", "ltxv?(?:video)?2"),
    ("ltx", "ltxv"),
    ("pixartsigma", "pixart(?:sigma|e$)"),
    ("pixartalpha", "pixart"),
    ("anima", "anima$|animabase"),
    ("sana", "^sana|sana1"),
    ("sd2", "sdv?2|stablediffusionv?2"),
    ("sd1", "sdv?1|stablediffusionv?1"),
)
"""Patterns for the letters and digits of a base model's name, as headers, sidecars and model cards give it."""
FINETUNES = {
    "sdxl": ("noobai", "illustrious", "animagine", "pony"),
    "flux": ("kontext", "krea", "schnell"),
}
"""Descendants that load a family's LoRAs but were trained far away from it."""


def family(layers: Iterable[str], bases: Sequence[str]) -> tuple[str, str]:
    """
    The family, and a note if there is a doubt about it.

    `bases` are names of base models, the most trusted first; where they contradict the layers, the layers win.
    """
    fits = fitting(layers)
    said = next((named for base in bases if (named := family_named(base))), "")
    if said and (not fits or said in fits):
        return said, ""
    meant = fits[0] if fits else UNKNOWN
    if said:
        return meant, f"It is said to be for {said}, but its layers are not."
    return meant, "Its layers do not tell its base model: name it in a sidecar." if meant == UNKNOWN else ""


def family_named(base: str) -> str:
    """`sdxl` for "SDXL 1.0", "sdxl_base_v1-0" or "stabilityai/stable-diffusion-xl-base-1.0"; nothing if not known."""
    plain = _plain(base)
    return next((named for named, pattern in NAMES if re.search(pattern, plain)), "")


def finetune(named: str, bases: Iterable[str]) -> str:
    """Which descendant of the family it was trained on, if anything says so."""
    plain = " ".join(map(_plain, bases))
    return next((name for name in FINETUNES.get(named, ()) if name in plain), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name[:500].lower())
