"""A conversation in the terminal, or through a pipe: a line is what you say, or a command."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from knowledge.problems import Problem, TryAgain
from ui import delivery, orders, telling
from ui.chat_screen import Screen
from ui.failures import crash

if TYPE_CHECKING:
    from agent.assistant import Assistant
    from agent.workshop import Workshop
    from knowledge.picture import Picture

PROMPT = "› "
HELP = """\
Say what you want to see, then what should be different: "make it blue but keep the tree", "as a pencil drawing",
"go back two", "four variations", "the second one, larger".
/why [N]    what shaped the picture, or picture N
/open [N]   show it in your picture viewer
/undo       go back to the picture before
/quit       leave; Ctrl-C only stops the drawing"""
UNKNOWN = "There is no command {!r}: /help lists them."
NOTHING = "No picture has been drawn yet."


def listed() -> list[str]:
    """The conversations there are, the last spoken first."""
    from agent.conversations import Conversations
    from agent.settings import read_settings

    there = Conversations(read_settings().data / "conversations").listed()
    said = [
        (one.name, f"{one.pictures} pictures, {datetime.fromtimestamp(one.spoken):%Y-%m-%d %H:%M}") for one in there
    ]
    return [telling.line(*pair) for pair in said] or ["There is no conversation yet: begin one with atelier chat."]


def talk(name: str) -> None:
    """Until the input ends. An empty name begins a new conversation."""
    from agent.settings import read_settings

    settings = read_settings()
    workshop = orders.opened(settings)
    # a shell may start its background jobs deaf to it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with asyncio.Runner() as runner:
        from agent.assistant import opened
        from agent.cast import cast
        from agent.conversations import Conversations

        conversations = Conversations(settings.data / "conversations")
        name = name or conversations.new_name()
        opening = opened(cast(settings, workshop.bench), conversations)
        assistant = runner.run(opening.__aenter__())
        try:
            sys.stderr.write(f"conversation {name}: /help says what can be said\n")
            Talk(runner, assistant, workshop, name, Screen(lambda id: delivered(workshop, id))).go_on()
        finally:
            runner.run(opening.__aexit__(None, None, None))


@dataclass(frozen=True)
class Talk:
    runner: asyncio.Runner
    assistant: Assistant
    workshop: Workshop
    name: str
    screen: Screen

    def go_on(self) -> None:
        for line in lines():
            if line == "/quit":
                return
            if line:
                self.obey(line)

    def obey(self, line: str) -> None:
        """What goes wrong ends the turn, and not the conversation."""
        try:
            self._obey(line)
        except Problem as problem:
            self.screen.say(str(problem))
        except KeyboardInterrupt:
            self.screen.say("Stopped.")
        except Exception:
            self.screen.say(crash())
        finally:
            self.screen.clear()

    def _obey(self, line: str) -> None:
        command, _, rest = line.partition(" ")
        match command:
            case "/help":
                self.screen.say(HELP)
            case "/why":
                for fact in self.why(self.picture(rest)):
                    self.screen.say(fact)
            case "/open":
                typer.launch(str(self.workshop.bench.gallery.path(self.picture(rest).id)))
            case "/undo":
                self.runner.run(self._turn("undo"))
            case _ if command.startswith("/"):
                raise TryAgain(UNKNOWN.format(command))
            case _:
                self.runner.run(self._turn(line))

    def why(self, picture: Picture) -> list[str]:
        """What shaped it, and what the turn took that drew it."""
        parent = self.workshop.bench.gallery.parent(picture)
        cost = self.assistant.conversations.cost(self.name, picture.id)
        facts = telling.shown(picture.provenance, parent.recipe.prompt if parent else None)
        return [*facts, *([telling.line("cost", telling.cost(cost))] if cost else [])]

    def picture(self, number: str) -> Picture:
        conversations = self.assistant.conversations
        there = conversations.pictures(self.name)
        if not there:
            raise TryAgain(NOTHING)
        if number and not number.isdecimal():
            raise TryAgain(f"{number!r} is no number of a picture.")
        drawn = conversations.picture(self.name, int(number)) if number else there[-1]
        return self.workshop.bench.gallery.get(drawn.picture_id)

    async def _turn(self, said: str) -> None:
        async with aclosing(self.assistant.turn(self.name, said)) as events:
            async for event in events:
                self.screen.show(event)


def lines() -> Iterator[str]:
    """What is typed, or what comes through the pipe, which is shown as if it had been typed."""
    typed = sys.stdin.isatty()
    if typed:
        with suppress(ImportError):
            import readline  # noqa: F401  the arrows then bring back what was said
    while True:
        try:
            line = input(PROMPT) if typed else sys.stdin.readline()
        except EOFError:
            return
        except KeyboardInterrupt:
            if not typed:
                raise
            sys.stdout.write("\n(/quit leaves)\n")
            continue
        if not typed and not line:
            return
        if not typed and line.strip():
            sys.stdout.write(f"{PROMPT}{telling.plain(line.strip())}\n")
        yield line.strip()


def delivered(workshop: Workshop, picture_id: str) -> str:
    """A copy in the current folder; where none can be written, the gallery's own file."""
    gallery = workshop.bench.gallery
    picture = gallery.get(picture_id)
    stem = delivery.named_after(picture.recipe.prompt, picture.recipe.seed)
    try:
        (file,) = delivery.targets(None, [stem])
    except TryAgain:
        return str(gallery.path(picture_id))
    delivery.deliver(gallery, picture, file)
    return str(file)
