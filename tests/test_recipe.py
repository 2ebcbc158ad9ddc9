"""A recipe is a pure value: its JSON, its hash and its patches hold for every recipe there can be."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from knowledge.recipe import Patch, Recipe
from tests.recipes import every, fields, recipes


@every
@given(recipes())
def test_a_recipe_survives_its_json(recipe: Recipe) -> None:
    assert Recipe.model_validate_json(recipe.canonical()) == recipe
    assert Recipe.model_validate(json.loads(json.dumps(recipe.chosen()))) == recipe


@every
@given(recipes())
def test_canonical_json_has_only_what_differs_from_the_defaults(recipe: Recipe) -> None:
    chosen = json.loads(recipe.canonical())
    plain = Recipe(prompt=recipe.prompt).model_dump(mode="json")
    assert chosen.pop("prompt") == recipe.prompt
    assert all(value != plain[name] for name, value in chosen.items())


def test_a_recipe_of_defaults_is_its_prompt_alone() -> None:
    assert Recipe(prompt="an owl", width=128, seed=0).canonical() == '{"prompt":"an owl"}'


@every
@given(recipes(), st.randoms(use_true_random=False))
def test_the_hash_does_not_depend_on_the_order_of_the_fields(recipe: Recipe, order: random.Random) -> None:
    shuffled = list(recipe.model_dump().items())
    order.shuffle(shuffled)
    assert Recipe(**dict(shuffled)).hash == recipe.hash


@every
@given(recipes(), recipes())
def test_two_recipes_have_one_hash_only_if_they_are_equal(one: Recipe, other: Recipe) -> None:
    assert (one.hash == other.hash) == (one == other)


def test_the_hash_stays_the_same_from_release_to_release() -> None:
    assert Recipe(prompt="an owl", seed=7).canonical() == '{"prompt":"an owl","seed":7}'
    assert Recipe(prompt="an owl", seed=7).hash == "725a1e94c6def080595f4b62bb2ed54178fe92cb05d5ad4ef5deef751b2a2214"


def test_parts_of_a_recipe_store_no_defaults_either() -> None:
    lora = {"name": "ink", "sha256": "0" * 64}
    recipe = Recipe.model_validate(
        {"prompt": "an owl", "loras": [lora | {"blocks": [1.0] * 17}], "hires": {"scale": 2}}
    )
    assert recipe.chosen() == {"prompt": "an owl", "loras": [lora], "hires": {}}
    assert Recipe.model_validate(recipe.chosen()).drawn_size == (256, 256)
    assert recipe.patched(Patch(hires=None)).drawn_size == (128, 128)


@every
@given(recipes(), recipes())
def test_the_patch_between_two_recipes_turns_one_into_the_other(one: Recipe, other: Recipe) -> None:
    assert one.patched(one.patch_to(other)) == other
    assert other.patched(other.patch_to(one)) == one


@every
@given(recipes(), recipes())
def test_a_patch_survives_its_json(one: Recipe, other: Recipe) -> None:
    patch = one.patch_to(other)
    assert one.patched(Patch.model_validate_json(patch.canonical())) == other


@every
@given(recipes())
def test_a_recipe_needs_no_patch_to_itself(recipe: Recipe) -> None:
    assert recipe.patch_to(recipe).chosen() == {}
    assert recipe.patched(Patch()) == recipe


def test_a_patch_can_take_an_image_away() -> None:
    recipe = Recipe(prompt="an owl", init_image_id="a" * 64)
    assert recipe.patched(Patch(init_image_id=None)).init_image_id is None
    assert recipe.patched(Patch(seed=3)).init_image_id == "a" * 64


def test_none_where_nothing_cannot_stand_changes_nothing() -> None:
    """Chat models fill in all that may be null."""
    recipe = Recipe(prompt="an owl", seed=7, init_image_id="a" * 64)
    assert recipe.patched(Patch(prompt=None, seed=None, loras=None, guidance_scale=None)) == recipe


def test_a_patch_has_exactly_the_fields_of_a_recipe_and_their_limits() -> None:
    assert list(Patch.model_fields) == list(Recipe.model_fields)
    mine, theirs = (kind.model_json_schema()["properties"] for kind in (Recipe, Patch))
    for name in mine:
        choices = theirs[name].get("anyOf", [theirs[name]])
        stripped = {key: value for key, value in mine[name].items() if key not in ("default", "title")}
        assert any(choice == stripped for choice in choices) or mine[name].get("anyOf") == choices, name


def test_every_field_of_a_recipe_is_drawn_by_these_tests() -> None:
    assert set(fields) == set(Recipe.model_fields)


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ""},
        {"prompt": "x" * 2001},
        {"width": 100},
        {"height": 8},
        {"seed": 2**32},
        {"num_inference_steps": 0},
        {"guidance_scale": float("nan")},
        {"scheduler": "plms"},
        {"init_image_id": "../../etc/passwd"},
        {"stepz": 3},
        {"hires": {"scale": 1}},
        {"hires": {"scale": 4.1}},
        {"loras": [{"name": "ink", "sha256": "0" * 64, "blocks": [0.5] * 16}]},
        {"loras": [{"name": "ink", "sha256": "0" * 64, "blocks": [5] * 17}]},
    ],
)
def test_a_wrong_value_or_an_unknown_field_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate({"prompt": "an owl"} | wrong)


def test_a_recipe_names_every_image_it_needs() -> None:
    recipe = Recipe.model_validate(
        {
            "prompt": "an owl",
            "controls": [{"kind": "canny", "image_id": "a" * 64}],
            "references": [{"image_id": "b" * 64}],
            "init_image_id": "c" * 64,
            "mask_id": "d" * 64,
        }
    )
    assert recipe.image_ids == ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
