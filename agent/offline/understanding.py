"""What a person means, from their words and the pictures they see; pure, and in a few milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.offline import english, insertion, removals, weighing
from agent.offline.asides import clauses_of, tells
from agent.offline.clauses import Clause, bare, clauses, said_once, verb
from agent.offline.commands import LOUDER, PRONOUNS
from agent.offline.counts import LOOSE, number
from agent.offline.courtesies import IDLE
from agent.offline.dials import dial
from agent.offline.doubts import misread
from agent.offline.draft import Draft
from agent.offline.focus import focus
from agent.offline.hearing import meant, spoken
from agent.offline.intents import Ask, GoTo, Intent, Merge, Shown, Tell, Variations
from agent.offline.journeys import MOST, destination, leaves, merging, picture, recalled, variations
from agent.offline.lexicon import Lexicon
from agent.offline.newness import is_wish, no_wish, praising
from agent.offline.questions import NEXT, NOTHING_YET, TOO_MANY, UNCLEAR, no_such, topic
from agent.offline.sayings import say
from agent.offline.tokens import Token, keys, tokens
from agent.offline.value_words import BETTER
from agent.offline.wishes import gibberish, wish

EMPTY = Shown(0, "")
CARRIED = english.words("in on for take use with from using to of based at pick choose now and please but so then")
"""What may stand before the name of the picture that a change starts from."""
AT_ONCE = 16
"""Changes in one turn; each of them reads the prompt anew."""
WAITING = 32
"""Words that are kept for what follows to make them understood."""
NO_ORDERS = english.words("no not i have want get do be")
"""Verbs that tell as often as they order."""


def understand(said: str, pictures: Sequence[Shown], current: int, world: Lexicon) -> Intent:
    """`pictures` are the conversation's, oldest first; `current` is the number of the one that 'it' means."""
    here = next((shown for shown in pictures if shown.number == current), pictures[-1] if pictures else EMPTY)
    text = spoken(said.strip(), here.prompt, world)
    if (told := topic(text, bool(pictures))) is not None:
        return told
    text = meant(text, here.prompt, world)
    if IDLE.match(text):
        return Ask(NEXT)
    if not pictures:
        return _first(text, Draft.of(EMPTY, world))
    return Turn(text, tuple(pictures), here, world).intent()


def _first(text: str, draft: Draft) -> Intent:
    words = bare(tokens(text))
    if destination(words, (), 0) is not None or variations(words) is not None:
        return Ask(NOTHING_YET)
    asked, size = verb(words)
    refers = bool(words[size:]) and words[size].key in PRONOUNS - {"one"}
    found = None if refers or asked in ("remove", "keep", "swap", "replace") or not words else wish(text, draft)
    return found or Ask(NOTHING_YET)


