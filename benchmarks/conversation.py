"""How well the offline planner understands: `atelier bench conversation [--only T2]… [--share 0.1]`.

A turn counts where exactly what was meant is done, and nothing else; the conversation then goes on as it should have,
so that one error is not counted twice. Of the held-out dialogues only the kinds of the missed turns are told;
`python -m benchmarks.conversation --show` tells the turns, and spends them.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.offline.intents import Change, Intent, Shown, Worn
from agent.offline.lexicon import Lexicon
from agent.offline.understanding import understand
from benchmarks.conversation_state import Conversation, Drawn, trigger
from benchmarks.dialogues import Dialogue, Turn, dialogues
from benchmarks.results import Row, rate
from benchmarks.suite import Suite
from benchmarks.timing import at, milliseconds
from benchmarks.understood import right, unmentioned_stays

SUITE = Suite(
    "conversation",
    {
        "T1": "benchmarks.wire_dialogues:exact",
        "T1-faults": "benchmarks.wire_dialogues:faulty",
        "T2": "benchmarks.conversation:held_out",
        "T2-known": "benchmarks.conversation:known",
        "T3": "benchmarks.conversation:unmentioned",
        "T4": "benchmarks.repainting:kept",
        "T5": "benchmarks.doors:same",
        "T6": "benchmarks.door_cases:endpoints",
        "T6-tools": "benchmarks.door_cases:calls",
        "T7": "benchmarks.conversation:overhead",
        "T9": "benchmarks.conversation_kills:t9",
        "T12": "benchmarks.conversation_kills:t12",
        "T14": "benchmarks.doors:refused",
        "T15": "benchmarks.obedience:obeyed",
        "T16": "benchmarks.local_talk:exact",
        "T16-dialogues": "benchmarks.local_talk:on_dialogues",
        "T17": "benchmarks.guided_calls:valid",
    },
)
TOLD = (
    *("prompt", "negative_prompt", "seed", "width", "height"),
    *("num_inference_steps", "guidance_scale", "scheduler"),
)
ROUNDS = 5
"""How often each turn is timed."""


@dataclass(frozen=True)
class Heard:
    """One turn with what came before it and what was understood."""

    dialogue: Dialogue
    turn: Turn
    before: Conversation
    intent: Intent

    @property
    def right(self) -> bool:
        return any(right(expected, self.intent, self.before) for expected in self.turn.expect)

    @property
    def miss(self) -> str:
        meant = " or ".join(str(expected.chosen()) for expected in self.turn.expect)
        return f"{self.dialogue.name}: {self.turn.say!r}\n  meant {meant}\n  got   {self.intent}"


def shown(drawn: Drawn) -> Shown:
    """The picture as the planner reads it in the conversation."""
    recipe = drawn.recipe
    loras = tuple(Worn(use.name, use.weight, (trigger(use.name),)) for use in recipe.loras)
    told = {name: getattr(recipe, name) for name in TOLD}
    return Shown(number=drawn.number, parent=drawn.parent, loras=loras, **told)


def heard(talks: Sequence[Dialogue], world: Lexicon) -> Iterator[Heard]:
    for dialogue in talks:
        now = Conversation()
        for turn in dialogue.turns:
            pictures = tuple(map(shown, now.pictures))
            yield Heard(dialogue, turn, now, understand(turn.say, pictures, now.current, world))
            now = now.after(turn.expect[0])


def some(name: str, share: float) -> tuple[Dialogue, ...]:
    every = dialogues(name)
    return every[: max(1, round(share * len(every)))]


def held_out(share: float, show: bool = False) -> list[Row]:
    turns = list(heard(some("held_out", share), Lexicon()))
    print(misses(turns) if show else missed_kinds(turns))
    whole = Counter(one.dialogue.name for one in turns if not one.right)
    talks = [not whole[name] for name in dict.fromkeys(one.dialogue.name for one in turns)]
    return [
        rate("T2", "offline planner, dialogues it was not written against: turns done right", _hits(turns), 0.8),
        rate("T2-whole", "the same: dialogues without a single wrong turn", talks, None),
    ]


def known(share: float) -> list[Row]:
    turns = list(heard(some("known", share), Lexicon()))
    print(misses(turns))
    return [rate("T2-known", "offline planner, dialogues it was written with: turns done right", _hits(turns), 0.95)]


def unmentioned(share: float) -> list[Row]:
    """Of the refinements that were understood as such: one taken for a new wish is a miss of T2."""
    turns = heard((*some("known", share), *some("held_out", share)), Lexicon())
    stays = [
        any(unmentioned_stays(change, one.intent, one.before.picture(one.intent.target).recipe) for change in changes)
        for one in turns
        if isinstance(one.intent, Change) and one.before.has(one.intent.target)
        if (changes := [expected.refine for expected in one.turn.expect if expected.refine])
    ]
    return [rate("T3", "refinements that leave every unmentioned field as it was", stays, 1.0, "equal")]


def overhead(share: float) -> list[Row]:
    world = Lexicon()
    turns = [
        (one.turn.say, tuple(map(shown, one.before.pictures)), one.before.current)
        for one in heard((*some("known", share), *some("held_out", share)), world)
    ]
    taken = milliseconds(lambda turn: understand(*turn, world), turns * ROUNDS)
    half = 1.96 * (0.95 * 0.05 / len(taken)) ** 0.5
    low, middle, high = (at(taken, min(1.0, place)) for place in (0.95 - half, 0.95, 0.95 + half))
    what = "offline planner's own work a turn, 95th percentile"
    return [Row("T7", what, middle, low, high, "CPU ms", "lower", 50, f"n = {len(taken)}")]


def _hits(turns: Sequence[Heard]) -> list[bool]:
    return [one.right for one in turns]


def misses(turns: Sequence[Heard]) -> str:
    return "\n".join(one.miss for one in turns if not one.right)


def missed_kinds(turns: Sequence[Heard]) -> str:
    """How many of each kind of turn were missed, and nothing that could be learned by heart."""
    all_of = Counter(one.turn.expect[0].kind for one in turns)
    missed = Counter(one.turn.expect[0].kind for one in turns if not one.right)
    return "\n".join(f"missed {missed[kind]} of {all_of[kind]}: {kind}" for kind in sorted(all_of) if missed[kind])


if __name__ == "__main__":
    for row in held_out(1.0, show="--show" in sys.argv):
        print(row.id, f"{row.value:.3f}", row.note)
