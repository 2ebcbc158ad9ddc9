"""Silence for libraries that print while they work."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bar, log line or warning of diffusers, transformers or peft inside the block."""
    with warnings.catch_warnings(), hushed(diffusers_logging), hushed(transformers_logging):
        warnings.simplefilter("ignore")
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
