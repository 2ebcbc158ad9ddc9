"""The one place that chooses every concrete class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from PIL.Image import Image

import picturebook
from agent.chat_critic import ChatCritic
from agent.chat_models import chat_line, sees, writing_model
from agent.late_renderer import LateRenderer
from agent.prompt_writer import ChatPromptWriter
from agent.settings import Settings, Store, variable
from agent.wish import CRAFT, looked_in
from agent.wish_splitter import ChatWishSplitter
from knowledge.base import KnowledgeBase
from knowledge.clip_embedder import ClipEmbedder
from knowledge.craft import craft
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.encoding_cache import CachedEmbedder, CachedTextEmbedder, EncodingCache
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester, read_records
from knowledge.ledger import Ledger
from knowledge.lora_files import LoraShelf, file_hash
from knowledge.problems import TryAgain
from knowledge.sentence_embedder import SentenceEmbedder
from knowledge.starter import Starter
from picturebook.vocabulary import book_things, book_words
from tools.clip_critic import ClipCritic
from tools.critique import WorldCritic
from tools.preprocess.detectors import Detectors
from tools.renderer import Renderer
from tools.toolbox import Bench
from tools.world import World

if TYPE_CHECKING:
    from knowledge.ingestion import Ingestion
    from tools.engine.model_files import KnownModel
    from tools.train import LoraTrainer
    from tools.training.school import School

BOOK = Path(picturebook.__file__).parent
MODELS, STARTER = BOOK / "models", BOOK / "knowledge"
TALKERS = {"picturebook": str(MODELS / "talker")}
"""Chat models that have names of their own here."""
STYLED = ("neon", "paper-cut")
"""The book's own style databases: folders of the starter, and collections of these names."""
LORAS, TRAINING = "loras", "training"
"""Folders of the user's data: LoRAs that were trained here, and what is not finished yet."""


@dataclass(frozen=True)
class Workshop:
    """`lines` name each choice for people."""

    bench: Bench
    ingester: Ingester
    lines: tuple[str, ...]


def open_workshop(settings: Settings) -> Workshop:
    """Models load when they are first used; the starter collections are brought up to date at once."""
    bench = bare_bench(settings)
    ingester = Ingester(bench.base, bench.encoders, StarterPictures(bench.gallery).image)
    _fill(Starter(ingester, settings.data / "knowledge" / "starter.json"), bench.shelf, looked_in(settings.model))
    if model := writing_model(settings):
        bench = replace(bench, writer=ChatPromptWriter(model), splitter=ChatWishSplitter(model))
        if sees(settings, model):
            bench = replace(bench, usual_critic=ChatCritic(model, bench.splitter))
    lines = (
        f"model {settings.model}",
        f"knowledge {settings.knowledge}",
        f"chat model {chat_line(settings)}",
        f"device {settings.device}",
    )
    return Workshop(bench, ingester, lines)


def bare_bench(settings: Settings) -> Bench:
    """Nothing is looked up, loaded or asked yet, and no chat model helps: enough to describe the tools."""
    gallery, shelf = Gallery(settings.data / "gallery"), _shelf(settings)
    return Bench(
        knowledge_base(settings, settings.knowledge),
        _encoders(settings.data / "knowledge" / "encodings.sqlite"),
        gallery,
        _drawing(settings, gallery, shelf),
        shelf,
        detectors=Detectors(settings.device),
        reference_from=settings.reference_from,
        critics={"picturebook": WorldCritic(_reader)},
        usual_critic=ClipCritic(ClipEmbedder(settings.clip)) if settings.clip else None,
        worlds={"picturebook": World(frozenset(book_words()), frozenset(book_things()))},
        filling=frozenset({"picturebook"}),
    )


def knowledge_base(settings: Settings, store: Store) -> KnowledgeBase:
    """The store of that kind which the settings describe, opened or to be opened at its first use."""
    if store == "embedded":
        return EmbeddedBase(settings.data / "knowledge")
    from knowledge.weaviate_base import WeaviateBase

    if not settings.weaviate_url:
        raise TryAgain(f"There is no Weaviate to reach: set {variable('weaviate_url')}.")
    return WeaviateBase(settings.weaviate_url, settings.weaviate_grpc, settings.weaviate_api_key.get_secret_value())


def ledger(settings: Settings) -> Ledger:
    """What became of everything that was to be ingested, in whichever collection."""
    return Ledger(settings.data / "knowledge" / "ingested.sqlite")


