"""A training under way: AdamW on the adapter, a cosine of the learning rate, and a checkpoint to go on from."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from knowledge.problems import GiveUp
from tools.call import Call
from tools.engine.stable_diffusion import StableDiffusion
from tools.renderer import Cancelled
from tools.training.adapter import Adapter
from tools.training.checkpoint import Checkpoint
from tools.training.lessons import Lessons, lengthened, plain, pooled_states
from tools.training.noise import Noise
from tools.training.order import Training

LAST = 50
"""Steps over which the loss is told."""
OnStep = Callable[[int], None]
"""Called with the number of steps done where pictures are to be drawn; a checkpoint is there by then."""


def dice(*what: int | str) -> torch.Generator:
    """Chance that depends on what it is for and on nothing before it, on the CPU and so the same for every device."""
    seed = hashlib.sha256(" ".join(map(str, what)).encode()).digest()[:8]
    return torch.Generator().manual_seed(int.from_bytes(seed, "big") >> 1)


@dataclass(frozen=True)
class Course:
    model: StableDiffusion
    training: Training
    lessons: Lessons
    path: Path
    """Of the checkpoint."""
    every: float
    """Seconds between checkpoints."""
    precision: torch.dtype
    """Of what does not learn; what does is always in single precision."""
    adapter: Adapter = field(init=False)
    noise: Noise = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "noise", Noise.of(self.model.pipeline, self.training.min_snr_gamma))
        object.__setattr__(self, "adapter", Adapter.added(self.model.pipeline, self.training))

    def run(self, call: Call, on_samples: OnStep) -> float:
        """The mean loss of the last steps. Raises `Cancelled` after keeping a checkpoint, `GiveUp` if it diverges."""
        first, losses = self._restored()
        kept = time.monotonic()
        for step in range(first, self.training.steps):
            if call.cancelled.is_set():
                self._keep(step, losses)
                raise Cancelled
            losses = (*losses, self._step(step))[-LAST:]
            sampled = step + 1 in self.training.sampled
            if sampled or step + 1 == self.training.steps or time.monotonic() - kept >= self.every:
                self._keep(step + 1, losses)
                kept = time.monotonic()
            if call.on_progress:
                call.on_progress(step + 1, self.training.steps)
            if sampled:
                on_samples(step + 1)
        return sum(losses) / len(losses)

    def _restored(self) -> tuple[int, tuple[float, ...]]:
        found = Checkpoint.load(self.path, self._device)
        if found is None:
            return 0, ()
        self.adapter.load(found.adapter)
        self._optimizer.load_state_dict(dict(found.optimizer))
        self._scaler.load_state_dict(dict(found.scaler))
        return found.step, found.losses

    def _keep(self, step: int, losses: tuple[float, ...]) -> None:
        state = self._optimizer.state_dict()
        Checkpoint(step, self.adapter.state(), state, self._scaler.state_dict(), losses).save(self.path)

    def _step(self, step: int) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = rate(self.training, step)
        self._optimizer.zero_grad(set_to_none=True)
        loss = self._loss(step)
        value = loss.item()
        if not math.isfinite(value):
            raise GiveUp(f"The training went astray at step {step + 1}: start again with a lower learning rate.")
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self._optimizer)
        nn.utils.clip_grad_norm_(self.adapter.parameters, 1.0)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        return value

    def _loss(self, step: int) -> Tensor:
        picked, chance = self._picked(step), dice(self.training.seed, "step", step)
        latents = self.lessons.latents[picked].to(self._device, torch.float32)
        noise = torch.randn(latents.shape, generator=chance).to(latents)
        times = torch.randint(self.noise.steps, (len(picked),), generator=chance)
        unsaid = torch.rand(len(picked), generator=chance) < self.training.caption_dropout
        noisy, wanted = self.noise.mixed(latents, noise, times.to(self._device))
        with self._autocast():
            states, pooled = self._words(picked, unsaid)
            added = {}
            if self.lessons.pooled.shape[1]:
                sizes = self.lessons.sizes[picked].to(self._device, self.precision)
                added["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": sizes}
            unet = self.model.unet
            said = unet(noisy.to(self.precision), times.to(self._device), states, **added).sample
        return self.noise.loss(said, wanted, times.to(self._device))

    def _picked(self, step: int) -> Tensor:
        """Every picture once before any comes again, each round in another order."""
        count, batch = len(self.lessons), self.training.batch
        places = range(step * batch, (step + 1) * batch)
        orders = {
            turn: torch.randperm(count, generator=dice(self.training.seed, "round", turn))
            for turn in {place // count for place in places}
        }
        return torch.stack([orders[place // count][place % count] for place in places])

    def _words(self, picked: Tensor, unsaid: Tensor) -> tuple[Tensor, Tensor]:
        """Encoded captions (n, 77 k, width) and, for SDXL, pooled (n, width); of the `unsaid`, nothing."""
        lessons = self.lessons
        if self.training.text_encoder:
            return self._read(picked, unsaid)
        rows = unsaid[:, None, None]
        states = torch.where(rows, lessons.blank_states, lessons.states[picked])
        pooled = torch.where(unsaid[:, None], lessons.blank_pooled, lessons.pooled[picked])
        return states.to(self._device, self.precision), pooled.to(self._device, self.precision)

    def _read(self, picked: Tensor, unsaid: Tensor) -> tuple[Tensor, Tensor]:
        """As `_words`, by text encoders that learn."""
        text, length = self.model.text, self.lessons.states.shape[1]
        empty, texts = text.read("").states, [plain(self.lessons.captions[place]) for place in picked.tolist()]
        read = [text.read("" if dropped else said) for said, dropped in zip(texts, unsaid.tolist(), strict=True)]
        states = torch.cat([lengthened(words.states, length, empty) for words in read])
        pooled = torch.cat([pooled_states(words) for words in read])
        if text.empty_is_zero:
            said = ~unsaid.to(self._device)
            return states * said[:, None, None], pooled * said[:, None]
        return states, pooled

    def _autocast(self) -> Any:
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(self._device.type, self.precision)

    @property
    def _device(self) -> torch.device:
        return self.model.unet.device

    @cached_property
    def _optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.adapter.parameters, self.training.learning_rate, (0.9, 0.99), weight_decay=0.01)

    @cached_property
    def _scaler(self) -> Any:
        return torch.amp.GradScaler(self._device.type, enabled=self.precision == torch.float16)


def rate(training: Training, step: int) -> float:
    """Linear warm-up, then a cosine down to 1 % of the peak."""
    fall = 0.505 + 0.495 * math.cos(math.pi * step / training.steps)
    return training.learning_rate * min(1.0, (step + 1) / training.warm_up) * fall
