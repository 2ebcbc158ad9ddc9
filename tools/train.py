"""The tool that trains a LoRA from a folder of pictures, and puts its card where the next prompt finds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from pydantic import ValidationError

from knowledge.data_folder import write_whole
from knowledge.ingest import Ingester
from knowledge.lora_files import LoraShelf, read_card
from knowledge.picture import Picture
from knowledge.problems import GiveUp, TryAgain
from knowledge.readers.pictures import Captioner
from knowledge.recipe import Value
from knowledge.records import LoraCard
from tools.call import Call
from tools.render import PictureRenderer
from tools.training.order import CHECKPOINT, LESSONS, NAME, PACES, RECORD, USUAL, Kind, Training
from tools.training.pictures import Captioned, read_folder, with_trigger
from tools.training.sampling import Sampler

if TYPE_CHECKING:
    from tools.training.school import School

COLLECTION = "loras"
TRAINED = ("picturebook", "sd", "sd1", "sd2", "sdxl")
"""The families whose loop this is; `sd` is one that no table knows."""


@dataclass(frozen=True)
class Asked:
    """What a user says of a training; None leaves it to the model's kind, or to the training that goes on."""

    name: str
    model: str | None = None
    kind: Kind | None = None
    trigger: str | None = None
    also: tuple[str, ...] | None = None
    about: str | None = None
    steps: int | None = None
    rank: int | None = None
    learning_rate: float | None = None
    batch: int | None = None
    side: int | None = None
    text_encoder: bool | None = None
    seed: int | None = None
    samples: int | None = None

    @property
    def said(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if value is not None}


class Record(Value):
    """What is kept of a training while it is not finished."""

    training: Training
    source: str
    captions: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Trained:
    """The LoRA's card and file, and the mean loss of the last steps; `notes` say which samples could not be drawn."""

    record: Record
    card: LoraCard
    file: Path
    loss: float
    samples: tuple[Picture, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class LoraTrainer:
    """
    `folder` keeps trainings under way, one folder each, and what their samples were drawn with; `loras` is where
    finished LoRAs go, one of the shelf's folders. Nothing heavy loads before `school` is asked for.

    A checkpoint is kept at least `every` so many seconds.
    """

    folder: Path
    loras: Path
    school: Callable[[], School]
    ingester: Ingester
    painter: PictureRenderer
    shelf: LoraShelf
    captioner: Captioner | None = None
    every: float = 60.0

    def train(self, source: Path, asked: Asked, call: Call) -> Trained:
        """
        Begin and finish. Raises `TryAgain` for a name that is taken and for pictures that cannot be used, `GiveUp`
        where it cannot work, `Cancelled` where it was stopped: `resume` goes on then.
        """
        training = self._ordered(asked)
        with self._alone(training.name) as place:
            self._refuse_taken(training.name, place)
            return self._finished(*self._begun(training, source, place), call)

    def resume(self, asked: Asked, call: Call) -> Trained:
        """
        Go on with a training that was stopped: what comes of it is what would have come if it had never stopped.

        Raises as `train` does, and `TryAgain` where something else is asked for than was.
        """
        with self._alone(asked.name) as place:
            record, pictures = _read(place / RECORD, asked.name), ()
            before = record.training.model_dump()
            if other := next((name for name, value in asked.said.items() if before[name] != value), ""):
                raise TryAgain(f"The training {asked.name!r} was begun with {other} {before[other]!r}: leave it so.")
            if not (place / LESSONS).is_file():
                record, pictures = self._begun(record.training, Path(record.source), place)
            return self._finished(record, pictures, call)

    def begun(self, name: str) -> bool:
        """Whether there is something to go on with."""
        return (self.folder / name / RECORD).is_file()

    def _ordered(self, asked: Asked) -> Training:
        model = asked.model or "picturebook"
        family, side = self.school().family_and_side(model)
        if family not in TRAINED:
            raise TryAgain(f"{model!r} is {family}: only Stable Diffusion 1, 2 and XL can be trained here.")
        pace, words = PACES.get(family, USUAL), asked.name.replace("-", " ").replace("_", " ")
        usual = vars(pace) | {"kind": "style", "side": side, "family": family, "model": model}
        wanted = usual | {"trigger": words if asked.kind == "subject" else f"{words} style"} | asked.said
        try:
            return Training.model_validate(wanted)
        except ValidationError as wrong:
            error = wrong.errors()[0]
            said = f"{error['loc'][0]} {str(error['input'])[:80]!r}"
            raise TryAgain(f"The {said} cannot be used for a training: {error['msg'].lower()}.") from None

    def _refuse_taken(self, name: str, place: Path) -> None:
        there = {known.casefold() for card in self.shelf.cards() for known in (card.name, *card.aliases)}
        if name.casefold() in there or (self.loras / f"{name}.safetensors").exists():
            raise TryAgain(f"There is a LoRA {name!r} already: choose another name.")
        if self.begun(name):
            raise TryAgain(
                f"The training {name!r} was begun and not finished: resume it, choose another name, "
                f"or remove {str(place)!r}."
            )

    def _begun(self, training: Training, source: Path, place: Path) -> tuple[Record, tuple[Captioned, ...]]:
        """The pictures are found good, and what was asked for is kept; they are encoded later."""
        found = read_folder(source, training.side, self.captioner)
        captions = tuple(with_trigger(picture.caption, training.trigger) for picture in found.pictures)
        record = Record(training=training, source=str(source.absolute()), captions=captions, refused=found.refused)
        write_whole(place / RECORD, record.model_dump_json(indent=1).encode())
        return record, found.pictures

    def _finished(self, record: Record, pictures: Sequence[Captioned], call: Call) -> Trained:
        training = record.training
        place, path = self.folder / training.name, self.loras / f"{training.name}.safetensors"
        prompts = tuple(dict.fromkeys(record.captions))[: training.samples]
        sampler = Sampler(training, prompts, self.painter, place, call)
        data, loss = self.school().teach(training, pictures, place, call, sampler.draw, self.every)
        write_whole(path, data)
        card = self._registered(path)
        for kept in (RECORD, CHECKPOINT, LESSONS):
            (place / kept).unlink(missing_ok=True)
        return Trained(record, card, path, loss, tuple(sampler.pictures), tuple(sampler.notes))

    def _registered(self, path: Path) -> LoraCard:
        card = read_card(path)
        report = self.ingester.add(COLLECTION, [card])
        if report.failed:
            raise GiveUp(f"The LoRA is at {str(path)!r}, but its card cannot be kept: {report.failed[0][1]}")
        return card

    @contextmanager
    def _alone(self, name: str) -> Iterator[Path]:
        """Its folder, which no other process trains in meanwhile."""
        if not re.fullmatch(NAME, name):
            raise TryAgain(f"A LoRA cannot be named {name[:80]!r}: use letters and digits, at most 60 of them.")
        place = self.folder / name
        place.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(place / "lock", timeout=0):
                yield place
        except Timeout as error:
            raise TryAgain(f"{name!r} is being trained by another process: wait, or choose another name.") from error


def _read(path: Path, name: str) -> Record:
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise TryAgain(f"There is no training {name!r} to go on with: begin it with a folder of pictures.") from None
    except ValidationError as error:
        raise TryAgain(f"The training {name!r} is of another version of Atelier: begin it anew.") from error
