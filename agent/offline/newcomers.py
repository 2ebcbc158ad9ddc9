"""What is said without a word of adding, and is new in the picture all the same: 'and a red star', 'a purple sky'."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import additions, backgrounds, english, insertion
from agent.offline.commands import REFERRING, Verb
from agent.offline.draft import Draft
from agent.offline.phrases import Tag, Thing
from agent.offline.reading import Reader
from agent.offline.tokens import Token, keys, written

TALKING = english.words("i we you me us was were is are did how what why hate love")
"""What is said with these is no thing to be added."""
LYING = english.words("on in at near by under behind beside inside against above below")
VIEWS = english.words(
    "close-up closeup a_close-up from_above from_below from_behind from_the_side from_far_away "
    "side_view top_view front_view "
    "back_view aerial_view bird's_eye_view wide_angle wide_shot zoomed_in zoomed_out zoom_in "
    "zoom_out full_body headshot macro "
    "top_down overhead_view low_angle high_angle"
)
"""From where one looks."""
AMBIENT = english.words(
    "sky sun sunlight moonlight stars clouds snow rain fog mist smoke steam grass ground floor "
    "water light lights lighting shadow "
    "shadows reflection reflections colours weather sunshine lightning wind leaves petals dust "
    "bubbles sparks snowflakes"
)


def new_things(draft: Draft, text: str, words: Sequence[Token], asked: Verb | None, joined: bool) -> bool:
    """'and a red star', 'a moon too', 'draw another tree'."""
    late = text.lower().rstrip(" .!?").endswith(("too", "as well", "also"))
    refers = bool(set(keys(words)) & REFERRING - {"one", "instead"}) or any(
        word.key == "the" and draft.view.reference(words, at) for at, word in enumerate(words) if at
    )
    if words[0].key in LYING and len(words) > 1 and isinstance(Reader(tuple(words), draft.world).nominal(1, 1), Thing):
        draft.prompt = backgrounds.placed(draft.prompt, written(text, words), draft.world)
        return True
    if " ".join(keys(words)) in VIEWS:
        draft.prompt = insertion.tagged(draft.prompt, written(text, words), draft.world)
        return True
    if words[0].key in REFERRING or set(keys(words)) & TALKING:
        return False
    if (
        asked == "draw"
        or joined
        or late
        or refers
        or ambient(words, draft)
        or words[0].key in ("another", "more", "with")
    ):
        return additions.add(draft, text, words, describing=True)
    return False


def ambient(words: Sequence[Token], draft: Draft) -> bool:
    """'a purple sky', 'snow on the ground': what any picture may have, and few are of."""
    found = Reader(tuple(words), draft.world).nominal(0, 0)
    return isinstance(found, Thing | Tag) and found.words[-1].key in AMBIENT and len(words) <= len(found.words) + 3
