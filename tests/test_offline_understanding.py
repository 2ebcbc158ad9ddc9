"""What people say is understood as they mean it: small changes, new wishes, ways through the pictures, and talk."""

from __future__ import annotations

import sys
import time
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.offline.intents import Ask, Change, GoTo, NewWish, Shown, Tell, Variations, Worn
from agent.offline.lexicon import Lexicon
from agent.offline.spelling import mended
from agent.offline.understanding import understand
from knowledge.recipe import Patch, Recipe

WORLD = Lexicon()
SCENE = "a red house and a green tree on grass"
WOMAN = "portrait of a young woman with red hair wearing a blue dress, (freckles:1.2), soft lighting, 8k"


def hear(said: str, prompt: str = SCENE, **fields: object) -> object:
    return understand(said, (Shown(1, prompt, **fields),), 1, WORLD)  # type: ignore[arg-type]


def prompt_after(said: str, prompt: str = SCENE) -> str:
    intent = hear(said, prompt)
    assert isinstance(intent, Change), intent
    return intent.patch["prompt"]


@pytest.mark.parametrize(
    ("said", "prompt"),
    [
        ("make it blue", "a blue house and a green tree on grass"),
        ("could you please make the tree gray?", "a red house and a gray tree on grass"),
        ("hmm, nice, but the house should be yellow", "a yellow house and a green tree on grass"),
        ("both blue", "a blue house and a blue tree on grass"),
        ("make them purple", "a purple house and a purple tree on grass"),
        ("make the other one pink", "a red house and a pink tree on grass"),
        ("the one on the right orange", "a red house and an orange tree on grass"),
        ("not red but white", "a white house and a green tree on grass"),
        ("swap their colours", "a green house and a red tree on grass"),
        ("change red to dark blue", "a dark blue house and a green tree on grass"),
        ("paint the house white and the tree black", "a white house and a black tree on grass"),
        ("make the house and the tree brown", "a brown house and a brown tree on grass"),
        ("I want the colour of the house to be pink", "a pink house and a green tree on grass"),
        ("mkae the hosue blue", "a blue house and a green tree on grass"),
        ("without the tree", "a red house on grass"),
        ("I don't like the tree", "a red house on grass"),
        ("remove everything except the tree", "a green tree on grass"),
        ("add a moon", "a red house and a green tree and a moon on grass"),
        ("put a moon above the house", "a moon above a red house and a green tree on grass"),
        ("give the house a chimney", "a red house with a chimney and a green tree on grass"),
        ("replace the tree with a cactus", "a red house and a green cactus on grass"),
        ("a castle instead of the house", "a red castle and a green tree on grass"),
        ("three houses", "three red houses and a green tree on grass"),
        ("another tree", "a red house and two green trees on grass"),
        ("make the house bigger", "a big red house and a green tree on grass"),
        ("a bigger tree", "a red house and a big green tree on grass"),
        ("make the house blue and bigger, and the tree white", "a big blue house and a white tree on grass"),
        ("only the house", "a red house on grass"),
        ("a bird in place of the tree", "a red house and a green bird on grass"),
        ("at night instead", "a red house and a green tree at night"),
        ("make it snow", "a red house and a green tree in the snow"),
        ("change the background to a beach", "a red house and a green tree on the beach"),
        ("less red", "a (red:0.8) house and a green tree on grass"),
        ("make the sky pink", "a red house and a green tree and a pink sky on grass"),
        ("get rid of the tree and add a dog", "a red house and a dog on grass"),
        ("remove one tree", "a red house on grass"),
        ("with a dog, please: replace the tree with a dog", "a red house and a green dog on grass"),
        ("the tree looks dead, make it pink", "a red house and a pink tree on grass"),
        ("why is it a house and not a castle, I want a castle", "a red castle and a green tree on grass"),
        ("replace the house with a polar bear", "a polar bear and a green tree on grass"),
        ("make the tree taller", "a red house and a tall green tree on grass"),
        ("the house should be twice as big", "a big red house and a green tree on grass"),
        ("the tree half the size", "a red house and a small green tree on grass"),
        ("too much green", "a red house and a (green:0.8) tree on grass"),
    ],
)  # fmt: skip
def test_everyday_changes(said: str, prompt: str) -> None:
    assert prompt_after(said) == prompt