def open_ingestion(settings: Settings, workshop: Workshop, allow_urls: bool) -> Ingestion:
    from knowledge.ingestion import Ingestion
    from knowledge.readers.readers import Readers
    from knowledge.web import Web

    return Ingestion(workshop.ingester, ledger(settings), Readers(workshop.bench.gallery), Web(allow_urls))


def open_trainer(settings: Settings, workshop: Workshop) -> LoraTrainer:
    from tools.train import LoraTrainer

    bench, data = workshop.bench, settings.data
    school = partial(_school, settings)
    return LoraTrainer(data / TRAINING, data / LORAS, school, workshop.ingester, bench.painter, bench.shelf)


def _drawing(settings: Settings, gallery: Gallery, shelf: LoraShelf) -> Renderer:
    if settings.ray:
        return LateRenderer(partial(_on_ray, settings))
    if settings.worker == "in-process":
        return LateRenderer(partial(_renderer, settings, gallery, shelf))
    from tools.engine.supervisor import SupervisedRenderer

    return SupervisedRenderer(partial(_elsewhere, settings))


def _on_ray(settings: Settings) -> Renderer:
    from tools.engine.devices import device
    from tools.engine.ray_renderer import RayRenderer

    gpus = 1.0 if device(settings.device).startswith("cuda") else 0.0
    return RayRenderer.of(partial(_elsewhere, settings), settings.ray, settings.replicas, gpus)


def _elsewhere(settings: Settings) -> Renderer:
    """In a process of its own, which opens what it needs itself."""
    gallery = Gallery(settings.data / "gallery")
    return _renderer(settings, gallery, _shelf(settings))


def _shelf(settings: Settings) -> LoraShelf:
    known = settings.data / "knowledge" / "loras.sqlite"
    folders = (MODELS / "loras", settings.data / LORAS, *settings.loras)
    return LoraShelf(folders, known, partial(_seen_at, ledger(settings), settings.data / TRAINING))


def _renderer(settings: Settings, gallery: Gallery, shelf: LoraShelf) -> Renderer:
    from tools.engine.devices import device
    from tools.engine.engine_renderer import EngineRenderer
    from tools.engine.profile import Profile

    profile = Profile(settings.memory == "low", "inductor" if settings.compile else "")
    return EngineRenderer(gallery.image, shelf.path, known_models(), device(settings.device), profile)


def _reader() -> Callable[[Image, str], Sequence[tuple[str, bool]]]:
    from picturebook.critic import reader

    return reader(MODELS)


def known_models(models: Path = MODELS) -> dict[str, KnownModel]:
    """The models that have names of their own here, with the ControlNets that lie beside them."""
    from tools.engine.model_files import KnownModel

    nets = {folder.name.removeprefix("controlnet-"): str(folder) for folder in sorted(models.glob("controlnet-*"))}
    return {"picturebook": KnownModel(str(models / "pipeline"), "picturebook", nets, 128)}


def _school(settings: Settings) -> School:
    from tools.engine.devices import device
    from tools.engine.profile import Profile
    from tools.training.school import School

    return School(known_models(), device(settings.device), Profile(settings.memory == "low"))


def _encoders(kept: Path) -> Encoders:
    cache = EncodingCache(kept)
    clip = ClipEmbedder(str(MODELS / "clip"))
    return Encoders(CachedTextEmbedder(SentenceEmbedder(), cache), CachedEmbedder(clip, cache))


def _fill(starter: Starter, shelf: LoraShelf, wanted: Sequence[str]) -> None:
    starter.fill("lore", read_records(STARTER / "lore.jsonl"))
    starter.fill("references", read_records(STARTER / "references.jsonl"))
    for name in ("styles", *STYLED):
        starter.fill(name, [record for file in (STARTER / name).glob("*.jsonl") for record in read_records(file)])
    starter.fill("loras", shelf.cards())
    if CRAFT in wanted:
        starter.fill(CRAFT, craft())


def _seen_at(ledger: Ledger, training: Path, sha256: str) -> list[Path]:
    """Where a LoRA was ingested from, or may have been drawn with while it was trained."""
    ingested = [Path(key) for key in ledger.sources_of(sha256)] if ledger.path.is_file() else []
    return [*ingested, *training.glob("*/*.safetensors")]


@dataclass(frozen=True)
class StarterPictures:
    """References' pictures; those of the starter are kept in the gallery when they are first read."""

    gallery: Gallery

    def image(self, image_id: str) -> Image:
        if file := self._files.get(image_id):
            self.gallery.keep_inputs({image_id: file.read_bytes()})
        return self.gallery.image(image_id)

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {file_hash(path): path for path in STARTER.glob("**/references/*.png")}
