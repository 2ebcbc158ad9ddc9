"""The tools of the conversation, on the picture book's own models, and as other programs are offered them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from agent.conversation_tools import conversation_tools
from agent.settings import read_settings
from agent.told_results import LONGEST_TEXT, Teller, as_object, as_text, pictures_in, shortened
from agent.workshop import Workshop, open_workshop
from knowledge.picture import Picture
from knowledge.problems import TryAgain
from tools.call import Call
from tools.toolbox import Tool


@pytest.fixture
def workshop(filled: Path) -> Iterator[Workshop]:
    opened = open_workshop(read_settings())
    yield opened
    opened.bench.base.close()


@pytest.fixture
def tools(workshop: Workshop) -> dict[str, Tool]:
    return {tool.name: tool for tool in conversation_tools(workshop.bench, "picturebook")}


def drawn(tools: dict[str, Tool], **arguments: Any) -> tuple[Picture, ...]:
    return tools["draw"].use({"steps": 1, **arguments}, Call())


def test_what_a_conversation_can_do(tools: dict[str, Tool]) -> None:
    looking = {"retrieve", "rewrite", "pick_loras", "prepare_control", "critique", "compare"}
    assert tools.keys() == looking | {"render", "draw", "refine", "merge", "ask"}


def test_the_wish_is_looked_up_and_rewritten_and_every_picture_has_its_own_seed(tools: dict[str, Tool]) -> None:
    steps: list[tuple[int, int]] = []
    call = Call(lambda done, total: steps.append((done, total)))
    pictures = tools["draw"].use({"prompt": "a toadstool", "count": 2, "seed": 2**32 - 1, "steps": 2}, call)
    assert [picture.recipe.seed for picture in pictures] == [2**32 - 1, 0]
    assert "mushroom" in pictures[0].recipe.prompt
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("size", ["192x128", "192 × 128".replace(" ", ""), [192, 128]])
def test_a_size_may_be_written_as_people_do(tools: dict[str, Tool], size: Any) -> None:
    (picture,) = drawn(tools, prompt="a red house", size=size, seed=1)
    assert (picture.recipe.width, picture.recipe.height) == (192, 128)


@pytest.mark.parametrize(
    "arguments", [{"size": "wide"}, {"size": [128]}, {"size": [128, 7]}, {"count": 5}, {"loras": ["x"] * 9}]
)
def test_nonsense_is_refused_before_anything_is_drawn(tools: dict[str, Tool], arguments: dict[str, Any]) -> None:
    with pytest.raises(TryAgain, match=next(iter(arguments))):
        drawn(tools, prompt="a red house", **arguments)


def test_a_wish_is_drawn_as_written_without_retrieval(tools: dict[str, Tool]) -> None:
    (picture,) = drawn(tools, prompt="a toadstool", seed=3, retrieve=False)
    assert picture.recipe.prompt == "a toadstool"
    assert not picture.provenance.citations


def test_only_where_the_mask_is_white_is_anything_drawn(tools: dict[str, Tool], workshop: Workshop) -> None:
    gallery, mask = workshop.bench.gallery, Image.new("L", (128, 128))
    mask.paste(255, (64, 0, 128, 128))
    (before,) = drawn(tools, prompt="a red house", seed=3)
    given = {"reference_id": before.id, "mask_id": gallery.keep(mask), "steps": 3}
    (after,) = drawn(tools, prompt="a green tree", seed=4, **given)
    moved = ImageChops.difference(gallery.image(before.id), gallery.image(after.id)).getbbox()
    assert moved is not None
    assert moved[0] >= 64


def test_a_mask_without_a_picture_is_refused(tools: dict[str, Tool]) -> None:
    with pytest.raises(TryAgain, match="reference_id"):
        drawn(tools, prompt="a red house", mask_id="0" * 64)


def test_a_refinement_changes_what_it_says_and_nothing_else(tools: dict[str, Tool], workshop: Workshop) -> None:
    (before,) = drawn(tools, prompt="a red house", seed=3)
    patch = {"prompt": "a blue house"}
    after = tools["refine"].use({"picture_id": before.id[:12], "patch": patch}, Call())
    assert before.recipe.patch_to(after.recipe).chosen() == patch
    teller = Teller(workshop.bench.gallery, workshop.bench.shelf)
    (told,) = teller.told(after, lambda picture: (2, 1))["pictures"]
    assert told["changed"] == {"prompt": [before.recipe.prompt, "a blue house"]}
    compared = tools["compare"].use({"one": before.id, "other": after.id[:8]}, Call())
    assert compared.patch.chosen() == patch


def test_a_lora_is_told_with_its_triggers(tools: dict[str, Tool], workshop: Workshop) -> None:
    (picture,) = drawn(tools, prompt="a red house, stained glass", seed=3)
    (told,) = Teller(workshop.bench.gallery, workshop.bench.shelf).told(picture, lambda picture: (1, None))["pictures"]
    (lora,) = told["loras"]
    assert lora["name"] == "stained glass"
    assert lora["triggers"]
    assert any("stained glass" in why for why in told["why"])


def test_what_is_retrieved_can_be_read_by_a_model(tools: dict[str, Tool], workshop: Workshop) -> None:
    found = tools["retrieve"].use({"wish": "a toadstool"}, Call())
    told = Teller(workshop.bench.gallery, workshop.bench.shelf).told(found, lambda picture: (1, None))
    assert as_object(as_text(told)) == told
    assert "toadstool" in as_text(told)


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and all within it."""
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from schemas(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from schemas(inner)


def test_every_schema_is_one_that_providers_accept(tools: dict[str, Tool]) -> None:
    """OpenAI refuses a list that does not say of what, and all of them lists whose items differ by place."""
    for tool in tools.values():
        assert len(tool.description) <= 1024, tool.name
        for schema in schemas(tool.arguments.model_json_schema()):
            assert "prefixItems" not in schema, tool.name
            assert schema.get("type") != "array" or "items" in schema, tool.name


def test_no_tool_takes_a_path_or_an_address(tools: dict[str, Tool]) -> None:
    named = {name for tool in tools.values() for name in tool.arguments.model_fields}
    assert not [name for name in named if any(word in name for word in ("path", "file", "folder", "url"))]


def test_long_texts_and_lists_are_cut() -> None:
    cut = shortened({"body": "x" * 5000, "hits": list(range(100)), "score": 0.5})
    assert len(cut["body"]) == LONGEST_TEXT + 1
    assert len(cut["hits"]) == 24
    assert cut["score"] == 0.5


@pytest.mark.parametrize("text", ["", "oops", "[1]", '{"pictures": 3}', '{"pictures": ["x"]}', "{"])
def test_text_that_no_tool_wrote_has_no_pictures(text: str) -> None:
    assert pictures_in(text) == []
