"""The tool that picks style adapters: those the user names, or those whose style the wish asks for."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.base import Eq, Filter, Hit, KnowledgeBase, Not, Or, Query
from knowledge.embedders import TEXT, Encoders
from knowledge.fusion import find
from knowledge.lora_blocks import read
from knowledge.lora_claims import HEAVIEST
from knowledge.lora_files import LoraShelf
from knowledge.lora_signs import UNKNOWN
from knowledge.picture import Citation
from knowledge.problems import TryAgain
from knowledge.recipe import LoraUse, Value
from knowledge.records import LoraCard
from tools.mentions import Span, mentions, overlaps
from tools.renderer import Renderer

NEAR = 32
"""Cards looked at for one wish or name."""
LISTED = 1000
"""Cards among whose names one like an unknown name is looked for."""


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
    blocks: tuple[float, ...] = ()

    @property
    def use(self) -> LoraUse:
        return LoraUse(name=self.card.name, sha256=self.card.sha256, weight=self.weight, blocks=self.blocks)


@dataclass(frozen=True)
class LoraPicker:
    """
    Looks only at cards made for the family of the model; picks none unless something asks for one, and with a `shelf`
    none whose file is not there: cards may come from other machines.
    """

    base: KnowledgeBase
    encoders: Encoders
    renderer: Renderer
    shelf: LoraShelf | None = None

    def pick_loras(self, wish: str, model: str, names: tuple[str, ...] = (), collection: str = "loras") -> LoraPick:
        """
        Choose the LoRA styles a wish asks for, among those made for `model`; often there are none.

        Give `names` ("NAME", "NAME:0.8" to set the weight, "NAME:1:lbw=1,0,…" block by block) to use exactly those.
        Append the trigger words of the answer to the prompt, and draw with its `loras`.
        """
        family = self.renderer.family(model)
        if names:
            choices, rejected = [self._chosen(name, collection, model, family) for name in dict.fromkeys(names)], []
        else:
            choices, rejected = self._asked_for(wish, family, collection)
            rejected += self._of_others(wish, model, family, collection)
        why = "; ".join((*(choice.because for choice in choices), *rejected)) or "no style asked for"
        return picked(wish, list({choice.card.sha256: choice for choice in choices}.values()), why)

    def refuse_unknown(self, names: Sequence[str], collection: str = "loras") -> None:
        """Raise `TryAgain` for a name, weight or missing file that no model could make good: no renderer is asked."""
        for said in names:
            self._meant(said, collection)

    def _near(self, words: str, collection: str, where: Filter | None = None) -> list[tuple[Hit, LoraCard]]:
        vectors = {TEXT: self.encoders.text.texts([words])[0]}
        query = Query(words, vectors, where, NEAR, self.encoders.fingerprints())
        return cards(find(self.base, (collection,), query).hits)

    def _asked_for(self, wish: str, family: str, collection: str) -> tuple[list[Choice], list[str]]:
        """
        The cards the wish mentions, and why not those that were left out: words that two cards share go to the longer
        phrase, then to the better hit.
        """
        if not wish.strip():
            return [], []
        near = self._near(wish, collection, Eq("base_model", family))
        asked = [(phrase, hit, card) for hit, card in near if (phrase := longest_mentioned(wish, card))]
        claimed: list[Span] = []
        choices: list[Choice] = []
        rejected: list[str] = []
        for phrase, hit, card in sorted(asked, key=lambda entry: -len(entry[0])):
            free = [span for span in mentions(wish, phrase) if not overlaps(span, claimed)]
            if not free and card.sha256 not in {choice.card.sha256 for choice in choices}:
                rejected.append(f"not {card.name!r}: the wish's {phrase!r} went to another")
            elif free and not self._there(card):
                rejected.append(absent(card))
            elif free:
                claimed += free
                choices.append(Choice(hit, card, card.weight, f"{card.name!r} because the wish says {phrase!r}"))
        return choices, rejected

    def _there(self, card: LoraCard) -> bool:
        return self.shelf is None or self.shelf.holds(card.sha256)

    def _of_others(self, wish: str, model: str, family: str, collection: str) -> list[str]:
        """Why not those that fit the wish, and another model."""
        others = self._near(wish, collection, Not(Eq("base_model", family))) if wish.strip() else []
        said = [
            f"{card.name!r} fits the wish, but is for {card.base_model} and {model!r} is {family}"
            for _, card in others
            if longest_mentioned(wish, card)
        ]
        return said[:3]

    def _called(self, name: str, collection: str) -> list[tuple[Hit, LoraCard]]:
        """The cards of that name or alias, in any case; no encoder is asked."""
        wanted = name.strip()
        exact = Query(where=Or((Eq("name", wanted), Eq("aliases", wanted))), limit=NEAR)
        asked = (exact, Query(wanted, limit=NEAR)) if wanted else (exact,)
        near = [one for query in asked for one in cards(find(self.base, (collection,), query).hits)]
        found = {card.id: (hit, card) for hit, card in near}
        return [
            (hit, card)
            for hit, card in found.values()
            if wanted.casefold() in {known.casefold() for known in (card.name, *card.aliases)}
        ]

    def _meant(self, said: str, collection: str) -> tuple[list[tuple[Hit, LoraCard]], float | None]:
        """The cards that "NAME" or "NAME:W" names, and W. Raises `TryAgain` where there is none, or no file of it."""
        said, _ = with_blocks(said)
        found, weight = self._called(said, collection), None
        if not found:
            name, weight = with_weight(said)
            found = self._called(name, collection)
            if not found:
                raise TryAgain(f"There is no LoRA {name!r}; {self._close_names(name, collection)}.")
        if not (here := [(hit, card) for hit, card in found if self._there(card)]):
            raise TryAgain(f"The LoRA {absent(found[0][1])}.")
        return here, weight

    def _chosen(self, said: str, collection: str, model: str, family: str) -> Choice:
        """The user's own choice. Raises `TryAgain` for an unknown name, a weight out of range or another family."""
        found, weight = self._meant(said, collection)
        for hit, card in sorted(found, key=lambda entry: entry[1].base_model != family):
            if card.base_model in (family, UNKNOWN):
                weight = card.weight if weight is None else weight
                return Choice(hit, card, weight, f"{card.name!r} as you asked", with_blocks(said)[1])
        name, made_for = found[0][1].name, found[0][1].base_model
        raise TryAgain(
            f"The LoRA {name!r} is for {made_for} and the model {model!r} is {family}: "
            f"choose a LoRA made for {family}, or a {made_for} model."
        )

    def _close_names(self, name: str, collection: str) -> str:
        listed = cards(find(self.base, (collection,), Query(limit=LISTED)).hits)
        there = {card.name.casefold(): card.name for _, card in listed}
        near = difflib.get_close_matches(name.casefold(), there, n=3, cutoff=0.5) or sorted(there)[:5]
        if not near:
            return "there are none: add a LoRA file first"
        return f"there is {', '.join(repr(there[one]) for one in near)}"


