"""The ways in which people say each thing they may want; one in five is never taught, so that tests can use it.

The folder `said` has those of every act, as orders, which can be put politely, and as sentences. In their patterns
`(a|b)` is either, `{name}` a slot that the dialogue fills.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

SAID = Path(__file__).parent / "said"
KEPT_FOR_TESTS = 52
"""Of 256 phrasings."""
OPENINGS = (
    *("", "", "", "", "", "", "please ", "could you ", "can you ", "now ", "ok, ", "okay, now ", "and ", "hmm, "),
    *("would you ", "i want you to ", "let's ", "then ", "nice, now ", "great, ", "well, ", "you could ", "oh, "),
)
CLOSINGS = ("", "", "", "", "", "", "", " please", ", please", "!", ".", ".", " now", ", thanks", ", will you?")

KEEPING_LAST = (
    "(but|and) (keep|leave|preserve) the {kept}( as it is| as is| unchanged| the same|)",
    "(but|and) leave the {kept} alone",
    "(but|and) (don't|do not) (change|touch|alter) the {kept}",
    "without (changing|touching|altering) the {kept}",
    "(but|and|while) (keeping|leaving) the {kept}( as it is| alone| unchanged|)",
    "the {kept} (stays|should stay|must stay|stays as it is|shall not change|must not change)",
)
KEEPING_FIRST = (
    "(keep|leave) the {kept}( as it is| as is| alone|)( and|, but|,|; )",
    "(don't|do not) (change|touch) the {kept}( and|, but|,)",
    "(without touching|leaving) the {kept}(,|)",
)
OF_PICTURE = (
    "in (the {ordinal}|the {ordinal} one|the {ordinal} picture|{number}),",
    "(take|use) (the {ordinal}|the {ordinal} one|{number}) and",
    "(go back to|back to|from) (the {ordinal}|the {ordinal} one|{number})( and|,)",
)
LIKE_PICTURE = ("(like |)(the {ordinal}|the {ordinal} one|{number})(, but| but)",)
AGAIN_BUT = (
    "(again|once more|the same|same again|the same again|another one|the same thing|like this|as it is)(, but| but)",
)
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "count": ("(draw|make|give me|show me|i want) {n} (pictures|images|drawings|versions) (of|with) {prompt}",
              "{n} (pictures|images|drawings|versions) of {prompt}"),
    "seed": ("(, seed|, with seed| with seed|, use seed| and seed| using seed|, the seed is) {seed}",),
    "steps": ("(, | with | in |, with |, use | using ){steps} steps",),
    "guidance": ("(, | with |, with |, use | and )(guidance|cfg|a guidance of) {guidance}",),
    "scheduler": ("(, | with |, with | using )(the |){scheduler} (scheduler|sampler)",
                  "(, sampler|, scheduler) {scheduler}"),
    "size": ("(, | at | in |, size |, at | with ){width}(x| x | by ){height}( pixels|)",),
    "negative": ("(, without any|, but without|, but no|, no|, negative prompt:|, please no|, avoid) {unwanted}",),
    "style": ("(, | )(in|as) {style}", ", {style} style", " in the style of {style}", ", {style}"),
}  # fmt: skip
JOINTS = (" and ", " and ", ", ", ", and ", " and then ", "; ")


@cache
def patterns(kind: Literal["orders", "sentences"]) -> Mapping[str, tuple[str, ...]]:
    """Of each act, the patterns with which it is asked for so."""
    acts = re.split(r"^\[(.+)\]\n", (SAID / f"{kind}.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {act: tuple(lines.split("\n")) for act, lines in zip(acts[::2], map(str.strip, acts[1::2]), strict=True)}


def spelt_out(pattern: str) -> tuple[str, ...]:
    """Every phrasing of a pattern; alternatives may hold slots and alternatives of their own."""
    inner = re.search(r"\(([^()]*)\)", pattern)
    if inner is None:
        return (pattern,)
    ways = (pattern[: inner.start()] + way + pattern[inner.end() :] for way in inner[1].split("|"))
    return tuple(itertools.chain.from_iterable(map(spelt_out, ways)))


def kept_for_tests(phrasing: str) -> bool:
    """`{prompt}` alone can be said in one way only, and belongs to both."""
    return hashlib.sha256(f"say|{phrasing}".encode()).digest()[0] < KEPT_FOR_TESTS


@cache
def phrasings(patterns: tuple[str, ...], test: bool) -> tuple[tuple[str, ...], ...]:
    """Of each pattern those that may be said here, patterns without any left out."""
    found = []
    for pattern in patterns:
        every = spelt_out(pattern)
        mine = tuple(way for way in every if way == "{prompt}" or kept_for_tests(way) is test)
        if mine:
            found.append(mine)
    return tuple(found)
