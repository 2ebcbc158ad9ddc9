"""What a model was never told of is shown to it by a reference, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from agent.conversation_tools import Artist
from agent.redraw import redraw
from agent.wish import Wish
from agent.workflow import draw
from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.lora_files import LoraShelf
from knowledge.picture import Picture
from knowledge.recipe import Patch, ReferenceUse
from knowledge.records import Lore, Reference
from tests import tiny_models
from tests.small_clip import save_small_clip
from tools.call import Call
from tools.critique import Verdict
from tools.engine.engine_renderer import EngineRenderer
from tools.engine.model_files import KnownModel
from tools.toolbox import Bench
from tools.world import World

WORDS = "a and at blue cat cats in left meadow night of picture red snow star the thing to two"
WORLD = World(frozenset(WORDS.split()), frozenset({"cat", "cats", "star"}))
LORE = (
    Lore(id="anchor", title="anchor", body="A hook.", terms=("anchor", "grapnel"), adds="thing"),
    Lore(id="tabby", title="tabby", body="A pet.", terms=("tabby",), adds="cat"),
)
CAPTIONS = ("a red anchor in the snow", "a red bell at night", "an owl", "a red cat at night")


@dataclass(frozen=True)
class Shop:
    models: Path
    encoders: Encoders
    renderer: EngineRenderer

    def bench(self, folder: Path) -> Bench:
        gallery, shelf = Gallery(folder / "gallery"), LoraShelf(())
        renderer = replace(self.renderer, images=gallery.image, lora_path=shelf.path)
        # the models that are in memory already serve the new gallery
        vars(renderer)["store"] = self.renderer.store
        base = EmbeddedBase(folder / "knowledge")
        ingester = Ingester(base, self.encoders, gallery.image)
        ingester.add("lore", LORE)
        ingester.add("references", [reference(gallery, number, said) for number, said in enumerate(CAPTIONS)])
        ingester.add("loras", [])
        worlds: dict[str, World] = {"book": WORLD, "blind": WORLD, "following": WORLD}
        return Bench(base, self.encoders, gallery, renderer, shelf, worlds=worlds)


def reference(gallery: Gallery, number: int, caption: str) -> Reference:
    image = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(image).ellipse((number, 8, 30 + 4 * number, 50), fill="red")
    return Reference(id=f"r{number}", caption=caption, image_id=gallery.keep(image), licence="CC0-1.0", source="us")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    models = tmp_path_factory.mktemp("models")
    book, adapter = tiny_models.sd15(models / "book"), models / "ip-adapter"
    tiny_models.ip_adapter(adapter, book)
    looking = KnownModel(str(book), "picturebook", {}, 64, str(adapter))
    tiles = {"tile": str(tiny_models.controlnet(models / "tile", book))}
    blind = replace(looking, ip_adapter="")
    known = {"book": looking, "blind": blind, "others": looking, "following": replace(blind, controlnets=tiles)}
    clip = ClipEmbedder(str(save_small_clip(models / "clip")))
    return Shop(models, Encoders(clip, clip), EngineRenderer(Gallery(models).image, LoraShelf(()).path, known, "cpu"))


@pytest.fixture
def bench(shop: Shop, tmp_path: Path) -> Bench:
    return shop.bench(tmp_path)


def drawn(bench: Bench, prompt: str, model: str = "book", **changes: Any) -> Picture:
    return draw(bench, Wish(prompt, model, 7, steps=2, **changes), Call())


def looked_at(bench: Bench, picture: Picture) -> list[str]:
    """The captions of what was shown."""
    known = {one.image_id: one.caption for one in bench.base.get("references", [f"r{n}" for n in range(9)])}  # pyright: ignore[reportAttributeAccessIssue]
    return [known[use.image_id] for use in picture.recipe.references]


def why(picture: Picture) -> list[str]:
    return [one.why for one in picture.provenance.decisions if one.step == "show_references"]


def test_what_the_model_never_read_is_shown_to_it_and_cited(bench: Bench) -> None:
    picture = drawn(bench, "a red anchor in the snow")
    assert looked_at(bench, picture) == ["a red anchor in the snow"]
    assert picture.recipe.prompt == "a red anchor thing in the snow"
    (cited,) = [one for one in picture.provenance.citations if one.kind == "reference"]
    assert (cited.record_id, cited.licence, cited.gave) == ("r0", "CC0-1.0", "the looks of red anchor thing")
    (said,) = why(picture)
    assert said == (
        f"the reference 'a red anchor in the snow' ({cited.score:.2f}) for 'red anchor thing': "
        "the model was never told of it"
    )
    assert picture.recipe.references != drawn(bench, "a red anchor in the snow", references=False).recipe.references


def test_it_is_found_by_the_other_names_that_lore_has_for_it(bench: Bench) -> None:
    assert looked_at(bench, drawn(bench, "two blue grapnels")) == ["a red anchor in the snow"]
    assert looked_at(bench, drawn(bench, "two blue grapnels", collections=("references",), pinned=True)) == []


@pytest.mark.parametrize(
    "known", ["a red cat at night", "a red tabby at night", "the tabby cats", "a picture of a star", "a shiny red star"]
)
def test_what_the_model_knows_is_not_shown(bench: Bench, known: str) -> None:
    picture = drawn(bench, known)
    assert (picture.recipe.references, why(picture)) == ((), [])


def test_beside_something_known_only_the_other_is_shown(bench: Bench) -> None:
    assert looked_at(bench, drawn(bench, "a blue cat to the left of a red bell")) == ["a red bell at night"]


def test_two_unknown_things_are_shown_and_no_third(bench: Bench) -> None:
    assert looked_at(bench, drawn(bench, "a red bell, a red anchor in the snow, an owl")) == [CAPTIONS[1], CAPTIONS[0]]


def test_what_no_reference_shows_is_drawn_without_a_word(bench: Bench) -> None:
    picture = drawn(bench, "a red zorblax, highly detailed")
    assert (picture.recipe.references, why(picture)) == ((), [])


@pytest.mark.parametrize("off", [{"references": False}, {"retrieve": False}, {"collections": (), "pinned": True}])
def test_it_is_not_shown_where_that_is_switched_off(bench: Bench, off: dict[str, Any]) -> None:
    assert drawn(bench, "a red anchor", **off).recipe.references == ()


def test_the_prompt_may_stay_as_written_and_the_thing_be_shown(bench: Bench) -> None:
    picture = drawn(bench, "a red anchor in the snow", rewrite=False)
    assert picture.recipe.prompt == "a red anchor in the snow"
    assert looked_at(bench, picture) == ["a red anchor in the snow"]


def test_a_model_that_cannot_look_draws_without_and_says_so(bench: Bench) -> None:
    picture = drawn(bench, "a red anchor in the snow", "blind")
    assert picture.recipe.references == ()
    assert why(picture)[0].startswith("not the reference 'a red anchor in the snow'")
    assert why(picture)[0].endswith("because it has nothing to look at it with")


def test_a_model_without_an_adapter_is_shown_one_thing_as_a_tile(bench: Bench) -> None:
    picture = drawn(bench, "a red bell, a red anchor in the snow", "following")
    (tile,) = picture.recipe.controls
    assert (tile.kind, picture.recipe.references) == ("tile", ())
    assert bench.gallery.image(tile.image_id).size == (64, 64)
    assert "a red bell at night" in why(picture)[0]
    assert [one.title for one in picture.provenance.citations if one.kind == "reference"] == ["a red bell at night"]


def test_a_map_that_somebody_gives_is_not_joined_by_a_tile(bench: Bench) -> None:
    given = bench.gallery.keep(Image.new("RGB", (64, 64), "white"))
    picture = drawn(bench, "a red anchor", "following", control="tile:none", reference_id=given)
    assert [use.image_id for use in picture.recipe.controls] == [given]
    assert why(picture)[0].endswith("because it has nothing to look at it with")


@pytest.mark.parametrize(
    ("said", "asked", "drawn_at"), [("a red thing", None, 1.0), ("a red thing", 3.0, 3.0), ("a red cat", None, 4.0)]
)
def test_where_only_the_map_says_what_it_is_the_words_push_less(
    bench: Bench, said: str, asked: float | None, drawn_at: float
) -> None:
    given = bench.gallery.keep(Image.new("RGB", (64, 64), "white"))
    picture = drawn(bench, said, "following", control="tile:none", reference_id=given, guidance=asked)
    assert picture.recipe.guidance_scale == drawn_at
    told = [one.why for one in picture.provenance.decisions if one.why.startswith("guidance")]
    assert bool(told) == (drawn_at == 1.0)


def test_a_tile_goes_with_the_thing_that_it_shows(bench: Bench) -> None:
    first = drawn(bench, "a red anchor in the snow", "following")
    assert refined(bench, first, "a blue anchor thing in the snow").recipe.controls == first.recipe.controls
    other = refined(bench, first, "a red bell in the snow")
    (tile,) = other.recipe.controls
    assert tile != first.recipe.controls[0]
    assert refined(bench, other, "a red cat in the snow").recipe.controls == ()


def test_a_picture_with_a_reference_is_redrawn_from_its_file_alone(shop: Shop, bench: Bench, tmp_path: Path) -> None:
    first = drawn(bench, "a red anchor in the snow")
    assert first.recipe.references
    again = redraw(shop.bench(tmp_path / "elsewhere"), bench.gallery.path(first.id), Call())
    assert again.identical
    assert again.picture.id == first.id


@dataclass(frozen=True)
class Seeing:
    """Misses the anchor in the first draft, and sees it in all others."""

    asked: list[str]
    looks: int = 1

    def look(self, image: Image.Image, wish: str, prompt: str) -> Sequence[Verdict]:
        self.asked.append(prompt)
        return [Verdict("red anchor", len(self.asked) > 1), Verdict("snow", True)]


def test_of_a_model_whose_words_nobody_knows_only_the_lacking_is_shown_in_the_next_draft(bench: Bench) -> None:
    bench = replace(bench, critics={"others": Seeing([])})
    picture = drawn(bench, "a red anchor in the snow", "others", tries=3)
    assert looked_at(bench, picture) == ["a red anchor in the snow"]
    assert picture.recipe.references == (ReferenceUse(image_id=picture.recipe.references[0].image_id),)
    assert why(picture)[0].endswith("for 'red anchor': the draft before lacks it")
    assert [one.kind for one in picture.provenance.citations] == ["lore", "reference"]


@pytest.mark.parametrize("changes", [{"tries": 1}, {"tries": 3, "references": False}])
def test_nothing_is_shown_to_it_before_or_where_that_is_off(bench: Bench, changes: dict[str, Any]) -> None:
    bench = replace(bench, critics={"others": Seeing([])})
    assert drawn(bench, "a red anchor in the snow", "others", **changes).recipe.references == ()


def refined(bench: Bench, picture: Picture, prompt: str) -> Picture:
    return Artist(bench, "book").refine(picture.id, Patch(prompt=prompt), call=Call())


def test_what_is_shown_stays_as_long_as_the_thing_does(bench: Bench) -> None:
    first = drawn(bench, "a red anchor in the snow")
    for said in ("a blue anchor thing in the snow", "a red anchor and a blue cat"):
        again = refined(bench, first, said)
        assert again.recipe.references == first.recipe.references
        assert again.provenance.citations == first.provenance.citations


def test_another_thing_is_shown_where_a_change_names_it(bench: Bench) -> None:
    first = drawn(bench, "a red anchor in the snow")
    other = refined(bench, first, "a red bell in the snow")
    assert looked_at(bench, other) == ["a red bell at night"]
    assert [one.title for one in other.provenance.citations if one.kind == "reference"] == ["a red bell at night"]
    assert "for 'red bell': the model was never told of it" in other.provenance.decisions[-1].why
    known = refined(bench, other, "a red cat in the snow")
    assert known.recipe.references == ()
    assert [one.kind for one in known.provenance.citations] == ["lore"]
    assert looked_at(bench, refined(bench, known, "a red anchor")) == ["a red anchor in the snow"]
