"""What happens while one job is worked on, on its way to the journal, from whichever thread it comes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agent.events import Called, Cost, Ended, Event, Previewed, Progressed, Returned, Said

STOPPED = {"problem": "The turn was stopped before this was done."}
PASSING = (Progressed, Previewed)
"""Of use only while the job runs, and then only the newest."""

Named = Said | Called | Progressed | Previewed | Returned
"""What is said of a message or a call."""


@dataclass(frozen=True)
class Happenings:
    """`before` is what was told when the job was begun before, None if it never was: that is not told again."""

    before: Iterable[Event] | None = None
    _waiting: list[Event] = field(default_factory=list, init=False)
    _lasting: list[Event] = field(default_factory=list, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._lasting.extend(event for event in self.before or () if not isinstance(event, PASSING))
        # words that broke off then are said again
        for event in list(self._half_said()):
            self.tell(event)

    def tell(self, event: Event) -> None:
        with self._turn:
            if isinstance(event, PASSING):
                self._waiting[:] = [one for one in self._waiting if not _of_one_kind(one, event)]
            elif self._known(event):
                return
            else:
                self._lasting.append(event)
            self._waiting.append(event)

    def waiting(self) -> list[Event]:
        """Those that the journal has not been told yet, in order."""
        with self._turn:
            return list(self._waiting)

    def told(self, events: Iterable[Event]) -> None:
        done = set(map(id, events))
        with self._turn:
            self._waiting[:] = [event for event in self._waiting if id(event) not in done]

    def end(self) -> None:
        """Nothing is left hanging: what was begun and will not go on is told so."""
        answered = {event.id for event in self._lasting if isinstance(event, Returned)}
        open = [event for event in self._lasting if isinstance(event, Called) and event.id not in answered]
        for event in (*self._half_said(), *(Returned(id=call.id, name=call.name, result=STOPPED) for call in open)):
            self.tell(event)

    def reply(self) -> dict[str, Any]:
        """The last words, the pictures in their order, and what it took."""
        said = [event.text for event in self._lasting if isinstance(event, Said) and event.whole and event.text]
        answers = [event.result for event in self._lasting if isinstance(event, Returned)]
        pictures = [picture for answer in answers for picture in answer.get("pictures", ())]
        spent = next((event.cost for event in self._lasting if isinstance(event, Ended)), Cost())
        return {"said": said[-1] if said else "", "pictures": pictures, "cost": spent.model_dump()}

    def _known(self, event: Event) -> bool:
        """Whether a whole message, a call or its answer has been told, now or when the job was begun before."""
        if self.before is None or not isinstance(event, Said | Called | Returned):
            return False
        return any(_of_one_kind(one, event) and _whole(one) for one in self._lasting)

    def _half_said(self) -> Iterator[Said]:
        said = [event for event in self._lasting if isinstance(event, Said)]
        whole = {event.id for event in said if event.whole}
        for id in dict.fromkeys(event.id for event in said if event.id not in whole):
            yield Said(id=id, text="", whole=True)


def _of_one_kind(one: Event, other: Named) -> bool:
    return isinstance(one, Named) and type(one) is type(other) and one.id == other.id


def _whole(event: Event) -> bool:
    return not isinstance(event, Said) or (event.whole and bool(event.text))
