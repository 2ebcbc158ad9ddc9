"""The models that read pictures for control maps, in memory: loaded when first asked for, the oldest given up."""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from safetensors import SafetensorError

from knowledge.loading import LOADING
from knowledge.problems import GiveUp
from tools.preprocess.weights import Weights, fetch

BROKEN = (OSError, ValueError, KeyError, RuntimeError, EOFError, UnpicklingError, SafetensorError)
"""What transformers and torch raise on files that are cut short, of another model, or pickles of more than tensors."""


@dataclass(frozen=True)
class Detectors:
    """
    `asked` is a device as the settings name it; `folders` are local ones by hub id; `room` is how many stay. What is
    not on this machine is downloaded, or else told how to get.
    """

    asked: str = "auto"
    folders: Mapping[str, Path] = field(default_factory=dict)
    room: int = 3
    download: bool = True
    _loaded: OrderedDict[Weights, Any] = field(default_factory=OrderedDict, init=False, repr=False, compare=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    @cached_property
    def device(self) -> str:
        from tools.engine.devices import device

        return device(self.asked)

    def holds(self, weights: Weights) -> bool:
        """Whether the model is in memory, so that using it costs neither a download nor a load."""
        return weights in self._loaded

    def transformer(self, weights: Weights, kind: str) -> tuple[Any, Any]:
        """A transformers model of that class and its image processor, from safetensors alone."""

        def load(folder: Path) -> tuple[Any, Any]:
            import transformers

            options: dict[str, Any] = {"local_files_only": True}
            with LOADING:
                model = getattr(transformers, kind).from_pretrained(folder, use_safetensors=True, **options)
            processor = transformers.AutoImageProcessor.from_pretrained(folder, **options)
            return model.eval().to(self.device), processor

        return self._kept(weights, load)

    def annotator(self, weights: Weights, kind: str) -> Any:
        """A detector of controlnet-aux by its class name: a function of a picture."""

        def load(folder: Path) -> Any:
            import controlnet_aux
            import torch

            for file in weights.files:
                torch.load(folder / file, map_location="cpu", weights_only=True)
            with LOADING:
                return getattr(controlnet_aux, kind).from_pretrained(str(folder)).to(self.device)

        return self._kept(weights, load)

    def _kept(self, weights: Weights, load: Callable[[Path], Any]) -> Any:
        with self._turn:
            if weights not in self._loaded:
                folder = self.folders.get(weights.hub_id) or fetch(weights, self.download)
                made = _loaded(weights, folder, load)
                while len(self._loaded) >= self.room:
                    self._loaded.popitem(last=False)
                self._loaded[weights] = made
            self._loaded.move_to_end(weights)
            return self._loaded[weights]


def _loaded(weights: Weights, folder: Path, load: Callable[[Path], Any]) -> Any:
    # controlnet-aux and what it imports print and warn of detectors that nobody asked for
    silence = (contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()))
    try:
        with warnings.catch_warnings(), silence[0], silence[1]:
            warnings.simplefilter("ignore")
            return load(folder)
    except BROKEN as problem:
        raise GiveUp(
            f"The weights of {weights.hub_id!r} are incomplete, damaged or more than weights: run '{weights.how}' anew."
        ) from problem
