"""What one does: 'he should be smoking a pipe', 'make her dance', 'let the dog jump over the fence'."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import english
from agent.offline.acts import each
from agent.offline.draft import Draft
from agent.offline.edits import spliced
from agent.offline.phrases import Thing
from agent.offline.reading import NO_VERBS, read
from agent.offline.targets import Reference
from agent.offline.tokens import Token, keys

DOING = english.words(
    "bake bark bathe beg bite blink blow bow breathe brush build carry catch chase chew clap clean "
    "climb cook crawl cry cuddle "
    "dance dig dive draw dream drink drive eat embrace fall fight fish float fly frown fry garden "
    "gaze give grab grin growl hide "
    "hit hold hop hug hunt iron jog juggle jump kick kiss kneel knit laugh lead leap lean lick lie "
    "lift listen look march "
    "meditate mow paint peek play point pose pour pray pull punch push race read rest ride roar "
    "roll row run sail salute scream "
    "sell sew shake shout sing sip sit skate ski skip sleep slide smell smile smoke sneeze sniff "
    "snore spin splash sprint stand "
    "stare steer stretch stroll surf sweep swim swing talk tap teach think throw tickle type wade "
    "walk wash watch water wave "
    "whisper whistle wink work wrestle write yawn yell"
)
DOUBLED = english.words(
    "beg chat chop clap cut dig drag drum fit grab grin hit hop hug jog knit nod pat pet plan plug "
    "rob row rub run ship shop sip sit skip slip spin step stir stop swim tap trim trip win wrap "
    "hum zip"
)
LOOKED = english.words("at up down left right out over away back into through to towards toward around behind")
MODAL = english.words("should could would must can may to be is are get gets being now")


def acting(draft: Draft, text: str, found: Reference | None, rest: Sequence[Token]) -> bool:
    """Whether the rest says what the things of the reference do, and it now stands in the prompt."""
    at = next((at for at, word in enumerate(rest) if word.key not in MODAL), len(rest))
    if found is None or not found.things or at == len(rest):
        return False
    done = _doing(rest[at].key)
    looks = done in ("looking", "smelling") and (at + 1 == len(rest) or rest[at + 1].key not in LOOKED)
    if done is None or looks or "too" in keys(rest):
        return False
    said = f"{done}{text[rest[at].end : rest[-1].end]}"
    return each(draft, found.things[:1], lambda prompt, thing: _after(prompt, thing, said, draft))


def _doing(key: str) -> str | None:
    if key.endswith("ing") and len(key) > 4 and key not in NO_VERBS:
        return key
    key = key if key in DOING else key.removesuffix("s")
    if key not in DOING:
        return None
    if key in DOUBLED:
        return f"{key}{key[-1]}ing"
    return f"{key[:-2]}ying" if key.endswith("ie") else f"{key.removesuffix('e') if not key.endswith('ee') else key}ing"


def _after(prompt: str, thing: Thing, said: str, draft: Draft) -> str:
    """Behind the thing, in place of what it was said to do."""
    phrases = read(prompt, draft.world)
    old = next(
        (one for one in phrases if one.lead and one.lead[0].start > thing.start and one.lead[0].key.endswith("ing")),
        None,
    )
    between = prompt[thing.end : old.lead[0].start].strip() if old else "x"
    if old and not between:
        return spliced(prompt, [(old.lead[0].start, old.end, said)])
    return spliced(prompt, [(thing.words[-1].end, thing.words[-1].end, f" {said}")])
