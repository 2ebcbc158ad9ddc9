"""Models in memory: on the device, then on the host, then on disk alone; what was used last stays nearest."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, Protocol, TypeVar

import torch

from tools.engine.profile import Budget


class Held(Protocol):
    @property
    def nbytes(self) -> int:
        """Of what is on the device while it works."""
        ...

    def wake(self) -> None:
        """Onto the device. May raise `torch.OutOfMemoryError`."""
        ...

    def rest(self) -> None:
        """Onto the host."""
        ...


Model = TypeVar("Model", bound=Held)


@dataclass(eq=False)
class Tiers(Generic[Model]):
    """The least recently used goes down first. For the one thread that owns the models."""

    measured: Callable[[], Budget]
    """Asked once."""
    _kept: OrderedDict[str, Model] = field(default_factory=OrderedDict, init=False)
    _awake: set[str] = field(default_factory=set, init=False)

    @cached_property
    def budget(self) -> Budget:
        """As it was before the first model took of it."""
        return self.measured()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, name: str, expected: int, load: Callable[[], Model]) -> Model:
        """
        The model, on the device; where it is on disk only, `load` brings it to the host, some `expected` bytes.

        Raises `torch.OutOfMemoryError` for one that does not fit though all others made room.
        """
        if name in self._awake:
            self._kept.move_to_end(name)
            return self._kept[name]
        # taken out, since on its way it neither rests nor has to make room; kept again when it is whole on the device
        model = self._kept.pop(name, None)
        self._make_room(expected if model is None else model.nbytes)
        if model is None:
            model = load()
            self._make_room(model.nbytes)
        self._wake(model)
        self._kept[name] = model
        self._awake.add(name)
        return model

    @property
    def here(self) -> tuple[Model, ...]:
        """Those in memory, on the device or the host; for any thread."""
        return tuple(self._kept.values())

    def clear_for(self, name: str | None) -> bool:
        """Everything but this one off the device; whether there was anything."""
        others = self._awake - {name}
        for other in [one for one in self._kept if one in others]:
            self._lower(other)
        return bool(others)

    def where(self, name: str) -> str:
        """`device`, `host` or `disk`."""
        return "device" if name in self._awake else "host" if name in self._kept else "disk"

    def _make_room(self, needed: int) -> None:
        most = self.budget.device - needed
        for other in [one for one in self._kept if one in self._awake]:
            if sum(self._kept[one].nbytes for one in self._awake) <= most:
                break
            self._lower(other)

    def _wake(self, model: Model) -> None:
        try:
            model.wake()
        except torch.OutOfMemoryError:
            if not self.clear_for(None):
                raise
            model.wake()

    def _lower(self, name: str) -> None:
        self._kept[name].rest()
        self._awake.discard(name)
        resting = [other for other in self._kept if other not in self._awake]
        while resting and sum(self._kept[other].nbytes for other in resting) > self.budget.host:
            del self._kept[resting.pop(0)]
        release()


def release() -> None:
    """What nobody holds any more goes back to the device and to the machine."""
    gc.collect()
    torch.cuda.empty_cache()
