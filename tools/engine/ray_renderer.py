"""The `Renderer` over Ray Serve: replicas that each own an engine, on this machine or on a cluster's."""

# pyright: reportMissingImports=false
# Ray comes with the extra `scale` only.
from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import ray
from PIL import Image
from ray import serve
from ray._common.usage import usage_lib
from ray._private import ray_constants
from ray.exceptions import RayActorError
from ray.serve.config import ProxyLocation
from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from knowledge.problems import GiveUp
from knowledge.recipe import ControlKind, Recipe
from tools.call import Call
from tools.engine.job import Job
from tools.engine.messages import Draw, Ended, Failure
from tools.engine.replica import Replica
from tools.engine.waiting_line import Busy
from tools.renderer import Attended, Rendered, Renderer

APPLICATION = "atelier"
ATTEMPTS = 3
"""A picture is begun again on another replica when its own dies; what kills three of them is the picture."""
TOGETHER = 16
"""Pictures in one replica's hands: as many as its engine steps together."""
HERE = "auto"


@dataclass(frozen=True)
class RayRenderer:
    """
    For any number of threads. At most `room` pictures wait for a replica that is free; who comes then is told when to
    ask again. Where all replicas use the same files, it draws what one of them would draw here.
    """

    handle: DeploymentHandle
    replicas: int
    room: int
    own: bool
    """Whether Ray was started for this, and ends with it."""
    _pace: list[float] = field(default_factory=lambda: [1.0], init=False)
    """Seconds that the last picture took."""

    @classmethod
    def of(
        cls, make: Callable[[], Renderer], address: str, replicas: int, gpus: float = 0.0, room: int = 64
    ) -> RayRenderer:
        """
        `address` is a cluster's, or `auto` for replicas on this machine, which only it can reach. Each replica has so
        many `gpus` to itself and renders with what `make` makes, which is pickled. Raises `GiveUp`.
        """
        own = address == HERE
        deployment = serve.deployment(
            num_replicas=replicas,
            max_ongoing_requests=TOGETHER,
            max_queued_requests=room,
            ray_actor_options={"num_cpus": 1, "num_gpus": gpus},
        )(Replica)
        with ExitStack() as undo:
            # should anything fail, even halfway through starting
            undo.callback(ray.shutdown)
            start_here(replicas) if own else join(address)
            serve.start(proxy_location=ProxyLocation.Disabled)
            handle = serve.run(deployment.bind(make, own), name=APPLICATION, route_prefix=None)
            undo.pop_all()
        return cls(handle, replicas, room, own)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        job = Job(recipe, {}, call)
        job.check()
        # the time is kept here, where beginning again counts too
        draw = Draw(recipe, replace(call.asked, within=None), call.on_preview is not None)
        answers = self.handle.options(stream=True, multiplexed_model_id=recipe.model).draw
        begun = Begun(lambda: answers.remote(draw), job, self._busy)
        threading.Thread(target=begun.follow, daemon=True).start()
        try:
            rendered = job.outcome()
        finally:
            begun.stop()
        self._pace[0] = rendered.seconds["draw"]
        return rendered

    def family(self, model: str) -> str:
        return self._answer("family", model)

    def tokens(self, model: str, prompt: str) -> tuple[int, int]:
        return tuple(self._answer("tokens", model, prompt))

    def controls(self, model: str) -> tuple[ControlKind, ...]:
        return self._answer("controls", model)

    def looks(self, model: str) -> bool:
        return self._answer("looks", model)

    def side(self, model: str) -> int:
        return self._answer("side", model)

    def hit_rates(self) -> Mapping[str, float]:
        """Of one of the replicas."""
        return self._answer("hit_rates")

    def attended(self, recipe: Recipe, image: Image.Image) -> Sequence[Attended]:
        return self._answer("attended", recipe, image)

    def close(self) -> None:
        """Ends the replicas, and Ray where it was started for them."""
        serve.delete(APPLICATION)
        if self.own:
            serve.shutdown()
            ray.shutdown()

    def _answer(self, about: str, *given: Any) -> Any:
        for left in reversed(range(ATTEMPTS)):
            try:
                answer = self.handle.answer.remote(about, *given).result()
            except RayActorError as problem:
                if not left:
                    raise lost(problem) from problem
            else:
                if isinstance(answer, Failure):
                    raise answer.problem()
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _busy(self) -> Busy:
        """By what is waiting when each replica finishes a crowd at a time."""
        return Busy(self.room, max(1.0, self.room / (TOGETHER * self.replicas) * self._pace[0]))


@dataclass
class Begun:
    """A picture on its way: answers are asked for again where the replica that gave them died."""

    ask: Callable[[], Any]
    job: Job
    busy: Callable[[], Busy]
    _answers: Any = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def follow(self) -> None:
        for left in reversed(range(ATTEMPTS)):
            try:
                self._listen()
            except RayActorError as problem:
                if left and not self._stopped.is_set():
                    continue
                self.job.tell(lost(problem))
            except BackPressureError:
                self.job.tell(self.busy())
            except BaseException as problem:
                self.job.tell(problem)
            return

    def stop(self) -> None:
        self._stopped.set()
        if self._answers is not None:
            # what was turned away, or whose replica died, says so here once more
            with suppress(BackPressureError, RayActorError):
                self._answers.cancel()

    def _listen(self) -> None:
        self._answers = self.ask()
        if self._stopped.is_set():
            self._answers.cancel()
        for news in self._answers:
            match news:
                case Ended(_, Failure() as failure):
                    self.job.tell(failure.problem())
                case Ended(_, rendered):
                    self.job.tell(rendered)
                case _:
                    self.job.tell(news)


def lost(problem: RayActorError) -> GiveUp:
    return GiveUp(f"{ATTEMPTS} replicas died of what was asked ({type(problem).__name__}): Ray's log says why.")


def start_here(replicas: int) -> None:
    """A Ray of our own, that nothing outside this machine can reach. Raises `GiveUp` where that cannot be had."""
    usage_lib.set_usage_stats_enabled_via_env_var(False)
    # what Ray does on macOS and Windows unasked: it listens on loopback and nowhere else
    ray_constants.ENABLE_RAY_CLUSTER = False
    ray.init(num_cpus=replicas + 1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    if not ray.util.get_node_ip_address().startswith("127."):
        raise GiveUp(
            "This Ray would listen to the network: unset ATELIER_RAY, or start a cluster and give its address."
        )


def join(address: str) -> None:
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as problem:
        raise GiveUp(f"No Ray cluster answers at {address!r}: start one, or set ATELIER_RAY to auto.") from problem
