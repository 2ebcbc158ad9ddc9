"""Numbers and switches of a recipe as people say them: seed, steps, guidance, size, sampler, negative prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.offline import english
from agent.offline.intents import Shown
from agent.offline.tokens import Token, keys

SAMPLERS = {
    "dpm 2m karras": "dpmpp_2m_karras", "dpmpp 2m karras": "dpmpp_2m_karras", "dpm 2m": "dpmpp_2m",
    "dpmpp 2m": "dpmpp_2m",
    "dpm sde": "dpmpp_sde", "dpmpp sde": "dpmpp_sde", "dpmpp_2m_karras": "dpmpp_2m_karras", "dpmpp_2m": "dpmpp_2m",
    "dpmpp_sde": "dpmpp_sde", "euler a": "euler_a", "euler_a": "euler_a", "euler ancestral": "euler_a",
    "euler": "euler",
    "ddim": "ddim", "heun": "heun", "lcm": "lcm", "unipc": "unipc",
}  # fmt: skip
SHAPES = {
    "portrait": "tall", "upright": "tall", "vertical": "tall", "landscape": "wide", "horizontal": "wide",
    "widescreen": "wide", "panorama": "wide", "panoramic": "wide", "square": "square", "wider": "wide",
    "taller": "tall", "wide": "wide", "sideways": "wide",
}  # fmt: skip
MORE = {"more": 1.5, "double": 2.0, "twice": 2.0, "higher": 1.5, "increase": 1.5, "fewer": 2 / 3, "less": 2 / 3,
        "half": 0.5, "halve": 0.5, "lower": 2 / 3, "reduce": 2 / 3, "decrease": 2 / 3, "raise": 1.5}  # fmt: skip
GUIDANCE = {"guidance", "cfg", "scale"}
FILLERS = english.words("the a an to of at with by back it use as value set = : for is be number in up down")
FRESH = ("new", "different", "another", "random", "other", "fresh", "next")
LOWEST, HIGHEST = 64, 2048
"""Pixels."""
LONGEST = 16
"""Words of one setting; what comes after them is not looked at."""


@dataclass(frozen=True)
class Option:
    """Fields of the recipe; `size` is how many words said it. `fresh` asks for a new seed."""

    size: int
    patch: dict[str, Any]
    fresh: bool = False


def option(words: Sequence[Token], at: int, shown: Shown) -> Option | None:
    """What the words from `at` on say of the recipe, against the picture's own."""
    words = words[at : at + LONGEST]
    said = keys(words)
    start = 0
    while (
        start < len(said)
        and said[start] in FILLERS | {"size", "resolution", "sampler", "dimensions"} | {"same"} - {"number"}
        and start < 3
    ):
        start += 1
    found = None
    for reading in (_sides, _seed, _named_number, _sampler, _shape, _relative):
        if found := reading(words[start:], said[start:], shown):
            break
    same = "same" in said[:start]
    return Option(found.size + start, found.patch, found.fresh and not same) if found else None


