"""The commands that look into the knowledge base and change it; names and options only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.failures import told

app = typer.Typer(help="Look into what Atelier knows, and teach it.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="COLLECTION", help="Such as lore, references or loras.")]


@app.command("list")
def every() -> None:
    """Every collection: how many records it holds and who encoded them."""
    with told():
        from ui import knowledge_orders as orders

        orders.tell(orders.listed(orders.desk()))


@app.command()
def show(name: Name, record: Annotated[str, typer.Argument(metavar="ID", help="One record, whole.")] = "") -> None:
    """What a collection holds, or everything one of its records says."""
    with told():
        from ui import knowledge_orders as orders

        orders.tell(orders.shown(orders.desk(), name, record))


@app.command()
def search(
    words: Annotated[str, typer.Argument(help="What to look for.")] = "",
    collection: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Look here only.")] = None,
    image: Annotated[Path | None, typer.Option(metavar="IMG", help="Look for what resembles this picture.")] = None,
    limit: Annotated[int, typer.Option(help="How many records.")] = 6,
) -> None:
    """What would be found for a wish or a picture, and why."""
    with told():
        from ui import knowledge_orders as orders

        orders.tell(orders.found(orders.desk(), words, collection, image, limit))


@app.command()
def add(
    name: Name,
    title: Annotated[str, typer.Argument(help="The word to explain, or the picture's caption.")],
    means: Annotated[str, typer.Option(help="What the word means.", show_default=False)] = "",
    adds: Annotated[str, typer.Option(help="Words a prompt gains by it; else what it means.", show_default=False)] = "",
    also: Annotated[list[str] | None, typer.Option(metavar="WORD", help="Another word for the same.")] = None,
    image: Annotated[Path | None, typer.Option(metavar="IMG", help="Remember this picture under its caption.")] = None,
    licence: Annotated[str, typer.Option(help="Under which it may be used.", show_default=False)] = "",
    source: Annotated[str, typer.Option(help="Where it is from.", show_default=False)] = "",
) -> None:
    """Teach Atelier a word, or a picture of something."""
    with told():
        from ui import knowledge_orders as orders

        lesson = orders.Lesson(title, means, adds, tuple(also or ()), image, licence, source)
        orders.tell(orders.taught(orders.desk(), name, lesson))


@app.command()
def remove(
    name: Name,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="The records to forget.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Forget the whole collection.")] = False,
) -> None:
    """Forget some records, or with --all a whole collection."""
    with told():
        from ui import knowledge_orders as orders

        orders.tell(orders.removed(orders.desk(), name, tuple(ids or ()), everything))


@app.command()
def reencode(name: Name) -> None:
    """Give a collection the vectors of today's encoders; the old ones answer until that is done."""
    with told():
        from ui import knowledge_orders as orders

        orders.tell(orders.reencoded(orders.desk(), name))


@app.command()
def copy(
    source: Annotated[str, typer.Option("--from", metavar="STORE", help="embedded or weaviate.")],
    target: Annotated[str, typer.Option("--to", metavar="STORE", help="The other one.")],
    collection: Annotated[list[str] | None, typer.Option(metavar="NAME", help="This one only.")] = None,
) -> None:
    """Bring everything from one store to the other; what is there already is left as it is."""
    with told():
        from ui import knowledge_orders as orders

        lines, whole = orders.copied(source, target, tuple(collection or ()))
        orders.tell(lines)
        if not whole:
            raise typer.Exit(2)


@app.command("export")
def export_(name: Name, file: Annotated[Path, typer.Argument(help="A .zip file to share.")]) -> None:
    """Put a collection into one file that others can import."""
    with told():
        from ui import knowledge_orders as orders

        orders.tell(orders.exported(orders.desk(), name, file))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A .zip file made by export.")],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Call it so.", show_default=False)] = "",
) -> None:
    """Take in a collection that was exported."""
    with told():
        from ui import knowledge_orders as orders

        orders.tell(orders.imported(orders.desk(), file, name))


@app.command()
def compact(name: Name) -> None:
    """Give the room of what was changed and forgotten back to the disk."""
    with told():
        from ui import knowledge_orders as orders

        orders.tell(orders.compacted(orders.desk(), name))


@app.command()
def check() -> None:
    """Whether everything that is kept can be read, and what to do where it cannot."""
    with told():
        from ui import knowledge_orders as orders

        lines, well = orders.checked(orders.desk())
        orders.tell(lines)
        if not well:
            raise typer.Exit(1)