@pytest.mark.parametrize(
    ("said", "old", "new"),
    [
        ("make the dress green", "blue dress", "green dress"),
        ("make her hair black", "red hair", "black hair"),
        ("make the woman older", "a young woman", "an old woman"),
        ("remove the freckles", ", (freckles:1.2)", ""),
        ("more freckles", "(freckles:1.2)", "(freckles:1.4)"),
        ("(freckles:0.7)", "(freckles:1.2)", "(freckles:0.7)"),
        ("golden hour instead of soft lighting", "soft lighting", "golden hour"),
        ("put her on the beach", "blue dress", "blue dress on the beach"),
        ("she should have green eyes", "blue dress", "blue dress and green eyes"),
        ("without 8k", ", 8k", ""),
    ],
)
def test_long_prompts_change_only_where_they_were_spoken_of(said: str, old: str, new: str) -> None:
    assert prompt_after(said, WOMAN) == WOMAN.replace(old, new)


def test_several_wishes_in_one_sentence() -> None:
    heard = hear("make it blue, add a moon and use seed 7")
    assert heard == Change(1, {"prompt": "a blue house and a green tree and a moon on grass", "seed": 7})


def test_it_is_not_what_is_to_be_kept() -> None:
    heard = hear("make it blue but keep the house")
    assert heard == Change(1, {"prompt": "a red house and a blue tree on grass"}, keep=("house",), only=("green tree",))


def test_it_is_what_was_spoken_of_last() -> None:
    pictures = (Shown(1, SCENE), Shown(2, SCENE.replace("tree", "tree and a moon"), parent=1))
    heard = understand("make it yellow", pictures, 2, WORLD)
    assert heard == Change(2, {"prompt": "a red house and a green tree and a yellow moon on grass"}, only=("moon",))


@pytest.mark.parametrize(
    ("said", "patch"),
    [
        ("seed 7", {"seed": 7}),
        ("30 steps please", {"num_inference_steps": 30}),
        ("more steps", {"num_inference_steps": 30}),
        ("cfg 7.5", {"guidance_scale": 7.5}),
        ("192 x 128", {"width": 192, "height": 128}),
        ("landscape", {"width": 192, "height": 128}),
        ("portrait format", {"width": 128, "height": 192}),
        ("make the picture larger", {"width": 192, "height": 192}),
        ("twice as big", {"width": 256, "height": 256}),
        ("use dpm++ 2m karras", {"scheduler": "dpmpp_2m_karras"}),
        ("no people", {"negative_prompt": "people"}),
        ("negative prompt: blurry, lowres", {"negative_prompt": "blurry, lowres"}),
        ("follow the prompt more closely", {"guidance_scale": 5.2}),
        ("stronger", {"guidance_scale": 5.2}),
    ],
)
def test_settings_are_patches(said: str, patch: dict[str, object]) -> None:
    assert hear(said) == Change(1, patch)


def test_stronger_means_the_style_that_is_worn() -> None:
    assert hear("stronger", loras=(Worn("watercolour"),)) == Change(1, strength=0.25)
    assert hear("make the style weaker", loras=(Worn("watercolour"),)) == Change(1, strength=-0.25)


def test_styles_come_and_go() -> None:
    assert hear("as a pencil drawing") == Change(1, style="pencil drawing")
    assert hear("make it look like an oil painting") == Change(1, style="oil painting")
    worn = f"{SCENE}, watercolour style"
    assert hear("without any style", worn) == Change(1, {"prompt": SCENE}, unstyle=True)
    assert hear("stained glass instead", worn) == Change(1, {"prompt": SCENE}, style="stained glass")


@pytest.mark.parametrize(
    ("said", "prompt"),
    [
        ("a cat", "a cat"),
        ("a purple castle in the desert", "a purple castle in the desert"),
        ("now draw a yellow rocket at night, please", "a yellow rocket at night"),
        ("I want a dragon", "a dragon"),
        ("gandalf riding a bicycle", "gandalf riding a bicycle"),
        ("masterpiece, (silver hair:1.2), girl in a garden", "masterpiece, (silver hair:1.2), girl in a garden"),
        ("something completely different: a rocket in space", "a rocket in space"),
    ],
)
def test_a_new_subject_is_a_new_wish(said: str, prompt: str) -> None:
    assert hear(said) == NewWish(prompt)


def test_a_first_wish_has_its_settings_taken_out() -> None:
    heard = understand("please draw two pictures of a red fox, seed 7, 30 steps, 192x128", (), 0, WORLD)
    assert heard == NewWish("a red fox", 2, {"seed": 7, "steps": 30, "size": (192, 128)})
    heard = understand(
        "a fox, 8k\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 3", (), 0, WORLD
    )
    options = {"negative_prompt": "blurry", "steps": 20, "scheduler": "euler_a", "guidance": 7.0, "seed": 3}
    assert heard == NewWish("a fox, 8k", 1, options)


