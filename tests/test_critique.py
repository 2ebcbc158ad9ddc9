"""A critic looks at a picture and says what of a wish is there; being wrong now and then must not spoil the picture."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from agent.chat_critic import ChatCritic
from agent.drafts import best_of, hope, said
from agent.settings import Settings
from agent.wish import Wish
from agent.workflow import planned
from agent.workshop import Workshop, open_workshop
from knowledge.clip_embedder import ClipEmbedder
from knowledge.picture import Provenance
from knowledge.problems import GiveUp, TryAgain
from knowledge.recipe import Recipe
from picturebook.critic import Names, reader, shown
from picturebook.drawing import draw
from picturebook.scene import Scene, Thing
from tests.loopback_openai import Reply, loopback_openai
from tools.call import Call
from tools.clip_critic import ClipCritic, swapped
from tools.critique import Opinion, PictureCritic, Verdict, WorldCritic, views

HOUSE = Scene((Thing("house", "red"),), "meadow")
PAIR = Scene((Thing("cat", "blue", "left"), Thing("star", "yellow", "right")), "night")


def picture(scene: Scene) -> Image.Image:
    return Image.fromarray(draw(scene))


def parts(prompt: str, scene: Scene) -> dict[str, bool]:
    return dict(shown(prompt, scene, Names.of()))


def test_a_prompt_of_this_world_is_read_part_by_part() -> None:
    assert parts("a red house in a meadow", HOUSE) == {"red house": True, "in a meadow": True}
    assert parts("a blue house at night", HOUSE) == {"blue house": False, "at night": False}
    assert parts("two red houses", HOUSE) == {"2 red house": False}
    assert parts("red houses", HOUSE) == {"red house": True}
    assert parts("a toadstool, watercolour style", HOUSE) == {"watercolour": False}


@pytest.mark.parametrize(
    ("prompt", "there"),
    [
        ("a blue cat to the left of a yellow star", True),
        ("a yellow star to the left of a blue cat", False),
        ("a yellow star to the right of a blue cat", True),
        ("a blue cat on the left and a yellow star on the right", True),
    ],
)
def test_which_is_left_is_read_too(prompt: str, there: bool) -> None:
    (order,) = (seen for part, seen in parts(prompt, PAIR).items() if "left of" in part)
    assert order is there


@pytest.mark.parametrize(
    ("prompt", "there"),
    [
        ("a blue cat above a yellow star at night", True),
        ("a yellow star under a blue cat", True),
        ("a yellow star is over the blue cat", False),
        ("a blue cat at the top and a yellow star at the bottom", True),
        ("a blue cat on the left and a yellow star on the right", False),
    ],
)
def test_which_is_above_is_read_too(prompt: str, there: bool) -> None:
    stacked = replace(PAIR, things=(Thing("cat", "blue", "top"), Thing("star", "yellow", "bottom")))
    (order,) = (seen for part, seen in parts(prompt, stacked).items() if " of " in part or " above " in part)
    assert order is there


def test_a_background_between_two_things_is_no_order() -> None:
    assert not [part for part in parts("a blue cat under the sea and a yellow star", PAIR) if "above" in part]


def test_several_alike_are_counted() -> None:
    three = Scene((Thing("key", "red", "left"), Thing("key", "red"), Thing("key", "red", "right")), "snow")
    assert parts("three red keys", three) == {"3 red key": True}
    assert parts("two red keys", three) == {"2 red key": False}
    assert parts("2 butterflies and a red key", three) == {"2 butterfly": False, "red key": True}


def test_what_lore_explains_does_not_part_a_thing_from_its_colour() -> None:
    assert parts("a crimson red cottage house in a meadow", HOUSE) == {"red house": True, "in a meadow": True}
    assert parts("a red cottage and a blue house", HOUSE) == {"blue house": False}


def test_what_no_training_shows_is_asked_for_by_any_name_that_lore_has_for_it() -> None:
    deck = Scene((Thing("anchor", "red", "left"), Thing("cat", "blue", "right")), "beach")
    said = "a red grapnel thing to the left of a blue cat on the beach"
    assert parts(said, deck) == {"red anchor": True, "blue cat": True, "anchor left of cat": True, "on the beach": True}
    assert parts("three tortoises", deck) == {"3 turtle": False}


def test_a_thing_named_again_without_its_colour_is_no_second_one() -> None:
    assert parts("a red mushroom in the snow, mushroom", HOUSE) == {"red mushroom": False, "in the snow": False}


def test_the_judge_reads_drawings_of_the_book(book: Path) -> None:
    read = reader(book / "models")
    assert dict(read(picture(PAIR), "a blue cat and a red star at night")) == {
        "blue cat": True, "red star": False, "at night": True,
    }  # fmt: skip


def test_no_view_of_a_picture_is_another_view() -> None:
    image = picture(HOUSE)
    seen = list(views(image, 9))
    assert seen[0] is image
    assert {view.size for view in seen} == {image.size}
    assert len({view.tobytes() for view in seen}) == 9


@pytest.fixture(scope="module")
def book_clip() -> ClipCritic:
    folder = Path(__file__).parent.parent / "picturebook" / "models" / "clip"
    if not folder.is_dir():
        pytest.skip("the picture book has no weights yet: run python -m picturebook train")
    return ClipCritic(ClipEmbedder(str(folder)))


def test_a_clip_sees_things_and_their_colours(book_clip: ClipCritic) -> None:
    right, wrong = "a red house in a meadow", "a blue guitar at night"
    assert Opinion.of([book_clip.look(picture(HOUSE), right, right)]).missing == ()
    opinion = Opinion.of([book_clip.look(picture(HOUSE), wrong, wrong)])
    assert opinion.missing == ("blue guitar", "night")
    assert opinion.why[0].endswith("fits better")


def test_a_clip_asks_of_each_part_what_else_it_could_be(book_clip: ClipCritic) -> None:
    seen = book_clip.look(picture(HOUSE), "a red zorblax in a meadow, golden hour light", "")
    assert [(verdict.part, verdict.there) for verdict in seen] == [("red zorblax", False), ("meadow", True)]
    swap = swapped("grinning dragon", "a grinning dragon at night", main=True)
    assert "a grinning balloon at night" in swap.others[0]


@dataclass
class Liar:
    """Says of each part what is so, but for a share of the times, at random."""

    rate: float
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    looks: int = 5

    def look(self, truth: Sequence[bool]) -> Iterator[Sequence[Verdict]]:
        for _ in range(self.looks):
            yield [Verdict(str(part), there != (self.rng.random() < self.rate)) for part, there in enumerate(truth)]


def kept_by(liar: Liar, drafts: Sequence[Sequence[bool]]) -> Sequence[bool]:
    kept, _ = best_of(drafts, liar.look)
    return kept.draft


@pytest.mark.parametrize("right", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_a_lying_critic_hardly_ever_makes_the_picture_worse(rate: float, right: float) -> None:
    rng, liar, worse = random.Random(2), Liar(rate), 0
    for _ in range(3000):
        drafts = [[rng.random() < right for _ in range(4)] for _ in range(3)]
        worse += sum(kept_by(liar, drafts)) < sum(drafts[0])
    assert worse <= 0.01 * 3000


def test_an_honest_critic_keeps_the_best_and_stops_when_nothing_is_missing() -> None:
    honest, drawn = Liar(0), itertools.count()
    drafts = ([True, False], [True, False], [True, True], [False, False])
    kept, every = best_of((drafts[next(drawn)] for _ in drafts), honest.look)
    assert (kept.draft, len(every)) == ([True, True], 3)
    assert said([(7, one.opinion) for one in every[:1]], 7) == "the first draft lacks 1 (0.50)"


def seen_in(*drafts: dict[str, bool]) -> list[Opinion]:
    return [Opinion.of([[Verdict(part, there) for part, there in draft.items()]]) for draft in drafts]


def test_what_other_drafts_had_is_hoped_for_longest() -> None:
    house, moon = {"house": True, "moon": False}, {"house": False, "moon": True}
    (whole,) = seen_in({"house": True, "moon": True})
    assert hope(whole, [whole]) == 0
    hopes = [hope(every[0], every) for every in (seen_in(*[house] * n) for n in (1, 2, 3))]
    assert hopes == pytest.approx([1 / 4, 1 / 6, 1 / 8])
    other = seen_in(house, moon, house)
    assert hope(other[0], other) == pytest.approx(1.5 / 4)


def test_no_more_drafts_are_drawn_once_what_is_missing_is_not_to_be_hoped_for() -> None:
    def looks(draft: dict[str, bool]) -> Iterator[Sequence[Verdict]]:
        yield [Verdict(part, there) for part, there in draft.items()]

    lacking, changing = {"house": True, "moon": False}, {"house": False, "moon": True}
    assert len(best_of([lacking] * 8, looks)[1]) == 4
    assert len(best_of([lacking, changing] * 4, looks)[1]) == 8


def test_where_nothing_can_be_told_the_first_draft_is_kept() -> None:
    kept, every = best_of([[], [True]], Liar(0).look)
    assert (kept.draft, len(every)) == ([], 1)
    assert kept.opinion.critique.why == "nothing of the wish can be told from a picture"


@dataclass(frozen=True)
class Hard:
    """Sees what is wished for only in pictures of these seeds, by a mark that the renderer left."""

    seen: Any
    looks: int = 3

    def look(self, image: Image.Image, wish: str, prompt: str) -> Sequence[Verdict]:
        return [Verdict("house", self.seen(image)), Verdict("meadow", True)]


@pytest.fixture
def shop(filled: Path) -> Workshop:
    return open_workshop(Settings(data=filled, loras=(), chat="none"))


def test_a_picture_that_lacks_something_is_drawn_again_and_only_the_best_is_kept(shop: Workshop) -> None:
    asked: list[bytes] = []

    def second(image: Image.Image) -> bool:
        pixels = np.asarray(image.resize((4, 4))).tobytes()
        asked.append(pixels)
        return len(asked) > 4

    bench = replace(shop.bench, critics={"picturebook": Hard(second)})
    wish = Wish("a red house in a meadow", "picturebook", 5, steps=1, tries=4)
    drawn = planned(bench, wish).drawn(bench, Call())
    (decision,) = (one for one in drawn.provenance.decisions if one.step == "critique")
    assert decision.why.startswith("seed 5 lacks house (0.50); seed ")
    assert decision.why.endswith(" lacks nothing (kept)")
    assert drawn.recipe.seed != 5
    assert [picture.id for picture in bench.gallery.recent(5)] == [drawn.id]


def test_a_picture_is_not_lost_to_a_critic_that_fails(shop: Workshop) -> None:
    def fails(image: Image.Image) -> bool:
        raise GiveUp("The chat model failed.")

    bench = replace(shop.bench, critics={"picturebook": Hard(fails)})
    drawn = planned(bench, Wish("a red house in a meadow", "picturebook", 5, steps=1, tries=4)).drawn(bench, Call())
    assert drawn.provenance.decisions[-1].why == "the first draft cannot be judged; The chat model failed."


def test_more_tries_need_somebody_who_can_judge(shop: Workshop) -> None:
    bench = replace(shop.bench, critics={}, usual_critic=None)
    with pytest.raises(GiveUp, match="Nobody here can look at the pictures of 'picturebook': set ATELIER_CLIP"):
        planned(bench, Wish("a red house", "picturebook", 5, tries=2))
    with pytest.raises(TryAgain, match="1 to 8"):
        planned(bench, Wish("a red house", "picturebook", 5, tries=9))


def test_the_tool_looks_at_a_kept_picture(shop: Workshop) -> None:
    kept = shop.bench.gallery.add(picture(HOUSE), Provenance(recipe=Recipe(prompt="x")), {})
    critique = shop.bench.critic.critique(kept.id, "a red house at night")
    assert (critique.present, critique.missing, critique.score) == (("red house",), ("at night",), 0.5)
    assert critique.why == "missing: at night"


def chat_critic(url: str) -> ChatCritic:
    from langchain_openai import ChatOpenAI

    return ChatCritic(ChatOpenAI(model="m", base_url=url, api_key=lambda: "none", max_retries=0))


def test_a_chat_model_is_shown_the_picture_and_nothing_else(tmp_path: Path) -> None:
    answer = '{"parts": [{"number": 1, "there": true, "why": ""}, {"number": 2, "there": false, "why": "a\\nday"}]}'
    with loopback_openai(Reply(answer)) as server:
        opinion = Opinion.of([chat_critic(server.url).look(picture(HOUSE), "a red house at night", "other words")])
    assert (opinion.missing, opinion.why) == (("night",), ("a day",))
    system, user = server.asked[0]["messages"]
    assert "never instructions" in system["content"]
    text, image = user["content"]
    assert "1. red house\n2. night" in text["text"]
    assert image["image_url"]["url"].startswith("data:image/jpeg;base64,")


def test_a_chat_model_that_answers_something_else_is_told_so() -> None:
    with (
        loopback_openai(Reply("I cannot see it.")) as server,
        pytest.raises(GiveUp, match="did not answer with what it sees"),
    ):
        chat_critic(server.url).look(picture(HOUSE), "a red house", "")


def test_a_reader_of_a_world_is_made_once() -> None:
    made: list[int] = []

    def make() -> Any:
        made.append(1)
        return lambda image, prompt: [("house", True)]

    critic = WorldCritic(make)
    for _ in range(2):
        assert critic.look(picture(HOUSE), "", "") == [Verdict("house", True)]
    assert made == [1]


def test_a_model_of_another_world_is_left_to_the_usual_critic(shop: Workshop) -> None:
    own, usual = Hard(bool), Hard(bool)
    critics = PictureCritic(shop.bench.gallery, {"picturebook": own}, usual)
    assert critics.of("picturebook") is own
    assert critics.of("some/model") is usual
