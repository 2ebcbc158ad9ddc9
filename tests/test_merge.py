"""Two pictures made from one are merged as two changes to one text are: only what clashes is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.offline.intents import Ask, Merge, Shown
from agent.offline.lexicon import Lexicon
from agent.offline.plans import ToolUse, next_use
from agent.offline.understanding import understand
from agent.told_results import Teller
from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from knowledge.merging import merged
from knowledge.picture import Picture
from knowledge.problems import TryAgain
from knowledge.recipe import LoraUse, Patch, Recipe, ReferenceUse
from tests.scripted_chat import PlainRenderer
from tools.call import Call
from tools.control import ControlPreparer
from tools.merge import Merger
from tools.refine import Refiner
from tools.render import PictureRenderer

BASE = Recipe(prompt="a red house and a green tree on grass", seed=3)
INK, OIL = LoraUse(name="ink", sha256="a" * 64), LoraUse(name="oil", sha256="b" * 64)


def both(one: Patch, other: Patch, base: Recipe = BASE) -> dict[str, object]:
    return merged(base, base.patched(one), base.patched(other)).chosen()


@pytest.mark.parametrize(
    ("one", "other", "prompt"),
    [
        (
            "a blue house and a green tree on grass",
            "a red house and a green tree at night",
            "blue house green tree night",
        ),
        ("a red house on grass", "a red house and a green tree on grass, watercolour", "red house grass, watercolour"),
        ("a red house, a star and a green tree on grass", BASE.prompt, "red house, star green tree grass"),
    ],
)
def test_words_changed_in_different_places_are_both_changed(one: str, other: str, prompt: str) -> None:
    found = both(Patch(prompt=one), Patch(prompt=other))["prompt"]
    assert " ".join(word for word in str(found).split() if word not in ("a", "and", "at", "on")) == prompt


def test_two_things_put_in_at_one_place_both_come_in() -> None:
    moon, star = "a red house and a moon on grass", "a red house and a star on grass"
    base = Recipe(prompt="a red house on grass")
    assert both(Patch(prompt=moon), Patch(prompt=star), base) == {
        "prompt": "a red house and a moon and a star on grass"
    }


def test_references_that_each_added_are_both_looked_at() -> None:
    owl, bell = ReferenceUse(image_id="a" * 64), ReferenceUse(image_id="b" * 64, scale=1.0)
    found = merged(BASE, BASE.patched(Patch(references=(owl,))), BASE.patched(Patch(references=(bell,))))
    assert found == Patch(references=(owl, bell))


def test_a_change_that_both_made_is_made_once() -> None:
    assert both(Patch(seed=9), Patch(seed=9, guidance_scale=7)) == {"seed": 9, "guidance_scale": 7}


def test_loras_are_merged_one_by_one() -> None:
    base = BASE.patched(Patch(loras=(INK,)))
    heavier = Patch(loras=(INK.model_copy(update={"weight": 1.5}),))
    found = merged(base, base.patched(heavier), base.patched(Patch(loras=(INK, OIL)))).loras or ()
    assert [(use.name, use.weight) for use in found] == [("ink", 1.5), ("oil", 1.0)]
    assert both(Patch(loras=()), Patch(seed=4), base) == {"loras": [], "seed": 4}


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        (Patch(seed=4), Patch(seed=5), "seed"),
        (Patch(prompt="a blue house and a green tree on grass"), Patch(prompt="a pink house"), "prompt"),
        (Patch(width=192, height=64), Patch(width=256, height=256), "width and height"),
    ],
)
def test_what_was_changed_in_two_ways_is_named(one: Patch, other: Patch, named: str) -> None:
    with pytest.raises(TryAgain, match=f"Both changed {named}, and differently"):
        both(one, other)


# Pictures


@pytest.fixture
def merger(tmp_path: Path) -> Merger:
    gallery = Gallery(tmp_path)
    return Merger(Refiner(PictureRenderer(PlainRenderer(), gallery), ControlPreparer(gallery)))


def drawn(merger: Merger, recipe: Recipe = BASE) -> Picture:
    return merger.refiner.painter.render(recipe, Call())


def refined(merger: Merger, picture: Picture, **fields: object) -> Picture:
    return merger.refiner.refine(picture.id, Patch.model_validate(fields), Call())


def test_a_merged_picture_comes_from_the_first_and_tells_of_the_second(merger: Merger) -> None:
    base = drawn(merger)
    one = refined(merger, refined(merger, base, guidance_scale=7), seed=8)
    other = refined(merger, base, num_inference_steps=30)
    picture = merger.merge(one.id, other.id, Call())
    assert base.recipe.patch_to(picture.recipe) == Patch(guidance_scale=7, seed=8, num_inference_steps=30)
    assert picture.provenance.parent_id == one.id
    assert other.id[:12] in picture.provenance.decisions[-1].why


def test_pictures_that_have_no_picture_in_common_are_not_merged(merger: Merger) -> None:
    with pytest.raises(TryAgain, match="not made from the same one"):
        merger.merge(drawn(merger).id, drawn(merger, Recipe(prompt="a cat")).id, Call())


def test_a_picture_is_not_merged_with_what_it_was_made_from(merger: Merger) -> None:
    base = drawn(merger)
    later = refined(merger, refined(merger, base, seed=5), guidance_scale=7)
    with pytest.raises(TryAgain, match="has its changes already"):
        merger.merge(later.id, base.id, Call())


def test_a_picture_whose_parent_is_gone_can_be_refined_and_told(merger: Merger, tmp_path: Path) -> None:
    base = drawn(merger)
    orphan = refined(merger, base, seed=5)
    with merger.refiner.gallery._index() as index:
        index.execute("DELETE FROM pictures WHERE id = ?", (base.id,))
    child = refined(merger, orphan, guidance_scale=7)
    assert child.recipe.guidance_scale == 7
    (told,) = Teller(merger.refiner.gallery, LoraShelf(())).told(orphan, lambda _: (2, None))["pictures"]
    assert told["changed"] == {}


def test_a_kept_picture_whose_parent_is_gone_goes_on_from_its_pixels(merger: Merger) -> None:
    gallery = merger.refiner.gallery
    base = drawn(merger)
    image = gallery.keep(gallery.image(base.id))
    part = refined(merger, base, init_image_id=image, mask_id=image)
    with gallery._index() as index:
        index.execute("DELETE FROM pictures WHERE id = ?", (base.id,))
    child = refined(merger, part, seed=9)
    assert child.recipe.mask_id is None
    assert child.recipe.init_image_id == gallery.keep(gallery.image(part.id))


# What people say


@pytest.mark.parametrize(
    "said",
    [
        "combine 2 and 3",
        "merge the second and the third",
        "please mix picture 2 with picture 3",
        "combine the last two",
    ],
)
def test_the_planner_understands_which_two_are_to_be_one(said: str) -> None:
    shown = tuple(Shown(number, f"a house {number}", picture_id=f"{number}" * 64) for number in (1, 2, 3))
    intent = understand(said, shown, 1, Lexicon())
    assert intent == Merge(2, 3)
    use = next_use(intent, shown, (), frozenset(("merge",)), "picturebook")
    assert use == ToolUse("merge", {"one": "2" * 64, "other": "3" * 64})


def test_a_picture_that_is_not_there_cannot_be_merged() -> None:
    assert isinstance(understand("combine 2 and 9", (Shown(1, "a"), Shown(2, "b")), 2, Lexicon()), Ask)


def test_mixing_colours_is_no_merging() -> None:
    assert not isinstance(understand("mix blue and red", (Shown(1, "a"), Shown(2, "b")), 2, Lexicon()), Merge)
