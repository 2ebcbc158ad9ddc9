"""The tool that picks style adapters: those the user names, or those whose style the wish asks for."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.base import Eq, Hit, KnowledgeBase, Query
from knowledge.embedders import Embedder
from knowledge.ingest import TEXT
from knowledge.picture import Citation
from knowledge.problems import TryAgain
from knowledge.recipe import LoraUse, Value
from knowledge.records import LoraCard
from tools.mentions import Span, mentions, overlaps
from tools.renderer import Renderer

HEAVIEST = 4.0
UNKNOWN = "unknown"
"""The family of a file that does not say and whose tensors do not tell."""


class LoraPick(Value):
    """The adapters to draw with, the trigger words to append to the prompt, and the reason in a line for people."""

    loras: tuple[LoraUse, ...] = ()
    trigger_words: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    why: str


@dataclass(frozen=True)
class Choice:
    hit: Hit
    card: LoraCard
    weight: float
    because: str


@dataclass(frozen=True)
class LoraPicker:
    """Looks only at cards made for the family of the model; picks none unless something asks for one."""

    base: KnowledgeBase
    embedder: Embedder
    renderer: Renderer

    def pick_loras(self, wish: str, model: str, names: tuple[str, ...] = (), collection: str = "loras") -> LoraPick:
        """
        Choose the LoRA styles a wish asks for, among those made for `model`; often there are none.

        Give `names` ("NAME", or "NAME:0.8" to set the weight) to use exactly those. Append the trigger words of the
        answer to the prompt, and draw with its `loras`.
        """
        family = self.renderer.family(model)
        if names:
            cards = self._cards(collection)
            choices = [self._chosen(name, cards, model, family) for name in dict.fromkeys(names)]
        else:
            choices = self._asked_for(wish, family, collection)
        why = "; ".join(choice.because for choice in choices) or self._why_none(wish, model, family, collection)
        return picked(wish, list({choice.card.sha256: choice for choice in choices}.values()), why)

    def _cards(self, collection: str) -> list[Hit]:
        return [hit for hit in self.base.search(collection, Query(limit=100_000)) if isinstance(hit.record, LoraCard)]

    def _asked_for(self, wish: str, family: str, collection: str) -> list[Choice]:
        """The cards the wish mentions; words that two cards share go to the longer phrase, then to the better hit."""
        if not wish.strip():
            return []
        query = Query(wish, {TEXT: self.embedder.texts([wish])[0]}, Eq("base_model", family), limit=64)
        asked = [
            (phrase, hit, hit.record)
            for hit in self.base.search(collection, query)
            if isinstance(hit.record, LoraCard) and (phrase := longest_mentioned(wish, hit.record))
        ]
        claimed: list[Span] = []
        choices: list[Choice] = []
        for phrase, hit, card in sorted(asked, key=lambda entry: -len(entry[0])):
            free = [span for span in mentions(wish, phrase) if not overlaps(span, claimed)]
            if free:
                claimed += free
                choices.append(Choice(hit, card, card.weight, f"{card.name!r} because the wish says {phrase!r}"))
        return choices

    def _why_none(self, wish: str, model: str, family: str, collection: str) -> str:
        others = [
            card
            for hit in self._cards(collection)
            if isinstance(card := hit.record, LoraCard) and card.base_model != family and longest_mentioned(wish, card)
        ]
        said = [
            f"{card.name!r} fits the wish, but is for {card.base_model} and {model!r} is {family}" for card in others
        ]
        return "; ".join(said[:3]) or "no style asked for"

    def _chosen(self, said: str, cards: Sequence[Hit], model: str, family: str) -> Choice:
        """The user's own choice. Raises `TryAgain` for an unknown name, a weight out of range or another family."""
        name, weight = (said, None) if called(said, cards) else with_weight(said)
        found = called(name, cards)
        if not found:
            raise TryAgain(f"There is no LoRA {name!r}; {close_names(name, cards)}.")
        for hit, card in sorted(found, key=lambda entry: entry[1].base_model != family):
            if card.base_model in (family, UNKNOWN):
                return Choice(hit, card, card.weight if weight is None else weight, f"{card.name!r} as you asked")
        made_for = found[0][1].base_model
        raise TryAgain(
            f"The LoRA {name!r} is for {made_for} and the model {model!r} is {family}: "
            f"choose a LoRA made for {family}, or a {made_for} model."
        )


def longest_mentioned(wish: str, card: LoraCard) -> str | None:
    phrases = sorted((card.name, *card.trigger_words, *card.tags), key=len, reverse=True)
    return next((phrase for phrase in phrases if mentions(wish, phrase)), None)


def called(name: str, cards: Sequence[Hit]) -> list[tuple[Hit, LoraCard]]:
    wanted = name.strip().casefold()
    return [
        (hit, hit.record) for hit in cards if isinstance(hit.record, LoraCard) and hit.record.name.casefold() == wanted
    ]


def with_weight(said: str) -> tuple[str, float | None]:
    """The name and weight of "NAME:W"; the weight is None where there is no colon."""
    name, colon, number = said.rpartition(":")
    if not colon:
        return said, None
    try:
        weight = float(number)
    except ValueError:
        raise TryAgain(f"The weight {number!r} in {said!r} is not a number: write NAME:0.8, say.") from None
    if not -HEAVIEST <= weight <= HEAVIEST:
        raise TryAgain(f"The weight {number} in {said!r} is out of range: use -4 to 4.")
    return name, weight


def close_names(name: str, cards: Sequence[Hit]) -> str:
    there = {hit.record.title.casefold(): hit.record.title for hit in cards}
    near = difflib.get_close_matches(name.casefold(), there, n=3, cutoff=0.5) or sorted(there)[:5]
    return (
        f"there is {', '.join(repr(there[one]) for one in near)}" if near else "there are none: add a LoRA file first"
    )


def picked(wish: str, choices: Sequence[Choice], why: str) -> LoraPick:
    triggers = dict.fromkeys(word for choice in choices for word in choice.card.trigger_words)
    citations = (choice.hit.cited(f"{choice.card.name} at {choice.weight:g}") for choice in choices)
    return LoraPick(
        loras=tuple(LoraUse(name=one.card.name, sha256=one.card.sha256, weight=one.weight) for one in choices),
        trigger_words=tuple(word for word in triggers if not mentions(wish, word)),
        citations=tuple(citations),
        why=why,
    )
