"""The worker: jobs run side by side, stop when asked, fail in sentences, and go on where a killed worker left them."""

from __future__ import annotations

import asyncio
import base64
import io
import math
import queue
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from PIL import Image

from agent.assistant import Assistant
from agent.closing import Closing
from agent.crash_log import CrashLog
from agent.desk import Desk
from agent.events import Called, Event, Failed, Progressed, Returned, Said
from agent.happenings import Happenings
from agent.repeatable import seeded
from agent.settings import Settings
from agent.supervision import Supervision
from agent.told_results import Teller
from agent.turn import TurnAsked
from agent.work import ToolWork, TurnWork
from agent.worker import Worker
from agent.worker_process import locked
from knowledge.journal import Job, Journal
from knowledge.leases import Leases
from knowledge.lora_files import LoraShelf
from knowledge.picture import Picture
from knowledge.problems import GiveUp, TryAgain
from knowledge.recipe import Recipe
from tests.old_journals import aged
from tests.scripted_chat import PlainRenderer, ScriptedChat, Studio, calling, numbers, returned, whole
from tools.call import Asked, Call
from tools.render import PictureRenderer
from tools.renderer import Cancelled, Rendered


@dataclass(frozen=True)
class Floor:
    """A studio whose assistant and tools are worked by one worker after another, in this process."""

    studio: Studio
    script: Sequence[AIMessage | str] = ()
    models: list[ScriptedChat] = field(default_factory=list)
    keep_days: float = math.inf

    @property
    def desk(self) -> Desk:
        journal = Journal(self.studio.folder / "journal.sqlite")
        return Desk(journal, self.studio.gallery, self.studio.conversations, self.studio.tools)

    @asynccontextmanager
    async def working(self, name: str = "worker") -> AsyncIterator[tuple[Desk, Worker]]:
        """Left by an exception, it is as if the process had been killed: nothing is put back."""
        desk, lines = self.desk, [AIMessage(line) if isinstance(line, str) else line for line in self.script]
        self.models.append(ScriptedChat(script=lines or [AIMessage("Nothing.")], shown=[]))
        async with self.studio.opened(self.models[-1]) as assistant:
            leases = Leases(desk.journal, name)
            leases.inherit()
            tools = {one.name: one for one in self.studio.tools}
            teller = Teller(desk.gallery, LoraShelf(()))
            work = {"tool": ToolWork(tools, teller), "turn": TurnWork(assistant, desk.gallery)}
            worker = Worker(leases, work, CrashLog(self.studio.folder / "logs"), keep_days=self.keep_days)
            going = asyncio.create_task(worker.go_on())
            try:
                yield desk, worker
                worker.closing.within(10)
                await going
            finally:
                going.cancel()
                await asyncio.wait([going])


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path, also=(slowly, seedless(tmp_path), giving_up, told_off, plainly))


def slowly(prompt: str, call: Call) -> dict[str, str]:
    """Never ends by itself."""
    assert call.on_progress is not None
    call.on_progress(1, 2)
    call.cancelled.wait(30)
    raise Cancelled


def giving_up() -> None:
    """Cannot work."""
    raise GiveUp("There is no model here: set one.")


def told_off() -> None:
    """Cannot work so."""
    raise TryAgain("Say it differently.")


def plainly() -> list[int]:
    """No object."""
    return [1, 2]


def seedless(folder: Path) -> Callable[..., tuple[Picture, ...]]:
    renderer = PlainRenderer()

    def seedless(prompt: str, *, call: Call, seed: int | None = None) -> tuple[Picture, ...]:
        """Draws lots for the seed itself, if it is given none."""
        assert seed is not None
        painter = PictureRenderer(renderer, Studio(folder).gallery)
        return (painter.render(Recipe(prompt=prompt, seed=seed, width=64, height=64), call),)

    return seedless


