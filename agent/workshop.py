"""The one place that chooses every concrete class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL.Image import Image

import picturebook
from agent.chat_models import chat_line, chat_model
from agent.late_renderer import LateRenderer
from agent.prompt_writer import ChatPromptWriter
from agent.settings import Settings
from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester, read_records
from knowledge.lora_files import LoraShelf, file_hash
from knowledge.starter import Starter
from tools.renderer import Renderer
from tools.toolbox import Bench

BOOK = Path(picturebook.__file__).parent
MODELS, STARTER = BOOK / "models", BOOK / "knowledge"


@dataclass(frozen=True)
class Workshop:
    """`lines` name each choice for people."""

    bench: Bench
    lines: tuple[str, ...]


def open_workshop(settings: Settings) -> Workshop:
    """Models load when they are first used; the starter collections are brought up to date at once."""
    gallery = Gallery(settings.data / "gallery")
    shelf = LoraShelf((MODELS / "loras", *settings.loras))
    embedder = ClipEmbedder(str(MODELS / "clip"))
    base = _knowledge(settings.data / "knowledge", embedder, gallery, shelf)
    model = chat_model(settings)
    renderer = LateRenderer(partial(_renderer, gallery, shelf, settings.device))
    bench = Bench(base, embedder, gallery, renderer, shelf, ChatPromptWriter(model) if model else None)
    lines = (
        f"model {settings.model}",
        "knowledge embedded",
        f"chat model {chat_line(settings)}",
        f"device {settings.device}",
    )
    return Workshop(bench, lines)


def _renderer(gallery: Gallery, shelf: LoraShelf, asked: str) -> Renderer:
    from tools.engine.devices import device
    from tools.engine.diffusers_renderer import DiffusersRenderer
    from tools.engine.model_files import KnownModel

    controlnets = {"canny": str(MODELS / "controlnet-canny")}
    book = KnownModel(str(MODELS / "pipeline"), "picturebook", controlnets, 128)
    return DiffusersRenderer(gallery.image, shelf.path, {"picturebook": book}, device(asked))


def _knowledge(folder: Path, embedder: ClipEmbedder, gallery: Gallery, shelf: LoraShelf) -> EmbeddedBase:
    # Vectors of two encoders are never compared: what each has read is a folder of its own.
    own = folder / embedder.fingerprint[:16]
    base = EmbeddedBase(own)
    starter = Starter(Ingester(base, embedder, partial(_image, gallery)), own / "starter.json")
    starter.fill("lore", read_records(STARTER / "lore.jsonl"))
    starter.fill("references", read_records(STARTER / "references.jsonl"))
    starter.fill("loras", shelf.cards())
    return base


def _image(gallery: Gallery, image_id: str) -> Image:
    """A reference's picture; those of the starter are kept in the gallery when they are first read."""
    files = (path for path in (STARTER / "references").glob("*.png") if file_hash(path) == image_id)
    for path in files:
        gallery.keep_inputs({image_id: path.read_bytes()})
    return gallery.image(image_id)