FIVE = (
    Shown(1, "a red house on the beach"),
    Shown(2, "a blue house on the beach", parent=1),
    Shown(3, "a blue house on the beach, watercolour style", parent=2, loras=(Worn("watercolour"),)),
    Shown(4, "a green tree at night"),
    Shown(5, "a black tree at night", parent=4),
)


@pytest.mark.parametrize(
    ("said", "current", "target"),
    [
        ("undo", 5, 4), ("go back two", 3, 1), ("take that back", 3, 2), ("back to the first one", 5, 1),
        ("use number 3", 5, 3), ("I like the second best", 5, 2), ("go back to the red house", 5, 1),
        ("back to the watercolour one", 5, 3), ("the original", 5, 1), ("undo", 4, 3),
    ],
)  # fmt: skip
def test_ways_back(said: str, current: int, target: int) -> None:
    assert understand(said, FIVE, current, WORLD) == GoTo(target)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("again", Variations(5, 1)), ("four variations", Variations(5, 4)), ("another one", Variations(5, 1)),
        ("more like the second", Variations(2, 4)), ("three more", Variations(5, 3)),
        ("try again please", Variations(5, 1)),
        ("make it nicer", Variations(5, 1)),
    ],
)  # fmt: skip
def test_more_of_the_same(said: str, heard: Variations) -> None:
    assert understand(said, FIVE, 5, WORLD) == heard


def test_another_picture_can_be_changed_by_its_number() -> None:
    white = Change(1, {"prompt": "a white house on the beach"}, only=("red house",))
    assert understand("make number 1 white", FIVE, 5, WORLD) == white
    night = Change(2, {"prompt": "a blue house on the beach at night"})
    assert understand("like the second but at night", FIVE, 5, WORLD) == night
    assert isinstance(understand("number 9", FIVE, 5, WORLD), Ask)


@pytest.mark.parametrize(
    ("said", "topic"),
    [("thanks!", "thanks"), ("why?", "why"), ("what changed?", "changed"), ("which seed was that?", "settings"),
     ("what can you do?", "help"), ("hello", "hello"), ("compare 1 and 2", "compare"), ("make it red", "nothing")],
)  # fmt: skip
def test_talk_draws_nothing(said: str, topic: str) -> None:
    heard = hear(said)
    assert isinstance(heard, Tell)
    assert heard.topic == topic


@pytest.mark.parametrize("said", ["asdfgh", "?!", "change it", "replace the house", "start over"])
def test_what_cannot_be_drawn_is_asked_back_with_two_examples(said: str) -> None:
    heard = hear(said)
    assert isinstance(heard, Ask)
    assert heard.question.count("'") >= 4


@pytest.mark.parametrize("said", ["make it blue", "undo", "four variations", "remove the tree", ""])
def test_without_a_picture_nothing_can_be_changed(said: str) -> None:
    assert isinstance(understand(said, (), 0, WORLD), Ask)


@pytest.mark.parametrize(
    "said", ["a horse and a hose", "pine trees", "a reading nook", "a crow", "Totoro", "an axolotl"]
)
def test_real_words_and_names_are_no_typos(said: str) -> None:
    assert mended(said, "a red house and a crown", WORLD) == said


def test_a_lexicon_grows_by_what_the_knowledge_base_holds() -> None:
    world = WORLD.extended(things=("Toadstools",), settings={"Atlantis": "in Atlantis"}, styles=("Frosted Glass",))
    pictures = (Shown(1, "a red toadstool on the beach"),)
    blue = Change(1, {"prompt": "a blue toadstool on the beach"}, only=("red toadstool",))
    assert understand("make the toadstool blue", pictures, 1, world) == blue
    assert understand("atlantis", pictures, 1, world) == Change(1, {"prompt": "a red toadstool in Atlantis"})
    assert understand("frosted glass please", pictures, 1, world) == Change(1, style="frosted glass")


SAYINGS = (
    *("make", "it", "the", "house", "tree", "blue", "not", "but", "and", ",", "add", "remove", "a", "moon", "night"),
    *(
        "instead",
        "of",
        "keep",
        "two",
        "one",
        "number",
        "3",
        "more",
        "less",
        "like",
        "style",
        "watercolour",
        "swap",
        "with",
    ),
    *(
        "seed",
        "7",
        "steps",
        "big",
        "bigger",
        "on",
        "left",
        "other",
        "both",
        "again",
        "no",
        "without",
        "(",
        ")",
        ":",
        "1.2",
    ),
)


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(st.lists(st.sampled_from(SAYINGS), max_size=9).map(" ".join), st.text(max_size=60)),
    st.sampled_from((SCENE, WOMAN, "x")),
)
def test_whatever_is_said_becomes_something_that_can_be_done(said: str, prompt: str) -> None:
    pictures = (Shown(1, prompt), Shown(2, prompt, parent=1))
    heard = understand(said, pictures, 2, WORLD)
    match heard:
        case Change(target, patch):
            assert target in (1, 2)
            assert Recipe(prompt=prompt).patched(Patch.model_validate(patch)).prompt.strip()
        case NewWish(wish, count):
            assert wish.strip()
            assert 1 <= count <= 4
        case GoTo(target) | Variations(target):
            assert target in (1, 2)
        case Ask(question):
            assert question


