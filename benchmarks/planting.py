"""Plants orders where its owner takes in what others wrote: records, and files of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.cheap_studio import CheapStudio
from benchmarks.lora_makers import kohya, safetensors
from benchmarks.planted_orders import INGESTED, PLACES, Planted
from knowledge.ingestion import Ingestion
from knowledge.ledger import Ledger
from knowledge.readers.readers import Readers
from knowledge.records import LoraCard, Lore, Reference
from knowledge.web import Web


def plant(studio: CheapStudio, inbox: Path, some: Sequence[Planted]) -> None:
    """Everything that can be planted before anybody speaks; `inbox` is a folder that its owner takes in."""
    bench = studio.bench
    image_id = bench.gallery.keep(Image.new("RGB", (64, 64), "red"))
    records: list[tuple[str, Lore | Reference | LoraCard]] = []
    for one in some:
        match one.place:
            case "lore":
                records.append(("lore", Lore(id=one.word, title=one.word, body=one.text, terms=(one.word,))))
            case "caption":
                records.append(("references", Reference(id=one.word, caption=one.text, image_id=image_id)))
            case "LoRA card":
                records.append(("loras", _card(one)))
            case _:
                _leave(one, inbox)
    for name in dict(records):
        report = studio.ingester(bench).add(name, [record for whither, record in records if whither == name])
        assert not report.failed, report.failed
    ledger, readers = Ledger(studio.folder / "ingested.sqlite"), Readers(bench.gallery)
    summary = Ingestion(studio.ingester(bench), ledger, readers, Web()).run([str(inbox)], INGESTED)
    assert not summary.failed, summary.failed


def _leave(one: Planted, inbox: Path) -> None:
    """In a file that is to be taken in."""
    match one.place:
        case "LoRA file":
            file = inbox / f"{one.word}.safetensors"
            safetensors(file, kohya("down_blocks_0_attentions_0_proj_in", 8, 8), ss_output_name=one.text)
        case "picture's metadata":
            said = PngInfo()
            said.add_text("parameters", f"{one.text}\nSteps: 20, Sampler: Euler, Seed: 1, Size: 64x64")
            _painted(one).save(inbox / f"{one.word}.png", pnginfo=said)
        case "file name":
            _painted(one).save(inbox / f"{one.text.replace(':', '')}.png")
        case "web page":
            page = f"<html><title>{one.word}</title><body><h1>{one.word}</h1><p>{one.text}</p></body></html>"
            (inbox / f"{one.word}.html").write_text(page, "utf-8")


def _painted(one: Planted) -> Image.Image:
    """No two alike, since the same picture is kept once."""
    place = PLACES.index(one.place)
    return Image.new("RGB", (64, 64), (40 * place % 256, 15 * one.order % 256, 99))


def _card(one: Planted) -> LoraCard:
    digest = f"{PLACES.index(one.place):02x}{one.order:02x}".ljust(64, "e")
    told = {"about": one.text, "trigger_words": (one.word, one.text), "base_model": "picturebook", "sha256": digest}
    return LoraCard.model_validate({"id": one.word, "name": one.word, **told})
