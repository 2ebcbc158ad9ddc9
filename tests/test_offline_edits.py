"""Edits of prompts are small: an edit and its opposite give the prompt back, and all else stays verbatim."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.offline.counts import article
from agent.offline.intents import Change, Shown
from agent.offline.lexicon import Lexicon
from agent.offline.phrases import Setting, Style, Tag, Thing
from agent.offline.reading import read
from agent.offline.understanding import understand
from picturebook.scene import BACKGROUNDS, COLOURS, KINDS, WHERE, Background, Scene, captions
from picturebook.scene import Thing as Drawn
from tools.nouns import many, one

WORLD = Lexicon()
scenes = st.builds(
    lambda kinds, colours, background, style: Scene(
        tuple(
            Drawn(kind, colour, place) for kind, colour, place in zip(kinds, colours, ("left", "right"), strict=False)
        ),
        background,
        style,
    ),
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=2, unique=True),
    st.lists(st.sampled_from(COLOURS), min_size=2, max_size=2),
    st.sampled_from(BACKGROUNDS),
    st.sampled_from(("plain", "stained glass", "watercolour")),
)
captioned = scenes.flatmap(lambda scene: st.tuples(st.just(scene), st.sampled_from(captions(scene))))
TAGS = (
    "(freckles:1.2)",
    "soft lighting",
    "8k",
    "masterpiece",
    "[blurry]",
    "<lora:fog:0.6>",
    "35mm photo",
    "(best quality)",
)
tagged = st.tuples(
    st.sampled_from(("portrait of a woman with red hair", "a red fox", "an old castle on a cliff", "1girl, red hair")),
    st.lists(st.sampled_from(TAGS), min_size=1, max_size=5, unique=True),
).map(lambda parts: ", ".join((parts[0], *parts[1])))


def said(prompt: str, *sentences: str) -> str:
    """The prompt after the sentences, each said of the picture that the one before it gave."""
    for sentence in sentences:
        intent = understand(sentence, (Shown(1, prompt),), 1, WORLD)
        assert isinstance(intent, Change), (prompt, sentence, intent)
        prompt = intent.patch.get("prompt", prompt)
    return prompt


@settings(deadline=None)
@given(captioned)
def test_every_caption_of_the_picture_book_is_read_as_its_scene(case: tuple[Scene, str]) -> None:
    scene, caption = case
    phrases = read(caption, WORLD)
    things = {(one.name, one.adjectives[0].key) for one in phrases if isinstance(one, Thing)}
    assert things == {(one.kind, one.colour) for one in scene.things}
    assert len([one for one in phrases if isinstance(one, Setting)]) == 1
    assert len([one for one in phrases if isinstance(one, Style)]) == (scene.style != "plain")


@settings(deadline=None)
@given(captioned, st.sampled_from(COLOURS))
def test_a_colour_and_the_old_colour_give_the_prompt_back(case: tuple[Scene, str], colour: str) -> None:
    scene, caption = case
    thing = scene.things[0]
    if colour == thing.colour:
        return
    there = said(caption, f"make the {thing.kind} {colour}")
    assert there == caption.replace(
        f"{article(thing.colour)} {thing.colour} {thing.kind}", f"{article(colour)} {colour} {thing.kind}"
    )
    assert said(there, f"make the {thing.kind} {thing.colour}") == caption


@settings(deadline=None)
@given(captioned, st.sampled_from(KINDS), st.sampled_from(COLOURS))
def test_what_was_added_and_removed_again_leaves_no_trace(case: tuple[Scene, str], kind: str, colour: str) -> None:
    scene, caption = case
    if kind in [thing.kind for thing in scene.things]:
        return
    there = said(caption, f"add {article(colour)} {colour} {kind}")
    assert f"{colour} {kind}" in there
    assert said(there, f"remove the {kind}") == caption


@settings(deadline=None)
@given(captioned, st.sampled_from(BACKGROUNDS))
def test_another_place_and_the_old_one_give_the_prompt_back(case: tuple[Scene, str], background: Background) -> None:
    scene, caption = case
    old = next(where for where in WHERE[scene.background] if where in caption)
    if background == scene.background:
        return
    there = said(caption, f"{WHERE[background][0]} instead")
    assert there == caption.replace(old, WHERE[background][0])
    assert said(there, f"{old} instead") == caption


@settings(deadline=None)
@given(captioned, st.integers(2, 9))
def test_many_and_one_again_give_the_prompt_back(case: tuple[Scene, str], count: int) -> None:
    scene, caption = case
    kind = scene.things[0].kind
    assert said(said(caption, f"make it {count} {many(kind)}" if len(scene.things) == 1 else f"{count} {many(kind)}"),
                f"only one {kind}") == caption  # fmt: skip


@settings(deadline=None)
@given(captioned)
def test_swapping_the_colours_twice_changes_nothing(case: tuple[Scene, str]) -> None:
    scene, caption = case
    if len({thing.colour for thing in scene.things}) < 2:
        return
    there = said(caption, "swap their colours")
    assert there != caption
    assert said(there, "swap their colours") == caption


@settings(deadline=None)
@given(tagged, st.sampled_from(("hat", "moon", "dragon", "lamp")))
def test_a_list_of_tags_keeps_every_other_tag_and_weight_verbatim(prompt: str, thing: str) -> None:
    there = said(prompt, f"add a {thing}")
    assert there.replace(f", a {thing}", "", 1) == prompt
    assert said(there, f"remove the {thing}") == prompt


@settings(deadline=None)
@given(tagged, st.data())
def test_a_tag_is_removed_with_its_weight_and_one_comma(prompt: str, data: st.DataObject) -> None:
    tags = [tag for tag in prompt.split(", ")[1:] if not tag.startswith("<")]
    if not tags:
        return
    tag = data.draw(st.sampled_from(tags))
    bare = tag.strip("()[]").partition(":")[0]
    parts = prompt.split(", ")
    parts.remove(tag)
    assert said(prompt, f"remove {bare}") == ", ".join(parts)


@settings(deadline=None)
@given(tagged, st.sampled_from(("less", "more")))
def test_weights_go_down_and_up_again(prompt: str, way: str) -> None:
    for tag in ("soft lighting", "masterpiece"):
        if tag in prompt:
            there = said(prompt, f"{way} {tag}")
            assert there == prompt.replace(tag, f"({tag}:{0.8 if way == 'less' else 1.2:g})")
            assert said(there, f"{'more' if way == 'less' else 'less'} {tag}") == prompt


@pytest.mark.parametrize(
    ("prompt", "kinds"),
    [
        ("a red house and a green tree on grass", [Thing, Thing, Setting]),
        ("in the snow, a blue cat, stained glass style", [Setting, Thing, Style]),
        ("portrait of an old man, (wrinkles:1.3), 8k", [Tag, Thing, Tag, Tag]),
        ("an oil painting of two boats at dawn", [Tag, Thing, Setting]),
        ("", []),
    ],
)
def test_a_prompt_is_read_into_its_phrases(prompt: str, kinds: list[type]) -> None:
    assert [type(phrase) for phrase in read(prompt, WORLD)] == kinds


@settings(deadline=None)
@given(st.sampled_from(sorted(WORLD.things - {"glass"})))
def test_a_noun_and_its_plural_are_one_noun(noun: str) -> None:
    """All but glass: glasses are what one wears."""
    assert one(many(noun)) == noun


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_prompt_can_be_read(prompt: str) -> None:
    for phrase in read(prompt, WORLD):
        assert 0 <= phrase.start < phrase.end <= len(prompt)