def test_a_turn_takes_no_more_than_five_milliseconds() -> None:
    said = (
        "make it blue, add a moon and use seed 7",
        "could you please make the hosue gren",
        "a castle instead of the tree",
    )
    for sentence in said:
        hear(sentence, WOMAN)
    start = time.process_time()
    for sentence in said * 20:
        hear(sentence, WOMAN)
    assert (time.process_time() - start) / (20 * len(said)) < 0.005


def work(said: str) -> int:
    """How many functions are called while it is understood."""
    called = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal called
        called += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        hear(said)
    finally:
        sys.setprofile(before)
    return called


def repeated(words: str, letters: int) -> str:
    return f"{words} " * (letters // (len(words) + 1))


@pytest.mark.parametrize(
    ("said", "prompt", "after"),
    [
        ("the hen plays guitar now, not trumpet", "a hen playing the trumpet", "a hen playing guitar"),
        ("striped, red and white", "a hot air balloon", "a red and white striped hot air balloon"),
        ("put it under the see", "a fish", "a fish under the sea"),
    ],
)
def test_words_are_taken_as_they_are_used(said: str, prompt: str, after: str) -> None:
    assert prompt_after(said, prompt) == after


@pytest.mark.parametrize(
    ("said", "patch"),
    [
        ("lower the guidance, it looks burnt", {"guidance_scale": 2.7}),
        ("the colours look overcooked, less guidance", {"guidance_scale": 2.7}),
        ("bump the seed to 99", {"seed": 99}),
        ("guidance down to 3", {"guidance_scale": 3.0}),
        ("make it taller", {"width": 128, "height": 192}),
        ("make the tree taller", {"prompt": "a red house and a tall green tree on grass"}),
        ("draw the house closer", {"prompt": "a closer red house and a green tree on grass"}),
    ],
)
def test_only_the_field_that_is_spoken_of_changes(said: str, patch: dict[str, object]) -> None:
    heard = hear(said)
    assert isinstance(heard, Change)
    assert heard.patch == patch


@pytest.mark.parametrize(
    "said",
    [
        "make the picture taller, the sky needs room",
        "can the tree be on the other side",
        "evening light would suit it",
        "what if it were stained glass",
        "try a different sampler",
        "crank the steps up to forty",
        "put the tree on the left side",
    ],
)
def test_words_that_no_picture_shows_are_asked_about_and_never_drawn(said: str) -> None:
    assert isinstance(hear(said), Ask)


def test_what_is_to_be_written_in_the_picture_may_be_any_words() -> None:
    assert "we need you now" in prompt_after("add a sign that says “we need you now”")


@pytest.mark.parametrize(
    "words",
    [
        *("a", "i", "the", "is", "a big ,"),
        *("keep to ( so ; swap the", "make i ; add a", "in a ( seed 7 in front of at night in"),
    ],
)
def test_twice_as_long_a_message_is_at_most_twice_the_work(words: str) -> None:
    hear(repeated(words, 450))
    assert work(repeated(words, 900)) < 2.4 * work(repeated(words, 450))


def test_more_changes_than_can_be_followed_are_asked_for_in_parts() -> None:
    said = ", ".join(f"add a {thing}" for thing in ("dog", "cat", "moon", "star", "fox", "owl") * 3)
    assert isinstance(hear(said), Ask)
    assert prompt_after("add a dog, add a cat") == "a red house and a green tree and a dog and a cat on grass"


@pytest.mark.parametrize("said", ["seed -5", "size 1x1", "guidance lots", "I hate it", "scratch that a bit"])
def test_what_cannot_be_followed_is_never_drawn(said: str) -> None:
    heard = hear(said)
    assert not isinstance(heard, NewWish)
    assert not (isinstance(heard, Change) and said.split()[-1] in heard.patch.get("prompt", ""))


@pytest.mark.parametrize(
    ("said", "number"),
    [("scratch that", 4), ("take me back one step", 4), ("undo both changes", 3), ("I liked it better before", 4)],
)
def test_there_are_many_words_for_going_back(said: str, number: int) -> None:
    assert understand(said, FIVE, 5, WORLD) == GoTo(number)
