"""Pictures drawn on the way, so that one sees what a LoRA has learnt so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.data_folder import write_whole
from knowledge.lora_hashes import hashes_of
from knowledge.picture import Decision, Picture, Provenance
from knowledge.problems import Problem
from knowledge.recipe import LoraUse, Recipe
from tools.call import Call
from tools.render import PictureRenderer
from tools.training.order import Training


@dataclass
class Sampler:
    """Each picture's recipe names the file of its moment, which is kept in `folder`: so it can be drawn again."""

    training: Training
    prompts: Sequence[str]
    painter: PictureRenderer
    folder: Path
    call: Call
    pictures: list[Picture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def draw(self, step: int, file: bytes) -> None:
        """A training does not end because a sample could not be drawn."""
        if not self.prompts:
            return
        path = self.folder / f"{self.training.name}-{step:06d}.safetensors"
        write_whole(path, file)
        use = LoraUse(name=self.training.name, sha256=hashes_of(path).sha256)
        try:
            for seed, prompt in enumerate(self.prompts):
                self.pictures.append(self.painter.paint(self._asked(step, seed, prompt, use), self._call()))
        except Problem as problem:
            self.notes.append(f"no sample after step {step}: {problem}")

    def _asked(self, step: int, seed: int, prompt: str, use: LoraUse) -> Provenance:
        training, side = self.training, self.training.side
        recipe = Recipe(model=training.model, prompt=prompt, width=side, height=side, seed=seed, loras=(use,))
        why = f"a sample after {step} of {training.steps} steps of training {training.name!r}"
        return Provenance(recipe=recipe, wish=prompt, decisions=(Decision(step="train", why=why),))

    def _call(self) -> Call:
        """Its steps are not those of the training."""
        return Call(cancelled=self.call.cancelled)
