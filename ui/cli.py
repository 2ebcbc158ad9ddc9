"""The command line. Only names and options live here, so that `--help` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ui import knowledge_cli
from ui.failures import told

app = typer.Typer(
    help="Atelier draws what you ask for, and tells you why it looks as it does.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(knowledge_cli.app, name="knowledge")
WITH_AGAIN = {"again", "output", "as_json"}


@app.callback()
def atelier() -> None:
    """Atelier draws what you ask for, and tells you why it looks as it does."""


@app.command()
def draw(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(help="What to draw.", show_default=False)] = "",
    style: Annotated[bool, typer.Option(help="Let Atelier pick a LoRA that fits.")] = True,
    lora: Annotated[list[str] | None, typer.Option(metavar="NAME[:W[:lbw=…]]", help="Use this LoRA.")] = None,
    reference: Annotated[Path | None, typer.Option(metavar="IMG", help="Start from it, or guide by its edges.")] = None,
    mask: Annotated[Path | None, typer.Option(metavar="IMG", help="Repaint only where this is white.")] = None,
    strength: Annotated[float | None, typer.Option(help="How far from --reference, 0 to 1.")] = None,
    control: Annotated[str | None, typer.Option(metavar="KIND[:HOW]", help="Follow its canny, depth, …")] = None,
    collection: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Look things up here only.")] = None,
    retrieve: Annotated[bool, typer.Option(help="Look things up and rewrite the prompt.")] = True,
    negative: Annotated[str, typer.Option(metavar="TEXT", help="What to keep out.", show_default=False)] = "",
    seed: Annotated[int | None, typer.Option(help="Same seed, same picture; random if not given.")] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps.")] = None,
    guidance: Annotated[float | None, typer.Option(help="How strictly to follow the prompt.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="NAME", help="Sampler, such as euler or dpmpp_2m.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Pixels, multiples of 8.")] = None,
    hires: Annotated[float | None, typer.Option(metavar="SCALE", help="Draw over it, so many times larger.")] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME_OR_PATH", help="A hub id, folder or picturebook.")] = None,
    tries: Annotated[int, typer.Option(min=1, max=8, help="Draw again what lacks something; keep the best.")] = 1,
    count: Annotated[int, typer.Option("-n", min=1, max=100, help="Pictures, with seeds counting up.")] = 1,
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE", help="A .png, .jpg or .webp file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    again: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw this picture's recipe once more.")] = None,
) -> None:
    """Draw a picture: retrieve, rewrite, pick LoRAs, prepare the control, render."""
    with told():
        from agent.wish import Wish, looked_in
        from ui import orders

        tray = orders.Tray(output, as_json)
        if again is not None:
            orders.redraw(again, _given(context) - WITH_AGAIN, tray)
            return
        settings = orders.settings_for(model)
        wish = Wish(
            prompt=prompt, model=settings.model, seed=orders.any_seed() if seed is None else seed,
            negative_prompt=negative, steps=steps, guidance=guidance, scheduler=scheduler,
            size=orders.sides(size) if size else None, hires=hires,
            retrieve=retrieve, collections=tuple(collection or looked_in(settings.model)), pinned=bool(collection),
            style=style, loras=tuple(lora or ()), strength=strength, control=control,
            tries=tries,
        )  # fmt: skip
        orders.draw(settings, wish, orders.Given(reference, mask), count, tray)


@app.command()
def chat(
    name: Annotated[str, typer.Option(metavar="NAME", help="Go on with this conversation.", show_default=False)] = "",
    names: Annotated[bool, typer.Option("--list", help="List the conversations there are.")] = False,
) -> None:
    """Draw and refine by talking, line by line; /help says how. Lines may come through a pipe."""
    with told():
        from ui import chat_cli

        if names:
            typer.echo("\n".join(chat_cli.listed()))
        else:
            chat_cli.talk(name)


@app.command()
def serve(
    host: Annotated[str, typer.Option(metavar="NAME", help="Listen there.", show_default=False)] = "",
    port: Annotated[int, typer.Option(min=-1, max=65535, help="On this port; 0: any.", show_default=False)] = -1,
) -> None:
    """Serve the chat page, MCP, and HTTP as OpenAI and A1111 speak it."""
    with told():
        from agent.settings import read_settings
        from ui import serving

        asked = {name: value for name, value in (("host", host), ("port", port)) if value not in ("", -1)}
        serving.serve(read_settings().model_copy(update=asked))


@app.command()
def mcp() -> None:
    """Offer the tools by MCP to the program that starts this, over stdin and stdout."""
    with told():
        from agent.settings import read_settings
        from ui.doors import mcp_stdio

        mcp_stdio.speak(read_settings())


@app.command()
def ingest(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[PATH|URL]...", help="What to learn from.")] = None,
    collection: Annotated[str, typer.Option(metavar="NAME", help="Into this one; lore if none is named.")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Go on with what is put into the folders.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="List what failed before, and why.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try that again.")] = False,
    allow_urls: Annotated[bool, typer.Option("--allow-urls", help="Fetch pages from the web.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Forget what has left the folders.")] = False,
) -> None:
    """Learn from files, folders, pages and feeds; only what is new or changed is read."""
    with told():
        from agent.settings import read_settings
        from ui import ingesting

        wanted = ingesting.Wanted(tuple(sources or ()), collection, watch, failed, retry, allow_urls, prune)
        if not ingesting.obey(read_settings(), wanted):
            raise typer.Exit(2)


@app.command()
def show(file: Annotated[Path, typer.Argument(help="A picture, by Atelier or by another program.")]) -> None:
    """Show what shaped a picture: its prompts, citations, decisions and recipe."""
    with told():
        from ui import orders

        typer.echo("\n".join(orders.show(file)))


@app.command()
def rate(
    picture: Annotated[str, typer.Argument(metavar="FILE|ID", help="A picture that Atelier drew.")],
    rating: Annotated[int, typer.Argument(min=1, max=5, help="1 to 5.")],
    reference: Annotated[bool | None, typer.Option(help="Let later wishes find and follow it, or no more.")] = None,
    collection: Annotated[str, typer.Option(metavar="NAME", help="As a reference in this one.")] = "",
) -> None:
    """Say how good a picture is; the best can become references."""
    with told():
        from ui import knowledge_orders
        from ui import rating as ratings

        knowledge_orders.tell(ratings.rated(knowledge_orders.desk(), picture, rating, reference, collection))


@app.command()
def train(
    name: Annotated[str, typer.Option(metavar="NAME", help="What the LoRA is called.", show_default=False)],
    folder: Annotated[Path | None, typer.Argument(help="Pictures, each with a .txt file of its name.")] = None,
    kind: Annotated[Literal["style", "subject"] | None, typer.Option(help="What it is to learn; else style.")] = None,
    trigger: Annotated[str | None, typer.Option(metavar="WORDS", help="What calls for it; else its name.")] = None,
    also: Annotated[list[str] | None, typer.Option(metavar="WORDS", help="What else calls for it.")] = None,
    about: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is, for whoever picks.")] = None,
    steps: Annotated[int | None, typer.Option(help="Else what suits the model.")] = None,
    rank: Annotated[int | None, typer.Option(help="How much it can hold, and how large it is; else 16.")] = None,
    rate: Annotated[float | None, typer.Option(help="Peak learning rate; else what suits the model.")] = None,
    batch: Annotated[int | None, typer.Option(help="Pictures a step; else what suits the model.")] = None,
    side: Annotated[int | None, typer.Option(help="Pixels to train at; else the model's own.")] = None,
    text_encoder: Annotated[bool | None, typer.Option(help="Whether the words learn too.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same LoRA; else 0.")] = None,
    samples: Annotated[int | None, typer.Option(help="Pictures drawn on the way, four times; else 2.")] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME_OR_PATH", help="A Stable Diffusion 1, 2 or XL.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with one that was stopped.")] = False,
) -> None:
    """Train a LoRA that the next prompt can wear; Ctrl-C keeps what was learnt."""
    with told():
        from tools.train import Asked
        from ui import orders, training

        settings = orders.settings_for(model)
        asked = Asked(
            name, model if resume else settings.model, kind, trigger, tuple(also) if also else None, about,
            steps, rank, rate, batch, side, text_encoder, seed, samples,
        )  # fmt: skip
        training.run(settings, folder, asked, resume)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="faithfulness, render, …, or report for the README's tables.")],
    only: Annotated[list[str] | None, typer.Option(metavar="ID", help="These only; the others' results stay.")] = None,
    share: Annotated[float, typer.Option(min=0.001, help="Of the full size; results are kept from 1 on.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Other prompts; only the results of 0 are kept.")] = 0,
    kept: Annotated[Path | None, typer.Option(help="Where drawings stay, to go on from after a stop.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="See in a minute whether it works; these are no figures.")
    ] = False,
) -> None:
    """Measure Atelier beside its rivals."""
    with told():
        from ui import benching

        benching.run(name, only or (), share, seed, kept, quick)


def _given(context: typer.Context) -> set[str]:
    """The parameters that stand on the command line."""
    return {name for name in context.params if str(context.get_parameter_source(name)).endswith("COMMANDLINE")}