def cards(hits: Sequence[Hit]) -> list[tuple[Hit, LoraCard]]:
    return [(hit, hit.record) for hit in hits if isinstance(hit.record, LoraCard)]


def absent(card: LoraCard) -> str:
    where = "put it into a folder of ATELIER_LORAS, or ingest it from where it is"
    return f"{card.name!r} is known, but its file is not on this machine: {where}"


def longest_mentioned(wish: str, card: LoraCard) -> str | None:
    phrases = sorted((card.name, *card.aliases, *card.trigger_words, *card.tags), key=len, reverse=True)
    return next((phrase for phrase in phrases if mentions(wish, phrase)), None)


def with_blocks(said: str) -> tuple[str, tuple[float, ...]]:
    """What stands before ":lbw=…", and the factors of the weight block by block that follow it."""
    rest, found, numbers = said.rpartition(":lbw=")
    if not found:
        return said, ()
    try:
        return rest, LoraUse.model_validate({"name": "it", "sha256": "0" * 64, "blocks": read(f"lbw={numbers}")}).blocks
    except ValueError:
        raise TryAgain(f"The block weights {numbers[:80]!r} are not 12, 17, 20 or 26 numbers from -4 to 4.") from None


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


def picked(wish: str, choices: Sequence[Choice], why: str) -> LoraPick:
    triggers = dict.fromkeys(word for choice in choices for word in choice.card.trigger_words)
    citations = (choice.hit.cited(f"{choice.card.name} at {choice.weight:g}") for choice in choices)
    return LoraPick(
        loras=tuple(one.use for one in choices),
        trigger_words=tuple(word for word in triggers if not mentions(wish, word)),
        citations=tuple(citations),
        why=why,
    )
