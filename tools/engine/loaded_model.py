"""A model in memory: on its device when it draws, on the host when others need the room."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import torch
from diffusers import ControlNetModel, DiffusionPipeline
from torch import nn

from knowledge.problems import GiveUp
from tools.engine.ip_adapter import IpAdapter
from tools.engine.model_files import ModelFiles
from tools.engine.offload import nbytes, to_device, to_host
from tools.engine.profile import NORMAL, Profile
from tools.engine.stable_diffusion import StableDiffusion


@dataclass
class LoadedModel:
    """A pipeline, the ControlNets loaded for it so far by kind, and its IP-Adapter if one is loaded."""

    files: ModelFiles
    pipeline: DiffusionPipeline
    device: str
    profile: Profile = NORMAL
    controlnets: dict[str, ControlNetModel] = field(default_factory=dict)
    ip_adapter: IpAdapter | None = None

    @cached_property
    def ours(self) -> StableDiffusion | None:
        """Its parts, if the engine has a loop for it."""
        return StableDiffusion.of(self.pipeline, self.device, self.profile)

    @property
    def nbytes(self) -> int:
        """Of the weights that are on the device together."""
        return nbytes(self._staying) + max((nbytes([part]) for part in self._coming), default=0)

    def wake(self) -> None:
        """Onto its device. Raises `torch.OutOfMemoryError`, and `GiveUp` for a device that cannot be used."""
        try:
            to_device(self._staying, self.device)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, AssertionError) as problem:
            raise GiveUp(f"The device {self.device!r} cannot be used here: choose 'cpu'.") from problem

    def rest(self) -> None:
        """Onto the host. What is quickly made again is let go."""
        if self.ours is not None:
            self.ours.forget()
        self.ip_adapter = None
        to_host(self._staying, self.device)

    @property
    def _coming(self) -> tuple[nn.Module, ...]:
        """Those that are on the device only while they work."""
        return self.ours.offload.parts if self.ours is not None and self.ours.offload.resting else ()

    @property
    def _staying(self) -> list[nn.Module]:
        parts = [part for part in self.pipeline.components.values() if isinstance(part, nn.Module)]
        if self.ours is not None:
            # taken out of the ControlNets whose maps they embed
            parts += [follower.embedding for follower in self.ours.followers.values()]
        return [part for part in (*parts, *self.controlnets.values()) if part not in self._coming]
