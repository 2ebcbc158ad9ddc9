"""The card of a LoRA from everything that is said of it: the one place that decides whom to believe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from knowledge.lora_claims import Claim, tidy
from knowledge.lora_family import family, finetune
from knowledge.lora_hashes import Hashes
from knowledge.records import LoraCard

HEADER, TRAINING = "header", "training"
PRECEDENCE = (".json", ".metadata.json", ".civitai.info", HEADER, "README.md", TRAINING)
"""
Of several sources the first that says something is believed, field by field: what the user typed into A1111, then into
LoRA-Manager, what Civitai says, the file's header, the model card, and last what the training set suggests. Two things
stand above them: the layers decide the base family, and the name is the file's own (its header's or its file name),
because that is what prompts of other programs call it; other names become aliases.
"""


def lora_card(
    stem: str, layers: Sequence[str], hashes: Hashes, claims: Mapping[str, Claim], notes: Iterable[str] = ()
) -> LoraCard:
    """`claims` by the names in `PRECEDENCE`; `stem` is the file's name without its suffix."""
    said = [claims[source] for source in PRECEDENCE if source in claims]
    bases = [base for claim in said for base in claim.bases if base]
    base_model, doubt = family(layers, bases)
    name = tidy(claims[HEADER].name) or tidy(stem) or hashes.sha256[:10]
    return LoraCard(
        id=hashes.sha256,
        name=name,
        aliases=_others(name, (stem, *(alias for claim in said for alias in claim.aliases))),
        about=_first(tidy(claim.about, 2000) for claim in said),
        trigger_words=next((claim.trigger_words for claim in said if claim.trigger_words), ()),
        tags=next((claim.tags for claim in said if claim.tags), ()),
        topics=next((claim.topics for claim in said if claim.topics), ()),
        base_model=base_model,
        finetune=finetune(base_model, bases),
        weight=next((claim.weight for claim in said if claim.weight is not None), 1.0),
        sha256=hashes.sha256,
        autov3=hashes.autov3,
        licence=_first(tidy(claim.licence) for claim in said),
        source=_first(tidy(claim.source) for claim in said),
        notes=tuple(tidy(note, 500) for note in (doubt, *notes) if note),
    )


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _others(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those that are no other spelling of the name or of one another."""
    tidied = {_letters(other): other for other in map(tidy, names)}
    return tuple(other for letters, other in tidied.items() if letters not in ("", _letters(name)))


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())