@dataclass(frozen=True)
class Turn:
    """One sentence about pictures that are there."""

    text: str
    pictures: tuple[Shown, ...]
    here: Shown
    world: Lexicon

    def intent(self) -> Intent:
        words = bare(tokens(self.text))
        if not words or all(gibberish(word) for word in words):
            return Ask(UNCLEAR)
        if asked := weighing.asked(self.text):
            return self._weighed(*asked)
        if (place := self._place(words)) is not None:
            return place
        if (count := variations(words)) is not None:
            return Variations(self.here.number, count)
        if both := merging(words, self.pictures):
            return Merge(*both) if all(both) else Ask(no_such(len(self.pictures)))
        base, words, named = self._base(words)
        if base == 0:
            return Ask(no_such(len(self.pictures)))
        return self._about(self._shown(base), words, named)

    def _place(self, words: tuple[Token, ...]) -> Intent | None:
        """Where to go, said by the whole or by one of its parts; what else it asks for is then said of that picture."""
        if (place := destination(words, self.pictures, self.here.number)) is not None:
            return GoTo(place) if place else Ask(no_such(len(self.pictures)))
        parts = [bare(tokens(part)) for part in clauses_of(self.text)]
        for said in reversed(parts) if len(parts) > 1 else ():
            place = destination(said, self.pictures, self.here.number) if said else None
            others = [one for one in parts if one and one != said]
            if not place or not (leaves(said) or all(tells(_written(one)) for one in others)):
                continue
            if orders := [_written(one) for one in others if _does(one)]:
                return Turn(", ".join(orders), self.pictures, self._shown(place), self.world).intent()
            named = (recalled(_written(one), self.pictures, self.here.number) for one in others)
            return GoTo(next(filter(None, named), place) if set(keys(said)) & {"that", "it", "this"} else place)
        return None

    def _shown(self, number: int) -> Shown:
        return next(shown for shown in self.pictures if shown.number == number)

    def _weighed(self, words: tuple[str, ...], weight: float) -> Intent:
        draft = Draft.of(self.here, self.world)
        draft.prompt = weighing.reweighted(draft.prompt, words, weight)
        return draft.change() if draft.changes else Ask(UNCLEAR)

    def _base(self, words: tuple[Token, ...]) -> tuple[int, tuple[Token, ...], bool]:
        """Another picture that the words start from, and the words without its name."""
        for at in range(len(words)):
            if found := picture(words, at, self.pictures, self.here.number):
                end = at + found[1]
                end += end < len(words) and words[end].key == "original"
                like = keys(words[max(at - 2, 0) : at])
                before = (
                    words[: at - 1] if like[-1:] in (("like",), ("to",), ("from",), ("of",), ("with",)) else words[:at]
                )
                if set(keys(before)) <= CARRIED:
                    before = ()
                if at and not found[0]:
                    return 0, words, True
                return found[0], (*before, *_pronoun(before, words[at], words[end:]), *words[end:]), True
        return self.here.number, words, False

    def _about(self, shown: Shown, words: tuple[Token, ...], named: bool) -> Intent:
        draft = Draft.of(shown, self.world, focus(shown, self.pictures, self.world))
        words = bare(words)
        if named and (not words or variations(words) is not None or keys(words) == ("more",)):
            return Variations(shown.number, variations(words) or MOST if words else MOST)
        joined = tokens(self.text)[0].key in ("and", "plus", "also", "with")
        words = self._several(words, draft)
        if (only := self._only(words, draft)) is not None:
            return only
        if dial(draft, words):
            return draft.change()
        if len(looks := praising(words)) > 1:
            return self._improved(draft, looks)
        if not named and is_wish(words, self.text, draft, joined) and (found := wish(self.text, draft)):
            return found
        parts = clauses(words, self.text, draft)
        if len(parts) > AT_ONCE:
            return Ask(TOO_MANY)
        done = self._say(said_once(parts), words, draft, joined)
        return self._settled(draft, words, done, joined)

    def _improved(self, draft: Draft, looks: tuple[str, ...]) -> Intent:
        for look in looks:
            draft.prompt = draft.prompt if look in BETTER else insertion.tagged(draft.prompt, look, self.world)
        return draft.change() if draft.changes else Variations(draft.shown.number, 1)

    def _only(self, words: tuple[Token, ...], draft: Draft) -> Intent | None:
        """'only the house', 'keep just the house': all other things go."""
        raw = keys(tokens(self.text)[:2])
        if not set(raw) & {"only", "just"} or (raw[0] not in ("only", "just", "keep")):
            return None
        rest = bare(words[verb(words)[1] :]) if raw[0] == "keep" else words
        found = draft.view.reference(rest)
        whole = found is not None and found.things and found.size == len(rest) and rest[0].key == "the"
        if not whole or not removals.remove_others(draft, rest):
            return None
        return draft.change()

    def _several(self, words: tuple[Token, ...], draft: Draft) -> tuple[Token, ...]:
        """'three versions with a white cat': how many, and the rest."""
        start = verb(words)[1] if verb(words)[0] in ("draw", "make") else 0
        said = keys(words[start : start + 3])
        amount = number(said[0]) or LOOSE.get(said[0]) if said else None
        if amount and said[1:2] and said[1] in ("versions", "variations", "variants", "pictures", "alternatives"):
            draft.count = min(amount, MOST)
            words = words[start + 2 + (said[2:3] in (("of",),)) :]
        return words

    def _say(self, parts: Sequence[Clause], words: tuple[Token, ...], draft: Draft, joined: bool) -> bool:
        keeping = [part for part in parts if verb(part.words)[0] == "keep"]
        done: list[bool] = []
        waiting: tuple[Token, ...] = ()
        for part in (*keeping, *(part for part in parts if part not in keeping)):
            first = (waiting or part.words)[0].start
            whole = (
                tuple(word for word in words if first <= word.start <= part.words[-1].start) if waiting else part.words
            )
            heard = say(draft, self.text, Clause(whole, part.joined or (joined and part is parts[0])))
            waiting = () if heard or len(whole) > WAITING else whole
            done.append(heard)
        return any(done)

    def _settled(self, draft: Draft, words: tuple[Token, ...], done: bool, joined: bool) -> Intent:
        if draft.changes:
            return Ask(UNCLEAR) if misread(draft, self.text) else draft.change()
        if draft.again or draft.count > 1:
            return Variations(draft.shown.number, draft.count)
        if done:
            return Tell("nothing")
        if (
            verb(words)[0] in (None, "draw")
            and words[0].key not in LOUDER
            and not no_wish(words)
            and not (joined or draft.view.reference(words))
            and (found := wish(self.text, draft))
        ):
            return found
        return Ask(UNCLEAR)


def _does(words: tuple[Token, ...]) -> bool:
    """Whether they ask for a change."""
    return (
        bool(words) and verb(words)[0] in ("add", "make", "remove", "replace", "swap") and words[0].key not in NO_ORDERS
    )


def _written(words: tuple[Token, ...]) -> str:
    return " ".join(word.text for word in words)


def _pronoun(before: Sequence[Token], name: Token, after: Sequence[Token]) -> tuple[Token, ...]:
    """'make number 1 four stars' is 'make it four stars'."""
    asked, size = verb(before)
    if asked == "make" and size == len(before) and after:
        return (Token("it", name.start, name.start + 2),)
    return ()
