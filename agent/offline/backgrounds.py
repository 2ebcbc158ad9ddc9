"""Where and when a picture is: its settings told from each other, put in, exchanged and taken out."""

from __future__ import annotations

from collections.abc import Sequence

from agent.offline import english
from agent.offline.edits import spliced
from agent.offline.insertion import anchored
from agent.offline.lexicon import Lexicon
from agent.offline.phrases import Phrase, Setting, Style, Thing
from agent.offline.reading import PLACING, read
from agent.offline.removal import removed
from agent.offline.tokens import key_of, tokens

FALLING = ("snow",)
"""Weathers that are places too: in the place of rain, else of where it was."""


def group_of(setting: str, world: Lexicon) -> str:
    """Of a lexicon's name, or of words with such a name at their end; any place the lexicon knows not is a place."""
    words = setting.split()
    names = (" ".join(words[at:]) for at in range(len(words)))
    return next((world.groups[name] for name in names if name in world.groups), "place")


def settings(prompt: str, world: Lexicon, group: str | None = None) -> list[Setting]:
    """Those of the group, or all."""
    found = [phrase for phrase in read(prompt, world) if isinstance(phrase, Setting)]
    return [phrase for phrase in found if group is None or group_of(phrase.name, world) == group]


def said_as(words: str, world: Lexicon) -> str:
    """'night' as 'at night'; what already says how it stands there is left as it is."""
    found = tokens(words)
    if found[0].key in (*PLACING, "underwater", "indoors", "outdoors", "against", "near", "behind"):
        return words
    key = key_of(words)
    name = " ".join(word.key for word in found if word.key not in english.DETERMINERS)
    return world.settings.get(key) or world.settings.get(name) or f"in {words}"


def placed(prompt: str, words: str, world: Lexicon, instead: bool = False) -> str:
    """With this setting, in the place of those it cannot stand beside; `instead` of the only one, whatever it is."""
    phrase = said_as(words, world)
    old = settings(prompt, world, group_of(key_of(words), world))
    if instead and not old and len(every := settings(prompt, world)) == 1:
        old = every
    if _name(words) in FALLING and (weather := settings(prompt, world, "weather")):
        old = weather
    if any(one.name and one.name == _name(words) for one in old):
        return prompt
    if not old:
        return _put(prompt, phrase, world)
    for extra in old[:0:-1]:
        prompt = removed(prompt, extra, read(prompt, world))
    first = old[0]
    alone = first.words[0].key not in english.PREPOSITIONS and not first.lead and first.name in world.settings
    bare = " ".join(
        word.text for word in tokens(phrase) if word.key not in PLACING and word.key not in english.DETERMINERS
    )
    said = (
        bare if alone and len(first.words) == 1 and first.key not in ("underwater", "indoors", "outdoors") else phrase
    )
    said = said[:1].upper() + said[1:] if first.words[0].text[:1].isupper() else said
    return spliced(prompt, [(first.start, first.end, said)])


def _put(prompt: str, phrase: str, world: Lexicon) -> str:
    phrases = read(prompt, world)
    if anchor := anchored(phrases):
        end = _end_of_places(prompt, anchor, phrases)
        return spliced(prompt, [(end, end, f" {phrase}")])
    plain: list[Phrase] = [one for one in phrases if not isinstance(one, Style)]
    if not plain:
        return f"{prompt}, {phrase}"
    return spliced(prompt, [(plain[-1].end, plain[-1].end, f", {phrase}")])


def _end_of_places(prompt: str, anchor: Thing, phrases: Sequence[Phrase]) -> int:
    """After the thing and the settings that follow it without a sign: 'on the beach' goes before 'at night'."""
    end = anchor.end
    for phrase in phrases:
        if isinstance(phrase, Setting) and not prompt[end : (phrase.lead or phrase.words)[0].start].strip():
            end = phrase.end
    return end


def _name(words: str) -> str:
    """'the park' and 'in a park' as 'park'; with an adjective it is no longer only the name."""
    found = [word.key for word in tokens(words) if word.key not in english.DETERMINERS | PLACING]
    return " ".join(found)


def cleared(prompt: str, world: Lexicon, name: str | None = None) -> str:
    """Without the named setting, or without any."""
    for setting in reversed(settings(prompt, world)):
        if name is None or name in (setting.name, setting.key) or setting.name.endswith(f" {name}"):
            prompt = removed(prompt, setting, read(prompt, world))
    return prompt
