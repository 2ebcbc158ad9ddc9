"""The noise a denoiser learns to take away, and how much each amount of it counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from diffusers import DDPMScheduler
from torch import Tensor

from knowledge.problems import TryAgain


@dataclass(frozen=True)
class Noise:
    """The forward process of one model (Ho et al. 2020). `gamma` is of min-SNR weighting (Hang et al. 2023), or 0."""

    scheduler: Any
    gamma: float

    @classmethod
    def of(cls, pipeline: Any, gamma: float) -> Noise:
        """Raises `TryAgain` for a model that was trained to say something else than noise or velocity."""
        scheduler: Any = DDPMScheduler.from_config(pipeline.scheduler.config)
        kind = scheduler.config["prediction_type"]
        if kind not in ("epsilon", "v_prediction"):
            raise TryAgain(f"A model that predicts {kind!r} cannot be trained here: choose another.")
        return cls(scheduler, gamma)

    @property
    def steps(self) -> int:
        return self.scheduler.config["num_train_timesteps"]

    @property
    def velocity(self) -> bool:
        return self.scheduler.config["prediction_type"] == "v_prediction"

    def mixed(self, latents: Tensor, noise: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """The noisy latents, and what the denoiser should say of them."""
        noisy = self.scheduler.add_noise(latents, noise, times)
        return noisy, self.scheduler.get_velocity(latents, noise, times) if self.velocity else noise

    @cached_property
    def weights(self) -> Tensor:
        """
        For each timestep, how much its squared error counts: that of the clean latents is weighed by min(SNR, gamma),
        and is SNR times smaller than the noise's error, SNR + 1 times smaller than the velocity's.
        """
        alphas = self.scheduler.alphas_cumprod.double()
        snr = alphas / (1 - alphas)
        if not self.gamma:
            return (snr * 0 + 1).float()
        # where nothing of the picture is left, its noise says nothing either: 0 / 0
        return (snr.clamp(max=self.gamma) / (snr + self.velocity).clamp(min=1e-8)).float()

    def loss(self, said: Tensor, wanted: Tensor, times: Tensor) -> Tensor:
        errors = (said.float() - wanted.float()).square().mean((1, 2, 3))
        return (self.weights.to(errors.device)[times] * errors).mean()
