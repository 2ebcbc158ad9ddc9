"""The knowledge base inside LlamaIndex and LangChain, and LlamaIndex's embedding models inside the base."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from llama_index.core.embeddings import MultiModalEmbedding
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.schema import ImageNode
from PIL import Image

from agent.langchain_retriever import KnowledgeRetriever as ForLangChain
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.llama_index_adapters import KnowledgeRetriever as ForLlamaIndex
from knowledge.llama_index_adapters import LlamaIndexEmbedder
from knowledge.records import Lore, Reference
from tools.retrieve import Retriever


class Brightness(MultiModalEmbedding):
    """Hears how many letters are vowels and sees how bright a picture is."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return [1.0, sum(letter in "aeiou" for letter in text) / (len(text) or 1)]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    def _get_image_embedding(self, img_file_path: Any) -> list[float]:
        assert isinstance(img_file_path, BytesIO)
        return [1.0, float(np.asarray(Image.open(img_file_path)).mean() / 255)]

    async def _aget_image_embedding(self, img_file_path: Any) -> list[float]:
        return self._get_image_embedding(img_file_path)


@pytest.fixture
def retriever(tmp_path: Path) -> Iterator[Retriever]:
    base, gallery = EmbeddedBase(tmp_path / "knowledge"), Gallery(tmp_path / "gallery")
    embedder = LlamaIndexEmbedder(Brightness(model_name="brightness"))
    encoders = Encoders(embedder, embedder)
    ingester = Ingester(base, encoders, gallery.image)
    kept = gallery.keep(Image.new("RGB", (8, 8), "white"))
    ingester.add("lore", [Lore(id="dusk", title="dusk", body="the hour after sunset", terms=("dusk",))])
    ingester.add("references", [Reference(id="moon", caption="a full moon", image_id=kept)])
    yield Retriever(base, encoders, gallery)
    base.close()


def test_llama_index_gets_text_and_image_nodes_best_first(retriever: Retriever) -> None:
    found = ForLlamaIndex(retriever.retrieve).retrieve("a moon at dusk")
    assert [one.node.node_id for one in found] == ["lore/dusk", "references/moon"]
    assert isinstance(found[1].node, ImageNode)
    assert found[1].node.metadata["image_id"] == retriever.base.get("references", ["moon"])[0].model_dump()["image_id"]
    assert found[0].node.get_content() == "dusk. the hour after sunset dusk"
    kept = SimilarityPostprocessor(similarity_cutoff=0.0).postprocess_nodes(found)
    assert len(kept) == 2


def test_langchain_gets_documents_in_a_chain(retriever: Retriever) -> None:
    def said(found: list[Document]) -> list[dict[str, Any]]:
        return [one.metadata for one in found]

    chain = ForLangChain(retrieve=retriever.retrieve) | RunnableLambda(said)
    first, second = chain.invoke("a moon at dusk")
    assert (first["collection"], first["why"]) == ("lore", "the wish says 'dusk'")
    assert second["caption"] == "a full moon"


def test_a_model_of_llama_index_fills_both_spaces(retriever: Retriever) -> None:
    embedder = retriever.encoders.image
    assert embedder.fingerprint.endswith("Brightness brightness")
    assert embedder.dim == 2
    white, black = embedder.images([Image.new("RGB", (8, 8), colour) for colour in ("white", "black")])
    assert np.linalg.norm([white, black], axis=1) == pytest.approx(1)
    assert white @ embedder.texts(["aeiou"])[0] > black @ embedder.texts(["aeiou"])[0]
