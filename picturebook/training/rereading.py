"""What becomes of each word of a prompt that is told again after a wish: what the talker should see as it reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import pairwise
from typing import Any

from transformers import PreTrainedTokenizerFast

from picturebook.talker.tongue import END, FRAMES, ROLES

SKIPPED = -100
"""Where nothing is asked: what `cross_entropy` ignores."""
PROMPT = '"prompt": "'
"""Frame before the prompt of a call that changes one."""


@dataclass(frozen=True)
class Part:
    """What one side says: tokens from `start` to `end`, without its role and its end."""

    role: int
    start: int
    end: int


@dataclass(frozen=True)
class Rereading:
    """Compares each prompt that is told again with the one that the assistant then makes of it."""

    tokenizer: PreTrainedTokenizerFast

    @cached_property
    def _known(self) -> dict[str, int]:
        return self.tokenizer.get_vocab()

    @cached_property
    def _closing(self) -> set[int]:
        return {self._known[frame] for frame in FRAMES if frame.startswith('"')}

    def wanted(self, row: Sequence[int]) -> list[int]:
        """Of each token the one that takes its place in the new prompt, `SKIPPED` where none is told again."""
        labels = [SKIPPED] * len(row)
        said = list(self._parts(row))
        user, assistant, tool = (self._known[role] for role in ROLES)
        for at, (asks, line) in enumerate(pairwise(said)):
            if (asks.role, line.role) == (user, tool):
                answers = _until(said[at + 2 :], user)
                calls = [part for part in answers if part.role == assistant]
                for place, token in self._compared(row, line, calls):
                    labels[place] = token
        return labels

    def _parts(self, row: Sequence[int]) -> Iterator[Part]:
        roles, end = {self._known[role] for role in ROLES}, self._known[END]
        starts = [at for at, token in enumerate(row) if token in roles]
        for start in starts:
            yield Part(row[start], start + 1, next((at for at in range(start, len(row)) if row[at] == end), len(row)))

    def _compared(self, row: Sequence[int], line: Part, calls: Sequence[Part]) -> Iterator[tuple[int, int]]:
        colon, prompt = self._known[":"], self._known[PROMPT]
        for call in calls:
            made = row[call.start : call.end]
            told = row[line.start : line.end]
            if prompt not in made or colon not in told or not _runs_in(made[2:6], told):
                continue
            begins = call.start + made.index(prompt) + 1
            ends = next((at for at in range(begins, call.end) if row[at] in self._closing), call.end)
            first = line.start + told.index(colon) + 1
            yield from self._aligned(row[first : line.end], row[begins:ends], first)

    def _aligned(self, old: Sequence[int], new: Sequence[int], first: int) -> Iterator[tuple[int, int]]:
        """Places, from `first` on, with what is to be said when the copy comes there."""
        match = SequenceMatcher(None, self._spelt(old), self._spelt(new), autojunk=False)
        inserted: dict[int, int] = {}
        for _, start, end, begins, ends in match.get_opcodes():
            common = min(end - start, ends - begins)
            for step in range(common):
                yield first + start + step, inserted.get(start + step, new[begins + step])
            if begins + common < ends:
                inserted[end] = new[begins + common]
            elif start + common < end and ends < len(new):
                yield first + start + common, new[ends]

    def _spelt(self, ids: Sequence[int]) -> list[str]:
        """With or without a space before it, a word is the same."""
        spelt: Any = self.tokenizer.convert_ids_to_tokens(list(ids))
        return [piece.lstrip("Ġ") for piece in spelt]


def _until(parts: Sequence[Part], role: int) -> list[Part]:
    stop = next((at for at, part in enumerate(parts) if part.role == role), len(parts))
    return list(parts[:stop])


def _runs_in(part: Sequence[int], whole: Sequence[int]) -> bool:
    return any(list(whole[at : at + len(part)]) == list(part) for at in range(len(whole)))