def _sides(words: Sequence[Token], said: Sequence[str], shown: Shown) -> Option | None:
    first = said[0] if said else ""
    if "x" in first.replace("×", "x") and all(part.isdecimal() for part in first.replace("×", "x").split("x")):
        sides, size = [int(part) for part in first.replace("×", "x").split("x")], 1
    elif len(said) > 2 and said[1] in ("x", "×", "by") and said[0].isdecimal() and said[2].isdecimal():
        sides, size = [int(said[0]), int(said[2])], 3
    elif len(said) > 2 and said[1] in (":", "/") and said[0].isdecimal() and said[2].isdecimal() and int(said[2]):
        return Option(3, _ratio(shown, int(said[0]) / int(said[2])))
    else:
        return None
    size += size < len(said) and said[size] in ("pixels", "px", "pixel")
    if len(sides) != 2 or not all(LOWEST // 2 <= side <= 2 * HIGHEST for side in sides):
        return None
    return Option(size, dict(zip(("width", "height"), map(eighth, sides), strict=True)))


def eighth(side: float) -> int:
    """The nearest side a model can draw."""
    return max(LOWEST, min(HIGHEST, round(side / 8) * 8))


def _ratio(shown: Shown, ratio: float) -> dict[str, Any]:
    short = min(shown.width, shown.height)
    wide, tall = (short * ratio, short) if ratio >= 1 else (short, short / ratio)
    return {"width": eighth(wide), "height": eighth(tall)}


def shaped(shown: Shown, shape: str) -> dict[str, Any]:
    if shape == "square":
        return _ratio(shown, 1)
    short, long = sorted((shown.width, shown.height))
    long = long if long > short else eighth(short * 1.5)
    return {"width": long, "height": short} if shape == "wide" else {"width": short, "height": long}


def scaled(shown: Shown, factor: float) -> dict[str, Any]:
    return {"width": eighth(shown.width * factor), "height": eighth(shown.height * factor)}


def form(patch: Mapping[str, Any], shown: Shown) -> str:
    """What sides are called where they are not the picture's but a thing's; nothing where the patch names none."""
    if not {"width", "height"} <= patch.keys():
        return ""
    width, height = patch["width"], patch["height"]
    if width * shown.height == height * shown.width and width != shown.width:
        return "big" if width > shown.width else "small"
    return "square" if width == height else "wide" if width > height else "tall"


def _seed(words: Sequence[Token], said: Sequence[str], shown: Shown) -> Option | None:
    if said[:1] and said[0] in FRESH and said[1:2] == ("seed",):
        return Option(2, {}, fresh=True)
    if not said or said[0] != "seed":
        return None
    size = 1
    while size < len(said) and said[size] in FILLERS:
        size += 1
    if size < len(said) and said[size].isdecimal() and int(said[size]) < 2**32:
        return Option(size + 1, {"seed": int(said[size])})
    if size < len(said) and said[size] in ("random", "new", "different"):
        return Option(size + 1, {}, fresh=True)
    return Option(size, {}, fresh=True) if size == len(said) else None


def _named_number(words: Sequence[Token], said: Sequence[str], shown: Shown) -> Option | None:
    """'30 steps', 'steps: 30', 'guidance 7.5', 'cfg scale 7', 'with 20 more steps'."""
    if len(said) > 2 and said[0].isdecimal() and said[1] == "more" and said[2] == "steps":
        return Option(3, {"num_inference_steps": _steps(shown.num_inference_steps + int(said[0]))})
    if len(said) > 1 and said[0].isdecimal() and said[1] in ("steps", "step"):
        return Option(2, {"num_inference_steps": _steps(int(said[0]))})
    if sided := _one_side(said):
        return sided
    if not said or said[0] not in ("steps", *GUIDANCE):
        return None
    size = 1
    while size < len(said) and said[size] in FILLERS | GUIDANCE:
        size += 1
    value = words[size].number if size < len(said) else None
    if value is None:
        return None
    name = "num_inference_steps" if said[0] == "steps" else "guidance_scale"
    return Option(size + 1, {name: _steps(value) if said[0] == "steps" else max(0.0, min(30.0, value))})


def _one_side(said: Sequence[str]) -> Option | None:
    """'512 wide', '768 pixels high'."""
    if not said or not said[0].isdecimal() or int(said[0]) < LOWEST // 2:
        return None
    at = 1 + (said[1:2] in (("pixels",), ("px",), ("pixel",)))
    side = {"wide": "width", "across": "width", "high": "height", "tall": "height"}.get(
        said[at] if at < len(said) else ""
    )
    return Option(at + 1, {side: eighth(int(said[0]))}) if side else None


def _steps(value: float) -> int:
    return max(1, min(200, round(value)))


def _sampler(words: Sequence[Token], said: Sequence[str], shown: Shown) -> Option | None:
    plain = [(at, key) for at, key in enumerate(said[:9]) if key not in "+-" and key not in ("sampler", "scheduler")]
    for size in (3, 2, 1):
        name = " ".join(key for _, key in plain[:size])
        if len(plain) >= size and name in SAMPLERS:
            end = plain[size - 1][0] + 1
            end += end < len(said) and said[end] in ("sampler", "scheduler")
            return Option(end, {"scheduler": SAMPLERS[name]})
    return None


def _shape(words: Sequence[Token], said: Sequence[str], shown: Shown) -> Option | None:
    if not said or said[0] not in SHAPES:
        return None
    size = 1
    while size < len(said) and said[size] in (
        "format",
        "mode",
        "orientation",
        "shape",
        "size",
        "picture",
        "image",
        "aspect",
        *("one", "version", "canvas", "frame", "layout", "ratio", "crop", "please"),
    ):
        size += 1
    if size < len(said) or (size == 1 and len(words) > 1):
        return None
    return Option(size, shaped(shown, SHAPES[said[0]]))


def _relative(words: Sequence[Token], said: Sequence[str], shown: Shown) -> Option | None:
    """'more steps', 'double the steps', 'less guidance'."""
    if said[:1] in (("2x",), ("3x",), ("4x",)):
        return Option(1 + (said[1:2] in (("bigger",), ("larger",))), scaled(shown, float(said[0][0])))
    if not said or said[0] not in MORE:
        return None
    at = 1
    while at < len(said) and said[at] in FILLERS:
        at += 1
    what = said[at] if at < len(said) else ""
    if what in ("steps", "step"):
        return Option(at + 1, {"num_inference_steps": _steps(shown.num_inference_steps * MORE[said[0]])})
    if what in ("size", "resolution", "big", "large", "dimensions", "pixels"):
        return Option(at + 1, scaled(shown, MORE[said[0]]))
    if what in GUIDANCE:
        value = min(30.0, round(shown.guidance_scale * MORE[said[0]], 1))
        return Option(at + 1 + (said[at + 1 : at + 2] == ("scale",)), {"guidance_scale": value})
    return None
