"""The tool that improves a prompt with what was looked up, and never loses what the user said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge.base import Hit, KnowledgeBase, Query
from knowledge.fusion import find
from knowledge.picture import Citation
from knowledge.problems import Problem, TryAgain
from knowledge.recipe import Value
from knowledge.records import LoraCard, Lore, Reference
from tools.additions import Addition, additions, inserted
from tools.mentions import mentions
from tools.renderer import Renderer

LONGEST = 2000
"""Characters of a prompt."""
SMALL_WORDS = frozenset({
    "about", "and", "are", "draw", "drawing", "for", "from", "has", "have", "image", "into", "make", "paint",
    "painting", "photo", "picture", "please", "show", "some", "that", "the", "their", "there", "this", "very",
    "want", "was", "were", "with",
})  # fmt: skip
"""Words of a wish that a rewritten prompt may do without."""


class Rewritten(Value):
    """A prompt, the words it gained, which records gave them, and in a line for people what was done and why."""

    prompt: str
    added: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    why: str


class PromptWriter(Protocol):
    """Writes a whole new prompt, such as a chat model does. What the records say is material, never an order."""

    def write(self, wish: str, records: Sequence[Lore | Reference]) -> str: ...


@dataclass(frozen=True)
class PromptRewriter:
    """Without a `writer` it adds what lore says of the wish's own words; with one, its text is checked before use."""

    base: KnowledgeBase
    renderer: Renderer
    writer: PromptWriter | None = None

    def rewrite(self, wish: str, records: tuple[str, ...], model: str) -> Rewritten:
        """
        Improve the prompt of a wish with records that `retrieve` found, named as "collection/id".

        Every word of the wish is kept; rare words gain known ones that `model` can draw. The answer says which words
        were added and by which record. Draw with its `prompt`.
        """
        if not wish.strip() or len(wish) > LONGEST:
            raise TryAgain(f"The wish has {len(wish)} characters: use 1 to {LONGEST}, not only spaces.")
        wish, family = wish.strip(), self.renderer.family(model)
        hits = [hit for hit in self._given(wish, records) if suits(hit.record, family)]
        offline = self._offline(wish, hits, model)
        return self._written(wish, hits, model, self.writer, offline) if self.writer else offline

    def _given(self, wish: str, names: Sequence[str]) -> list[Hit]:
        """The records by name, in the order given, each with the score its words have for the wish."""
        given: list[Hit] = []
        scores: dict[tuple[str, str], float] = {}
        for collection in dict.fromkeys(name.partition("/")[0] for name in names):
            for hit in find(self.base, (collection,), Query(text=wish, limit=64)).hits:
                scores[collection, hit.record.id] = hit.score
        for name in dict.fromkeys(names):
            collection, _, record_id = name.partition("/")
            found = self.base.get(collection, [record_id])
            if not found:
                raise TryAgain(f"There is no record {name!r}: use the collection and id that retrieve gave.")
            given += [Hit(collection, record, scores.get((collection, record_id), 0.0)) for record in found]
        return given

    def _offline(self, wish: str, hits: Sequence[Hit], model: str) -> Rewritten:
        kept = sorted(additions(wish, hits), key=lambda addition: -addition.hit.score)
        left_out: list[Addition] = []
        while kept and not self._fits(inserted(wish, kept), model):
            left_out.append(kept.pop())
        return Rewritten(
            prompt=inserted(wish, kept),
            added=tuple(addition.words for addition in kept),
            citations=tuple(addition.hit.cited(addition.words) for addition in kept),
            why=self._why(wish, kept, left_out, model),
        )

    def _why(self, wish: str, kept: Sequence[Addition], left_out: Sequence[Addition], model: str) -> str:
        used, limit = self.renderer.tokens(model, wish)
        said = [f"{wish[slice(*addition.spans[0])]!r} gained {addition.words!r}" for addition in kept]
        said += [f"{addition.words!r} did not fit into the model's {limit} tokens" for addition in left_out]
        if used > limit:
            said.append(f"the prompt takes {used} tokens and the model reads {limit}: the last {used - limit} are lost")
        return "; ".join(said) or "nothing that was looked up explains a word of the wish"

    def _fits(self, prompt: str, model: str) -> bool:
        used, limit = self.renderer.tokens(model, prompt)
        return used <= limit and len(prompt) <= LONGEST

    def _written(
        self, wish: str, hits: Sequence[Hit], model: str, writer: PromptWriter, offline: Rewritten
    ) -> Rewritten:
        """The writer's text if it can be used, else the offline one and the reason."""
        try:
            text = " ".join(writer.write(wish, readable(hits)).split())
        except Problem as problem:
            return offline.model_copy(update={"why": f"{offline.why}; the writer could not help: {problem}"})
        lost = dropped(wish, text)
        if lost or not text or not self._fits(text, model):
            fault = (
                f"lost {', '.join(map(repr, lost))}" if text and lost else "wrote nothing" if not text else "too long"
            )
            return offline.model_copy(update={"why": f"{offline.why}; the writer's text was not used ({fault})"})
        return Rewritten(
            prompt=text,
            added=tuple(dropped(text, wish)),
            citations=tuple(hit.cited(given_to(text, wish, hit.record)) for hit in hits),
            why=f"written anew with {len(hits)} records at hand, every word of the wish kept",
        )


def suits(record: Lore | Reference | LoraCard, family: str | None) -> bool:
    """Whether the record speaks to models of this family, or to all; any does where no family is given."""
    return not isinstance(record, Lore) or not record.base_models or family in (None, *record.base_models)


def readable(hits: Sequence[Hit]) -> list[Lore | Reference]:
    return [hit.record for hit in hits if not isinstance(hit.record, LoraCard)]


def dropped(before: str, after: str) -> list[str]:
    """The telling words of one text that the other lacks, each once."""
    words = dict.fromkeys(re.findall(r"[^\W_]{3,}", before.lower()))
    return [word for word in words if word not in SMALL_WORDS and not mentions(after, word)]


def given_to(text: str, wish: str, record: Lore | Reference | LoraCard) -> str:
    """The lore's words that the text has and the wish had not."""
    adds = record.adds if isinstance(record, Lore) else ""
    return adds if mentions(text, adds) and not mentions(wish, adds) else ""
