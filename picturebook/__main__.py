"""`python -m picturebook`: train the book's models, and measure them."""

from __future__ import annotations

import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from picturebook.training.loop import Studio

app = typer.Typer(no_args_is_help=True, help="Train the picture book's models from nothing, and measure them.")
HERE = Path(__file__).parent
QUICK = 0.0005  # of the full training: a few steps of every part


class Part(StrEnum):
    AUTOENCODER = "autoencoder"
    DECODER = "decoder"
    PAINTER = "painter"
    CLIP = "clip"
    JUDGE = "judge"
    STYLES = "styles"
    CONTROL = "control"
    TALKER = "talker"
    ALL = "all"


@app.command()
def train(
    part: Annotated[Part, typer.Argument(help="Which model; each builds on those before it.")] = Part.ALL,
    quick: Annotated[bool, typer.Option(help="A few steps of everything, into a folder that is thrown away.")] = False,
    onward: Annotated[bool, typer.Option(help="Go on from the saved weights instead of from nothing.")] = False,
    models: Annotated[Path, typer.Option(help="Where the models are saved.")] = HERE / "models",
    cache: Annotated[Path, typer.Option(help="Where drawings, latents and checkpoints are kept.")] = HERE / ".cache",
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    pace: Annotated[float, typer.Option(min=0.0001, max=100, help="Multiplies every number of steps.")] = 1.0,
) -> None:
    """Train one part, or all in order. Stopped at any moment, the same command goes on from its last checkpoint."""
    from picturebook.training.loop import Studio

    hush()
    started = time.monotonic()

    def say(line: str) -> None:
        typer.echo(f"{time.monotonic() - started:7.0f} s  {line}")

    if quick:
        with tempfile.TemporaryDirectory() as folder:
            run(part, Studio(Path(folder) / "models", Path(folder) / "cache", device, QUICK, say))
    else:
        run(part, Studio(models, cache, device, pace, say, onward))


def hush() -> None:
    """Only figures are said: the libraries' notices and loading bars are not."""
    import diffusers.utils.logging
    import transformers.utils.logging

    for logging in (diffusers.utils.logging, transformers.utils.logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()


def run(part: Part, studio: Studio) -> None:
    from picturebook.training.parts import LESSONS

    for name in LESSONS if part is Part.ALL else (part.value,):
        LESSONS[name](studio)


@app.command()
def evaluate(
    models: Annotated[Path, typer.Option(help="Where the models are.")] = HERE / "models",
    only: Annotated[str, typer.Option(help="Figures to measure, such as PB1,PB7; all of them if empty.")] = "",
    share: Annotated[float, typer.Option(min=0.01, max=1, help="Measure on this share of the prompts.")] = 1.0,
) -> None:
    """Measure every figure with its 95 % interval and write `benchmarks/results/picturebook.json`."""
    from picturebook.evaluate import measure

    hush()
    measure(models, tuple(filter(None, only.split(","))), share)


@app.command()
def references(folder: Annotated[Path, typer.Option(help="The starter knowledge.")] = HERE / "knowledge") -> None:
    """Draw the reference pictures the knowledge base starts with, and the same subjects in two styles."""
    from picturebook.references import DATABASES, write_references

    typer.echo(f"{write_references(folder)} references in {folder}")
    for style, name in DATABASES.items():
        typer.echo(f"{write_references(folder / name, style)} references in {folder / name}")


if __name__ == "__main__":
    app()