def done(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def followed(desk: Desk, job: Job) -> list[Event]:
    return [event async for event in desk.follow(job.id)]


async def first(desk: Desk, job: Job, kind: type[Event]) -> Event:
    return await anext(event async for event in desk.follow(job.id) if isinstance(event, kind))


def one_job(floor: Floor, ask: Callable[[Desk], Job]) -> tuple[Job, list[Event]]:
    async def worked() -> tuple[Job, list[Event]]:
        async with floor.working() as (desk, _):
            job = ask(desk)
            events = await followed(desk, job)
            return desk.journal.job(job.id), events

    return done(worked())


# What jobs come to


def test_a_tool_job_draws_and_tells_of_its_steps_under_its_own_name(studio: Studio) -> None:
    async def worked() -> tuple[Job, Event]:
        async with Floor(studio).working() as (desk, _):
            job = desk.use("draw", {"prompt": "a slow fox", "seed": 7})
            progressed = await first(desk, job, Progressed)
            desk.cancel(job.id)
            job = desk.use("draw", {"prompt": "a fox", "seed": 7})
            return await desk.ended(job.id), progressed

    job, progressed = done(worked())
    assert isinstance(progressed, Progressed)
    (picture,) = job.result["pictures"]
    assert (picture["seed"], picture["prompt"]) == (7, "a fox")
    assert picture["recipe_hash"] == studio.gallery.get(picture["picture_id"]).recipe.hash
    assert "number" not in picture
    assert "parent" not in picture


def test_what_a_tool_returns_is_a_json_object(studio: Studio) -> None:
    job, _ = one_job(Floor(studio), lambda desk: desk.use("plainly", {}))
    assert job.result == {"result": [1, 2]}


def test_a_turn_is_told_as_it_goes_and_ends_with_the_last_words_and_its_pictures(studio: Studio) -> None:
    floor = Floor(studio, (calling("draw", "c", prompt="a fox", seed=7), "Here is a fox."))
    job, events = one_job(floor, lambda desk: desk.say("one", "a fox"))
    assert [event.kind for event in events if not isinstance(event, Progressed | Said)] == [
        "called",
        "returned",
        "ended",
    ]
    assert whole(events) == ["Here is a fox."]
    assert job.result["said"] == "Here is a fox."
    (picture,) = job.result["pictures"]
    assert (picture["number"], picture["prompt"]) == (1, "a fox")
    assert picture["recipe_hash"] == studio.gallery.get(picture["picture_id"]).recipe.hash


@pytest.mark.parametrize(
    ("tool_name", "code", "said"),
    [("giving_up", "give_up", "There is no model here: set one."), ("told_off", "try_again", "Say it differently.")],
)
def test_a_failure_is_one_sentence_and_what_to_make_of_it(studio: Studio, tool_name: str, code: str, said: str) -> None:
    job, events = one_job(Floor(studio), lambda desk: desk.use(tool_name, {}))
    assert (job.state, job.result) == ("failed", {"problem": said, "code": code})
    assert events == [Failed(problem=said)]


def test_a_crash_is_an_id_and_its_details_are_in_the_log(studio: Studio) -> None:
    job, _ = one_job(Floor(studio), lambda desk: desk.use("draw", {"prompt": "a crash"}))
    assert job.result["code"] == "internal"
    assert "1234" not in str(job)
    (log,) = (studio.folder / "logs").iterdir()
    assert f"Internal error {log.stem}:" in job.result["problem"]
    assert "the secret is 1234" in log.read_text()


def test_arguments_that_do_not_fit_are_refused_before_anything_waits(studio: Studio) -> None:
    desk = Floor(studio).desk
    for name, arguments in (("draw", {"prompt": 1}), ("draw", {"nothing": 1}), ("fly", {})):
        with pytest.raises(TryAgain):
            desk.use(name, arguments)
    for conversation, words in (("", "hello"), ("one", " "), ("one", "x" * 5000), ("a\nb", "hello")):
        with pytest.raises(TryAgain):
            desk.say(conversation, words)
    assert desk.journal.jobs() == []


def test_previews_are_told_only_to_those_who_asked(tmp_path: Path) -> None:
    class Showing(PlainRenderer):
        def render(self, recipe: Recipe, call: Call) -> Rendered:
            if call.on_preview:
                call.on_preview(Image.new("RGB", (512, 256)))
            return super().render(recipe, call)

    async def worked(previews: bool) -> list[dict[str, Any]]:
        async with Floor(Studio(tmp_path, Showing())).working() as (desk, _):
            job = desk.use("draw", {"prompt": "a slow fox"}, previews=previews)
            await first(desk, job, Progressed)
            told = [event.event for event in desk.journal.told(job.id)]
            desk.cancel(job.id)
            await desk.ended(job.id)
            assert desk.journal.told(job.id) == []
            return told

    assert [event["kind"] for event in done(worked(False))] == ["progressed"]
    previewed, _ = done(worked(True))
    assert previewed["kind"] == "previewed"
    with Image.open(io.BytesIO(base64.b64decode(previewed["image"]))) as seen:
        assert (seen.format, seen.size) == ("JPEG", (256, 128))


# Side by side


def test_tools_run_side_by_side(tmp_path: Path) -> None:
    together = threading.Barrier(3, timeout=20)

    def meet() -> int:
        """Waits for the others."""
        return together.wait()

    async def worked() -> list[Any]:
        async with Floor(Studio(tmp_path, also=(meet,))).working() as (desk, _):
            jobs = [desk.use("meet", {}) for _ in range(3)]
            return [(await desk.ended(job.id)).state for job in jobs]

    assert done(worked()) == ["done"] * 3


def test_no_more_than_so_many_run_at_once(studio: Studio) -> None:
    async def worked() -> int:
        async with Floor(studio).working() as (desk, worker):
            jobs = [desk.use("slowly", {"prompt": "x"}) for _ in range(worker.at_once + 1)]
            last = desk.use("plainly", {})
            for job in jobs[:-1]:
                await first(desk, job, Progressed)
            running = len(desk.journal.jobs(state="running"))
            assert desk.journal.job(last.id).state == "queued"
            for job in jobs:
                desk.cancel(job.id)
            await desk.ended(last.id)
            return running

    assert done(worked()) == 16


def test_turns_of_a_conversation_wait_for_each_other(studio: Studio) -> None:
    floor = Floor(studio, ("One.", "Two.", "Three."))

    async def worked() -> list[str]:
        async with floor.working() as (desk, _):
            jobs = [desk.say("one", words) for words in ("a", "b", "c")]
            return [(await desk.ended(job.id)).result["said"] for job in jobs]

    assert done(worked()) == ["One.", "Two.", "Three."]
    asked = [message.text for message in floor.models[0].shown[-1] if isinstance(message, HumanMessage)]
    assert asked == ["a", "b", "c"]


def test_a_turn_waits_while_another_program_has_the_conversation(studio: Studio) -> None:
    async def worked() -> Job:
        async with Floor(studio, ("There.",)).working() as (desk, _):
            with desk.conversations.turn("one"):
                job = desk.say("one", "hello")
                await desk.ended(desk.use("plainly", {}).id)
                assert desk.journal.job(job.id).begun > 0
            return await desk.ended(job.id)

    job = done(worked())
    assert (job.state, job.result["said"], job.attempts) == ("done", "There.", 1)


# Stopping


def test_what_is_cancelled_stops_at_once_and_leaves_nothing_hanging(tmp_path: Path) -> None:
    studio = Studio(tmp_path)

    async def worked() -> tuple[Job, list[Event]]:
        floor = Floor(studio, (calling("draw", "c", prompt="a slow fox"), "There."))
        async with floor.working() as (desk, _):
            job = desk.say("one", "a fox")
            await first(desk, job, Progressed)
            asked = asyncio.get_running_loop().time()
            desk.cancel(job.id)
            ended = await desk.ended(job.id)
            assert asyncio.get_running_loop().time() - asked < 1
            return ended, await followed(desk, job)

    job, events = done(worked())
    assert (job.state, job.result) == ("cancelled", {})
    assert [type(event) for event in events if not isinstance(event, Said)][:2] == [Called, Returned]
    assert "stopped" in returned(events)[0]["problem"]
    assert studio.renderer.stopped.wait(5)


def test_a_worker_begins_by_forgetting_what_ended_long_ago(studio: Studio) -> None:
    old, _ = one_job(Floor(studio), lambda desk: desk.use("plainly", {}))
    aged(Floor(studio).desk.journal, 31)
    new, _ = one_job(Floor(studio, keep_days=30), lambda desk: desk.use("plainly", {}))
    assert Floor(studio).desk.journal.jobs() == [new]
    assert new.id != old.id


def test_a_worker_goes_on_forgetting(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    async def worked() -> None:
        async with Floor(studio, keep_days=30).working() as (desk, _):
            await desk.ended(desk.use("plainly", {}).id)
            aged(desk.journal, 31)
            new = await desk.ended(desk.use("plainly", {}).id)
            assert desk.journal.jobs() == [new]

    monkeypatch.setattr("agent.worker.DAY", 0.0)
    done(worked())


def test_a_worker_that_closes_finishes_what_it_has_and_takes_nothing_new(studio: Studio) -> None:
    async def worked() -> tuple[str, str]:
        async with Floor(studio, (calling("draw", prompt="a fox"), "There.")).working() as (desk, worker):
            one = desk.say("one", "a fox")
            await first(desk, one, Called)
            worker.closing.within(10)
            other = desk.use("plainly", {})
            return (await desk.ended(one.id)).state, desk.journal.job(other.id).state

    assert done(worked()) == ("done", "queued")


def test_what_it_cannot_finish_in_time_is_put_back_for_the_next(studio: Studio) -> None:
    floor = Floor(studio, ("There.",))

    async def worked() -> tuple[Job, Job]:
        async with floor.working() as (desk, worker):
            job = desk.use("slowly", {"prompt": "x"})
            await first(desk, job, Progressed)
            worker.closing.within(0)
        left = desk.journal.job(job.id)
        async with floor.working("next") as (desk, _):
            await desk.ended(desk.use("plainly", {}).id)
            again = desk.journal.job(job.id)
            desk.cancel(job.id)
        return left, again

    left, again = done(worked())
    assert (left.state, left.attempts) == ("queued", 0)
    assert (again.state, again.attempts, again.begun) == ("running", 1, 2)


def test_the_end_comes_as_soon_as_anybody_wants_it() -> None:
    closing = Closing()
    assert not closing.done(busy=False)
    closing.within(60)
    assert closing.done(busy=False)
    assert not closing.done(busy=True)
    closing.within(0)
    closing.within(60)
    assert closing.done(busy=True)


# Falling


async def some(assistant: Assistant, asked: TurnAsked, until: Callable[[Event], bool]) -> list[Event]:
    """What is told until something is, and then the turn is broken off."""
    told: list[Event] = []
    turn = assistant.turn("one", "a fox", asked)
    async for event in turn:
        told.append(event)
        if until(event):
            break
    await turn.aclose()
    return told


def broken_off_and_gone_on(
    studio: Studio, until: Callable[[Event], bool], answers_then: int = 0
) -> tuple[list[Event], list[Event], ScriptedChat]:
    """What was told before and after; and the model that was asked then, of whom so many answers were kept before."""
    lines = [calling("draw", "c", prompt="a fox"), AIMessage("Here is a fox.")]

    async def worked() -> tuple[list[Event], list[Event], ScriptedChat]:
        asked, model = TurnAsked("job-1"), ScriptedChat(script=lines, shown=[])
        async with studio.opened(model) as assistant:
            before = await some(assistant, asked, until)
        rest = ScriptedChat(script=lines[answers_then:] or [AIMessage("Too much.")], shown=[])
        async with studio.opened(rest) as assistant:
            after = await some(assistant, replace(asked, again=True), lambda _: False)
            said = [message.id for message in await assistant.messages("one") if isinstance(message, HumanMessage)]
            assert said == ["job-1"]
        return before, after, rest

    return done(worked())


def at_the_second_try(folder: Path) -> Callable[..., Picture]:
    tries: list[int] = []

    def draw(prompt: str, *, call: Call, seed: int | None = None) -> Picture:
        """Is broken off when it is first asked."""
        assert call.on_progress is not None
        assert seed is not None
        tries.append(seed)
        call.on_progress(1, 2)
        if len(tries) == 1:
            call.cancelled.wait(30)
            raise Cancelled
        assert call.asked.again
        assert tries == [seed, seed]
        return PictureRenderer(PlainRenderer(), Studio(folder).gallery).render(Recipe(prompt=prompt, seed=seed), call)

    return draw


def test_a_turn_goes_on_with_the_very_call_it_was_killed_in(tmp_path: Path) -> None:
    studio = Studio(tmp_path, also=(at_the_second_try(tmp_path),))
    before, after, rest = broken_off_and_gone_on(studio, lambda event: isinstance(event, Progressed), 1)
    assert [type(event) for event in before] == [Called, Progressed]
    assert after[0] == before[0]
    assert [picture["number"] for picture in returned(after)[0]["pictures"]] == [1]
    assert whole(after)[-1] == "Here is a fox."
    assert len(rest.shown) == 1


def test_what_was_drawn_before_the_kill_is_not_drawn_again(studio: Studio) -> None:
    before, after, _ = broken_off_and_gone_on(studio, lambda event: isinstance(event, Said), 1)
    assert returned(after)[0] == returned(before)[0]
    assert studio.seen == ["a fox"]
    assert whole(after)[-1] == "Here is a fox."
    assert len(studio.conversations.pictures("one")) == 1


def test_a_turn_that_had_ended_is_only_told_once_more(studio: Studio) -> None:
    before, after, rest = broken_off_and_gone_on(studio, lambda _: False, 2)
    assert rest.shown == []
    lasting = [
        event for event in before if isinstance(event, Called | Returned) or (isinstance(event, Said) and event.whole)
    ]
    assert [event for event in after if event in lasting][: len(lasting)] == lasting
    assert studio.seen == ["a fox"]


def test_a_turn_goes_on_from_wherever_it_was_killed(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write to the checkpoints is a moment at which a process may be killed."""
    script = [calling("seedless", "c", prompt="a fox"), AIMessage("Here is a fox.")]
    moments: list[Path] = []

    def seen_after(write: Callable[..., Any]) -> Callable[..., Any]:
        async def written(*arguments: Any, **options: Any) -> Any:
            result = await write(*arguments, **options)
            moments.append(tmp_path / f"moment {len(moments)}")
            shutil.copytree(studio.folder / "conversations", moments[-1] / "conversations")
            return result

        return written

    async def told(studio: Studio, again: bool) -> list[Event]:
        async with studio.opened(Answering(script=script, shown=[])) as assistant:
            events = await some(assistant, TurnAsked("job-1", again=again), lambda _: False)
            said = [message.id for message in await assistant.messages("one") if isinstance(message, HumanMessage)]
            assert said == ["job-1"]
            return events

    with monkeypatch.context() as watching:
        for write in ("aput", "aput_writes"):
            watching.setattr(AsyncSqliteSaver, write, seen_after(getattr(AsyncSqliteSaver, write)))
        done(told(studio, again=False))
    assert len(moments) > 5
    for moment in moments:
        after = done(told(Studio(moment, also=studio.also), again=True))
        assert whole(after)[-1] == "Here is a fox.", moment.name
        assert numbers(after)[0] == 1, moment.name
        assert len(Studio(moment).conversations.pictures("one")) == 1, moment.name


class Answering(ScriptedChat):
    """Calls its tool when the user has spoken last, and answers when the tool has."""

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        self.shown.append(messages)
        return self.script[isinstance(messages[-1], ToolMessage)].model_copy()


def test_words_that_were_never_heard_are_said_anew(studio: Studio) -> None:
    async def worked() -> list[Event]:
        async with studio.opened(ScriptedChat(script=[AIMessage("Yes.")], shown=[])) as assistant:
            return await some(assistant, TurnAsked("job-1", again=True), lambda _: False)

    assert whole(done(worked())) == ["Yes."]


def test_a_turn_after_which_something_else_was_said_is_not_taken_up_again(studio: Studio) -> None:
    async def worked() -> None:
        async with studio.opened(ScriptedChat(script=[AIMessage("Yes.")], shown=[])) as assistant:
            for id in ("job-1", "job-2"):
                await some(assistant, TurnAsked(id), lambda _: False)
            with pytest.raises(TryAgain, match="something else was said since"):
                await some(assistant, TurnAsked("job-1", again=True), lambda _: False)

    done(worked())


def test_a_job_that_a_killed_worker_began_is_done_by_the_next(studio: Studio) -> None:
    floor = Floor(studio)

    async def worked() -> Job:
        desk = floor.desk
        job = desk.use("seedless", {"prompt": "a fox"})
        (claimed,) = Leases(desk.journal, "killed").claim(1)
        first_try = await ToolWork({one.name: one for one in desk.tools}, Teller(desk.gallery, LoraShelf(())))(
            claimed, Happenings()
        )
        async with floor.working() as (desk, _):
            ended = await desk.ended(job.id)
        assert ended.result == first_try
        return ended

    job = done(worked())
    assert (job.state, job.attempts) == ("done", 2)
    assert len(studio.gallery.recent(10)) == 1


def test_a_picture_that_was_kept_before_the_kill_is_not_kept_twice(studio: Studio, tmp_path: Path) -> None:
    shades = iter((10, 11))

    @dataclass(frozen=True)
    class Rounding(PlainRenderer):
        """Beside other pictures, the last bit of one may be another."""

        def render(self, recipe: Recipe, call: Call) -> Rendered:
            return Rendered(Image.new("RGB", (64, 64), (next(shades), 0, 0)), {}, {})

    painter = PictureRenderer(Rounding(), studio.gallery)
    kept = painter.render(Recipe(prompt="a fox"), Call())
    assert painter.render(Recipe(prompt="a fox"), Call(asked=Asked(again=True))) == kept


def test_a_seed_follows_from_the_call_and_only_where_lots_would_be_drawn(studio: Studio) -> None:
    tools = {one.name: one for one in studio.tools}
    one, other = (seeded(tools["seedless"], {"prompt": "x"}, source)["seed"] for source in ("job-1", "job-2"))
    assert one != other
    assert seeded(tools["seedless"], {"prompt": "x"}, "job-1")["seed"] == one
    assert seeded(tools["seedless"], {"seed": 5}, "job-1") == {"seed": 5}
    assert seeded(tools["seedless"], {"seed": None}, "job-1") == {"seed": one}
    assert seeded(tools["draw"], {"prompt": "x"}, "job-1") == {"prompt": "x"}
    assert seeded(tools["plainly"], {}, "job-1") == {}


# What is told


def called(id: str = "c") -> Called:
    return Called(id=id, name="draw", arguments={})


def test_of_what_passes_only_the_newest_waits() -> None:
    happenings = Happenings()
    for step in (1, 2, 3):
        happenings.tell(Progressed(id="a", done=step, total=3))
    happenings.tell(Progressed(id="b", done=1, total=3))
    assert happenings.waiting() == [Progressed(id="a", done=3, total=3), Progressed(id="b", done=1, total=3)]


def test_what_could_not_be_written_down_waits_on() -> None:
    happenings = Happenings()
    happenings.tell(called())
    taken = happenings.waiting()
    happenings.tell(Returned(id="c", name="draw", result={}))
    happenings.told(taken)
    assert [event.kind for event in happenings.waiting()] == ["returned"]


def test_what_was_told_before_is_not_told_again() -> None:
    happenings = Happenings([called(), Said(id="s", text="There.", whole=True)])
    for event in (called(), Returned(id="c", name="draw", result={}), Said(id="s", text="There.", whole=True)):
        happenings.tell(event)
    assert [event.kind for event in happenings.waiting()] == ["returned"]
    assert happenings.reply()["said"] == "There."


def test_two_calls_of_one_name_in_one_go_are_both_told() -> None:
    happenings = Happenings()
    for _ in range(2):
        happenings.tell(called("call_0"))
    assert len(happenings.waiting()) == 2


def test_words_that_broke_off_are_withdrawn() -> None:
    half = Said(id="s", text="Here is")
    assert Happenings([half]).waiting() == [Said(id="s", text="", whole=True)]
    happenings = Happenings()
    happenings.tell(half)
    happenings.end()
    assert happenings.waiting() == [half, Said(id="s", text="", whole=True)]


# The process


def test_one_worker_has_a_data_folder(tmp_path: Path) -> None:
    lock = locked(tmp_path / "data")
    assert lock is not None
    assert locked(tmp_path / "data") is None
    lock.release()
    assert locked(tmp_path / "data") is not None


def test_a_data_folder_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(data=tmp_path / "file" / "data")
    with pytest.raises(GiveUp, match="data folder cannot be used"), Supervision(settings, print):
        pass


def test_a_worker_that_cannot_begin_says_why_and_is_tried_again(filled: Path) -> None:
    gallery, said = filled / "gallery", queue.SimpleQueue[str]()
    gallery.rename(filled / "elsewhere")
    gallery.write_text("")
    with Supervision(Settings(data=filled, loras=(), chat="none"), said.put) as supervision:
        assert "The gallery cannot be used" in said.get(timeout=180)
        assert said.get(timeout=180) == "the worker ended by exit code 2, and is started again"
        gallery.unlink()
        assert said.get(timeout=180).startswith(f"worker {supervision.pid}: model picturebook")
    assert supervision.pid is None
