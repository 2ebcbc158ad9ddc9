"""The loop every part is trained by: AdamW, cosine, moving average, checkpoints, resuming to the step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Studio:
    """Where and how much to train. `pace` multiplies every number of steps: 1 is in full, below 0.1 on fewer drawings.

    `onward` starts from saved weights instead of from nothing.
    """

    models: Path
    cache: Path
    device: str = "cpu"
    pace: float = 1.0
    say: Callable[[str], None] = print
    onward: bool = False

    def steps(self, full: int) -> int:
        return max(2, round(full * self.pace))

    def lr(self, fresh: float) -> float:
        """Gentler with what has learnt already."""
        return fresh * (0.6 if self.onward else 1)

    def count(self, full: int, least: int = 64) -> int:
        return max(least, round(full * min(10 * self.pace, 1)))


@dataclass(frozen=True)
class Course:
    """One part's training: its name, length, peak learning rate and how often a checkpoint is kept (seconds)."""

    name: str
    steps: int
    lr: float = 1e-3
    decay: float = 0.999
    weight_decay: float = 0.01
    every: float = 120.0


def dice(name: str, step: int) -> np.random.Generator:
    """The step's own randomness, so that a resumed run goes on as if it had never stopped."""
    return np.random.default_rng([*name.encode(), step])


def rate(course: Course, step: int) -> float:
    """Linear warm-up over 2 % of the steps (200 at most), then a cosine down to 1 % of the peak."""
    warm = max(1, min(200, course.steps // 50))
    fall = 0.505 + 0.495 * math.cos(math.pi * min(1.0, step / course.steps))
    return course.lr * min(1.0, (step + 1) / warm) * fall


class Averaged:
    """An exponential moving average of a module's parameters and buffers (Polyak averaging)."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        keep = min(self.decay, (1 + step) / (10 + step))
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, 1 - keep)
            else:
                self.values[name].copy_(value)

    @contextmanager
    def worn_by(self, module: nn.Module) -> Iterator[None]:
        """The module with the averaged values, for as long as the block lasts."""
        own = {name: value.detach().clone() for name, value in module.state_dict().items()}
        module.load_state_dict(self.values)
        try:
            yield
        finally:
            module.load_state_dict(own)


def train(
    studio: Studio, course: Course, module: nn.Module, loss: Callable[[int, np.random.Generator], Mapping[str, Tensor]]
) -> None:
    """Train `module` in place and leave the averaged weights in it. `loss` gives named terms, summed, for a step."""
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, course.lr, betas=(0.9, 0.99), weight_decay=course.weight_decay)
    average = Averaged(module, course.decay)
    path = studio.cache / f"{course.name}.checkpoint"
    first = restore(path, module, optimizer, average)
    saved = told = time.monotonic()
    for step in range(first, course.steps):
        torch.manual_seed(step)
        for group in optimizer.param_groups:
            group["lr"] = rate(course, step)
        terms = loss(step, dice(course.name, step))
        optimizer.zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        average.update(module, step)
        now = time.monotonic()
        if now - told > 10 or step + 1 == course.steps:
            told = now
            figures = " ".join(f"{name} {value.item():.4f}" for name, value in terms.items())
            studio.say(f"{course.name} {step + 1}/{course.steps} {figures}")
        if now - saved > course.every or step + 1 == course.steps:
            saved = now
            save(path, module, optimizer, average, step + 1)
    module.load_state_dict(average.values)


def save(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, average: Averaged, step: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "module": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": average.values,
        "step": step,
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def restore(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, average: Averaged) -> int:
    """The step to go on from: 0 where there is no checkpoint."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True, map_location=next(module.parameters()).device)
    module.load_state_dict(state["module"])
    optimizer.load_state_dict(state["optimizer"])
    average.values = state["average"]
    return state["step"]


M = TypeVar("M", bound=nn.Module)


def on(device: str, module: M) -> M:
    """The module, moved there; libraries type `to` in ways of their own."""
    nn.Module.to(module, device)
    return module


def channels_last(module: M) -> M:
    nn.Module.to(module, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return module


def pixels(drawings: np.ndarray, device: str) -> Tensor:
    """uint8 (n, h, w, 3) to float (n, 3, h, w) in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(drawings)).to(device).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
