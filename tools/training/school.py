"""Opens a model for training and gives back what it learnt; the only door from outside to the files that load torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from knowledge.problems import GiveUp, TryAgain
from tools.call import Call
from tools.engine.model_files import KnownModel
from tools.engine.model_store import ModelStore
from tools.engine.offload import to_device
from tools.engine.profile import NORMAL, Profile
from tools.engine.quiet import quiet
from tools.engine.stable_diffusion import StableDiffusion
from tools.training.course import Course
from tools.training.lessons import Lessons, encoded
from tools.training.lora_file import lora_file
from tools.training.order import CHECKPOINT, LESSONS, Training
from tools.training.pictures import Captioned


@dataclass(frozen=True)
class School:
    """`known` models by name; `device` is torch's. A model that was trained here is not used for anything else."""

    known: Mapping[str, KnownModel]
    device: str
    profile: Profile = NORMAL
    precision: torch.dtype | None = None
    """Of what does not learn; None for what suits the device."""

    def family_and_side(self, model: str) -> tuple[str, int]:
        """Without loading it, though it may be downloaded."""
        store = ModelStore(self.known, self.device, self.profile)
        return store.family(model), store.side(model)

    def teach(
        self,
        training: Training,
        pictures: Sequence[Captioned],
        folder: Path,
        call: Call,
        on_samples: Callable[[int, bytes], None],
        every: float,
    ) -> tuple[bytes, float]:
        """
        The LoRA's file and the mean loss of the last steps; goes on from what `folder` holds, and keeps there what to
        go on from, at least `every` so many seconds. The `pictures` are of no use once they are encoded there.

        Raises `Cancelled` where it was stopped, `TryAgain` for a model that cannot be trained, `GiveUp` where the
        device has too little memory.
        """
        with quiet(), _enough_memory():
            model = self._opened(training.model)
            path = folder / LESSONS
            if not path.is_file():
                encoded(model, pictures, training.trigger, training.side, call).save(path)
            lessons = Lessons.load(path)
            precision = self.precision or suited(self.device)
            course = Course(model, training, lessons, folder / CHECKPOINT, every, precision)
            self._set_up(model, training.text_encoder, precision)

            def made(step: int) -> bytes:
                return lora_file(course.adapter.kohya(), training, lessons.captions, step)

            loss = course.run(call, lambda step: on_samples(step, made(step)))
            return made(training.steps), loss

    def _opened(self, name: str) -> StableDiffusion:
        model = ModelStore(self.known, self.device, self.profile).model(name).ours
        if model is None or model.inpaints:
            raise TryAgain(f"{name!r} cannot be trained here: choose a Stable Diffusion 1, 2 or XL for whole pictures.")
        return model

    def _set_up(self, model: StableDiffusion, learning: bool, precision: torch.dtype) -> None:
        """What no longer works is off the device, what does not learn in that precision."""
        readers = [encoder for _, encoder in model.text.readers]
        model.offload.rest()
        if learning:
            to_device(readers, self.device)
        for module in (model.unet, *(readers if learning else ())):
            for parameter in module.parameters():
                if not parameter.requires_grad:
                    parameter.data = parameter.data.to(precision)
        if self.profile.low:
            # the layers are remembered in training only
            model.unet.train().enable_gradient_checkpointing()


@contextmanager
def _enough_memory() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as problem:
        raise GiveUp(
            "This GPU has too little memory for that: make the batch or the size smaller, or set ATELIER_MEMORY=low."
        ) from problem


def suited(device: str) -> torch.dtype:
    if not device.startswith("cuda"):
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
