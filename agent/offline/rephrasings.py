"""Other ways of saying a change, put as the planner's own grammar says it: 'take the hat off', 'blue for the door'."""

from __future__ import annotations

import re
from functools import cache

from agent.offline.lexicon import Lexicon
from agent.offline.rewordings import BEGIN, END, MADE, RULES, THING

LACKING = re.compile(
    r"^(?:make |draw |have )?(?:the [\w-]+|him|her|it|them) without (?:an? |any |the |his |her |"
    r"its )?(?P<what>[\w -]+?)[.!]*$",
    re.IGNORECASE,
)
BEHIND = re.compile(
    r"^(?:(?:give|with|add|i want|use|have|put|set|make|place|draw|on|against|in front of|it|him|her|them) )*(?:an? )?"
    r"(?P<look>(?!the\b|no\b|without\b|remove\b|same\b|different\b|another\b|and\b)[\w-]+(?: "
    r"(?!the\b)[\w-]+)?) (?:background|backdrop)[.!]*$",
    re.IGNORECASE,
)
NEW = r"(?P<thing>(?:an?|some|two|three|four|five|a few|a couple of|more) (?!more\b|different|new|other)[\w' -]+?)"
LOCATED = (
    r"(?:in|on|to|at) the (?:distance|background|foreground|far |left|right|top|bottom|middle|"
    r"centre|center|corner|front|back|side|"
    r"horizon|sky|ground|floor|wall)(?:[\w -]*)|(?:above|below|behind|beside|overhead|next to|in "
    r"front of|on top of)(?: (?:it|him|her|them|the [\w -]+))?"
)
ADDITIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:maybe |perhaps |possibly |and |i want |let's have |i think |what about |how about |with "
        rf"|draw |show )*{NEW} (?:would|might|could|will) (?:be|look|fit|go|make it|help|suit)\b[\w "
        rf"]*[.!?]*$",
        rf"^(?:maybe|perhaps|possibly|let's have|why not|let's see|i think|i miss|i'm missing|there "
        rf"could be)[, ]+{NEW}[.!?]*$",
        rf"^(?:i want |how about |what about |show )?(?P<thing>(?:(?:an?|some|two|three|four|five|a "
        rf"few|more) [\w' -]+?|(?!the\b|it\b|him\b|her\b|them\b|put\b|move\b|make\b|add\b|"
        rf"both\b)[\w-]+) (?:{LOCATED}))[.!?]*$",
        r"^(?P<thing>some [\w' -]+)[.!?]*$",
    )
)
"""Something new that is wished for beside what is there."""
PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), said) for pattern, said in RULES)
VERBAL = re.compile(rf"{BEGIN}(?P<verb>{'|'.join(MADE)}) {THING}(?: (?:down|up|a (?:bit|little)))?{END}", re.IGNORECASE)


def rephrased(text: str, world: Lexicon, there: bool = False) -> str:
    """
    The same, as commands that the rest of the planner knows; what is said otherwise is left as it is.

    `there`: a picture is, so that something may be added to it.
    """
    for pattern, said in PATTERNS:
        if shorter := pattern.sub(said, text).strip():
            text = shorter
    if there:
        text = LACKING.sub(r"no \g<what>", text)
        text = BEHIND.sub(r"make the background \g<look>", text)
        for pattern in ADDITIONS:
            text = pattern.sub(r"with \g<thing>", text)
    text = VERBAL.sub(lambda found: f"{found['begin']}make {found['thing']} {MADE[found['verb'].lower()]}", text)
    text = _postposed(world.colours).sub(lambda found: _before(found, world), text)
    return _coloured(world.colours).sub(r"make \g<thing> \g<colour>", text)


@cache
def _coloured(colours: frozenset[str]) -> re.Pattern[str]:
    """'blue for the door', 'I'm thinking pale pink for the roses'."""
    names = "|".join(sorted(colours, key=len, reverse=True))
    return re.compile(
        rf"^(?:i want |use |try |go for |go with |take |maybe |have |what about |how about )?(?:an? )?"
        rf"(?P<colour>(?:[a-z]+ )?(?:{names})) (?:for|on) (?P<thing>the [\w-]+(?: [\w-]+)?|it|them|both)[.!?]*$",
        re.IGNORECASE,
    )


def _before(found: re.Match[str], world: Lexicon) -> str:
    """'a horse brown' as 'a brown horse'."""
    known = world.is_thing(found["noun"].lower()) and found["noun"].lower() not in world.colours
    return f"{found['amount']} {found['colour']} {found['noun']}" if known else found[0]


@cache
def _postposed(colours: frozenset[str]) -> re.Pattern[str]:
    names = "|".join(sorted(colours, key=len, reverse=True))
    return re.compile(
        rf"\b(?P<amount>an?|one|two|three|four|five) (?P<noun>[a-z]+) (?P<colour>(?:{names}))"
        r"(?= (?:in|on|at|by|and|with|under|near)\b|[,.;!]|$)",
        re.IGNORECASE,
    )
