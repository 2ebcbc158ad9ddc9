"""What a model was ever told, where that is known, and so what of a prompt only a picture can tell it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.additions import phrases


@dataclass(frozen=True)
class World:
    """
    `words` are all it ever read, in lower case; `things` those of them that name what it can draw.
    """

    words: frozenset[str]
    things: frozenset[str]

    def names(self, prompt: str) -> bool:
        """Whether the prompt names anything that it can draw."""
        return bool(self.things & _words(prompt))

    def unknown(self, prompt: str) -> tuple[str, ...]:
        """The phrases of the prompt with a word that it never read, and nothing that it can draw."""
        said = [(phrase, _words(phrase)) for phrase in phrases(prompt)]
        return tuple(phrase for phrase, words in said if words - self.words and not words & self.things)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.lower()))
