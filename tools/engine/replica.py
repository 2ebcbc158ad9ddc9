"""One of several engines behind Ray Serve: it draws what it is asked and tells how far it is, until nobody listens."""

# pyright: reportMissingImports=false
# Ray comes with the extra `scale` only.
from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from PIL.Image import Image
from ray import serve
from ray.serve._private import replica

from tools.call import Call
from tools.engine.job import Stepped
from tools.engine.messages import Draw, Ended, Failure, Looked
from tools.renderer import Renderer

MODELS = 3
"""That Ray Serve remembers of a replica, to send it those again; how many it keeps in memory is the engine's to say."""


@dataclass
class Known:
    """That this replica has drawn with a model."""

    model: str


class Replica:
    """
    `make` makes the renderer; it comes here pickled: a function of a module, or a `partial` of one. When `hidden`,
    nothing outside this machine can reach the replica.
    """

    def __init__(self, make: Callable[[], Renderer], hidden: bool) -> None:
        if hidden:
            hide()
        self._renderer = make()

    @serve.multiplexed(max_num_models_per_replica=MODELS)
    async def know(self, model: str) -> Known:
        return Known(model)

    async def answer(self, about: str, *given: Any) -> Any:
        """What the renderer's method of that name returns, or a `Failure`."""
        return await asyncio.to_thread(self._answered, about, *given)

    def _answered(self, about: str, *given: Any) -> Any:
        try:
            return getattr(self._renderer, about)(*given)
        except BaseException as problem:
            return Failure.of(problem)

    async def draw(self, draw: Draw) -> AsyncIterator[Stepped | Ended]:
        """Each step, then what was returned or raised. Stops when it is not listened to any more."""
        know: Any = self.know
        await know(serve.get_multiplexed_model_id())
        news, stop = Newsroom(asyncio.get_running_loop(), asyncio.Queue()), threading.Event()
        threading.Thread(target=self._drawn, args=(draw, news, stop), daemon=True).start()
        try:
            while not isinstance(one := await news.queue.get(), Ended):
                yield one
            yield one
        finally:
            stop.set()

    def _drawn(self, draw: Draw, news: Newsroom, stop: threading.Event) -> None:
        call = Call(news.progressed, stop, draw.asked, news.seen if draw.previews else None)
        try:
            news.tell(Ended(0, self._renderer.render(draw.recipe, call)))
        except BaseException as problem:
            news.tell(Ended(0, Failure.of(problem)))


def hide() -> None:
    """Ray Serve has each replica listen to the whole network, for calls between deployments, and has no setting."""
    listen = replica.add_port_to_grpc_server
    replica.add_port_to_grpc_server = lambda server, address: listen(server, address.replace("[::]", "127.0.0.1"))


@dataclass
class Newsroom:
    """From the thread that draws to the loop that answers."""

    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Stepped | Ended]
    last: Stepped = field(default_factory=lambda: Stepped(0, 0))

    def tell(self, news: Stepped | Ended) -> None:
        self.loop.call_soon_threadsafe(self.queue.put_nowait, news)

    def progressed(self, done: int, of: int) -> None:
        self.last = Stepped(done, of)
        self.tell(self.last)

    def seen(self, preview: Image) -> None:
        self.tell(Looked(self.last.done, self.last.of, preview))
