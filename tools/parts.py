"""What a wish asks for, part by part: each thing, place and manner in its own words."""

from __future__ import annotations

import re

JOINT = re.compile(
    r"[,;:.!?()\n]+|\b(?:in the style of|in front of|to the (?:left|right) of|made of|next to|above|across|against|and"
    r"|at|behind|below|beside|between|by|inside|in|near|on|or|over|plus|under|while|without|with)\b",
    re.IGNORECASE,
)
"""Where one part ends and the next begins."""
LEADING = re.compile(r"^(?:a|an|the|some|one|his|her|its|their|my|of|to)\s+", re.IGNORECASE)
MOST = 8


def parts(wish: str) -> tuple[str, ...]:
    """The phrases of a wish without their articles, each once; the whole wish where it is one phrase."""
    phrases = (LEADING.sub("", piece.strip()) for piece in JOINT.split(wish))
    found = tuple(dict.fromkeys(phrase for phrase in phrases if re.search(r"[^\W_]{2}", phrase)))
    return found[:MOST] or (wish.strip(),)
