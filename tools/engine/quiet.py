"""Silence for libraries that print while they work."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import ModuleType

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

LOUD = r"(diffusers|huggingface_hub|peft|torch|transformers)(\.|$)"


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bar, log line or warning of diffusers, transformers or peft inside the block, in any thread."""
    # for good: to restore filters would undo those that another thread set meanwhile
    warnings.filterwarnings("ignore", module=LOUD)
    with HUSH.kept():
        yield


@contextmanager
def hushed(library: ModuleType) -> Iterator[None]:
    """The same for one library, by its logging module."""
    level, bars = library.get_verbosity(), library.is_progress_bar_enabled()
    # diffusers logs an error before it raises the same error: the exception is enough
    library.set_verbosity(logging.CRITICAL)
    library.disable_progress_bar()
    try:
        yield
    finally:
        library.set_verbosity(level)
        if bars:
            library.enable_progress_bar()


@dataclass
class Hush:
    """What the libraries print is the process's: the first thread hushes them, and the last lets them speak again."""

    libraries: tuple[ModuleType, ...]
    _inside: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _held: ExitStack = field(default_factory=ExitStack)

    @contextmanager
    def kept(self) -> Iterator[None]:
        with self._lock:
            if not self._inside:
                for library in self.libraries:
                    self._held.enter_context(hushed(library))
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._held.close()


HUSH = Hush((diffusers_logging, transformers_logging))
