"""What one source says of a LoRA, as short printable text; and the two sources inside the file itself."""

from __future__ import annotations

import html
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

HEAVIEST = 4.0
TRAINING_WORDS = re.compile(
    r"\d?(?:girl|boy|other)s?|(?:wo)?man|person|solo|no humans|portrait|photo|realistic|(?:high|absurd)res|masterpiece"
    r"|best quality|looking at viewer|(?:simple|white) background",
    re.IGNORECASE,
)
"""Tags of whole training sets that name no style, and would call for the LoRA whenever someone is drawn."""


@dataclass(frozen=True)
class Claim:
    """What one source says; empty where it is silent. `bases` name base models, `topics` are other people's labels."""

    name: str = ""
    aliases: tuple[str, ...] = ()
    about: str = ""
    trigger_words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    weight: float | None = None
    licence: str = ""
    source: str = ""


def tidy(text: str, most: int = 200) -> str:
    """One line of printable text: what a stranger wrote into a header is shown, and never obeyed."""
    line = " ".join(text[: 8 * most].split())
    return "".join(letter for letter in line if letter.isprintable())[:most]


def plain(text: str) -> str:
    """HTML as text."""
    return html.unescape(re.sub(r"<[^<>]{0,1000}>", " ", text[:20_000]))


def parts(text: str) -> tuple[str, ...]:
    """The phrases between commas, each once, at most 32; A1111's `<lora:…>` tags are none."""
    phrases = (tidy(part, 100) for part in text[:10_000].split(","))
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase and not phrase.startswith("<")))[:32]


def usable_weight(said: object) -> float | None:
    """The number if a LoRA can be used at it; 0 is how the other tools write that nobody chose one."""
    try:
        weight = float(said) if isinstance(said, str | int | float) and not isinstance(said, bool) else 0.0
    except (ValueError, OverflowError):
        return None
    return weight if math.isfinite(weight) and 0 < abs(weight) <= HEAVIEST else None


def said_by_header(metadata: Mapping[str, str]) -> Claim:
    """Stability's ModelSpec 1.0.1, kohya's `ss_*` keys, and `atelier.weight`: the weight the file is best used at."""

    def spec(key: str) -> str:
        return metadata.get(f"modelspec.{key}", "")

    name, title = metadata.get("ss_output_name", ""), re.sub(r"^LoRA@[\d.]+$", "", spec("title"))
    bases = (spec("architecture"), metadata.get("ss_base_model_version", ""))
    v2 = "sd2" if metadata.get("ss_v2") == "True" else ""
    return Claim(
        name=name or title,
        aliases=(title,),
        about=f"{spec('description')} {spec('usage_hint')}",
        trigger_words=parts(spec("trigger_phrase")),
        tags=parts(spec("tags")),
        bases=(*bases, v2),
        weight=usable_weight(metadata.get("atelier.weight")),
        licence=spec("license"),
        source=spec("author"),
    )


def said_by_training(metadata: Mapping[str, str]) -> Claim:
    """The tags, three at most, that every captioned picture of the training set had; and what was trained on."""
    counts: Counter[str] = Counter()
    try:
        for tags in json.loads(metadata.get("ss_tag_frequency", "{}")).values():
            counts.update({tag.strip(): int(count) for tag, count in tags.items() if tag.strip()})
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        counts.clear()
    most = max(counts.values(), default=0)
    always = (tag for tag, count in counts.most_common() if count == most and not TRAINING_WORDS.fullmatch(tag))
    words = tuple(dict.fromkeys(filter(None, (tidy(tag, 100) for tag, _ in zip(always, range(3), strict=False)))))
    return Claim(trigger_words=words, bases=(metadata.get("ss_sd_model_name", ""),))
