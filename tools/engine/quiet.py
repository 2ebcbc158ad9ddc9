"""Silence for libraries that print while they work."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

LOUD = r"(diffusers|huggingface_hub|peft|torch|transformers)(\.|$)"


@dataclass
class Hush:
    """What a library prints is the process's: the first thread hushes it, and the last lets it speak again."""

    library: ModuleType
    _inside: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _undo: Callable[[], None] = lambda: None

    @contextmanager
    def kept(self) -> Iterator[None]:
        with self._lock:
            if not self._inside:
                self._undo = hushed(self.library)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._undo()


def hushed(library: ModuleType) -> Callable[[], None]:
    """Hush a library, by its logging module; what is returned undoes it."""
    level, bars = library.get_verbosity(), library.is_progress_bar_enabled()
    # diffusers logs an error before it raises the same error: the exception is enough
    library.set_verbosity(logging.CRITICAL)
    library.disable_progress_bar()

    def undo() -> None:
        library.set_verbosity(level)
        if bars:
            library.enable_progress_bar()

    return undo


DIFFUSERS, TRANSFORMERS = Hush(diffusers_logging), Hush(transformers_logging)


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bar, log line or warning of diffusers, transformers or peft inside the block, in any thread."""
    # for good: to restore filters would undo those that another thread set meanwhile
    warnings.filterwarnings("ignore", module=LOUD)
    with DIFFUSERS.kept(), TRANSFORMERS.kept():
        yield
