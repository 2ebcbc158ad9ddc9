"""The knowledge base as a LlamaIndex retriever, tools as LlamaIndex's, and its embedding models as our encoders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

import numpy as np
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.embeddings import MultiModalEmbedding
from llama_index.core.schema import ImageNode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import FunctionTool
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from knowledge.base import Hit
from knowledge.fusion import Findings
from knowledge.image_files import encode_plain
from knowledge.records import Reference
from knowledge.vector_index import units


class KnowledgeRetriever(BaseRetriever):
    """
    Gives LlamaIndex's engines what `retrieve` finds for a text, such as `tools.retrieve.Retriever(...).retrieve`.

    References become image nodes whose metadata holds the `image_id`; scores are 0..1.
    """

    def __init__(self, retrieve: Callable[[str], Findings]) -> None:
        super().__init__()
        self.retrieve_findings = retrieve

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self.retrieve_findings(query_bundle.query_str)
        return [NodeWithScore(node=node(hit), score=hit.score) for hit in found.hits]


def node(hit: Hit) -> TextNode:
    kind = ImageNode if isinstance(hit.record, Reference) else TextNode
    metadata = {"collection": hit.collection, "why": hit.why, **hit.record.model_dump(mode="json", exclude={"body"})}
    return kind(id_=f"{hit.collection}/{hit.record.id}", text=hit.record.text, metadata=metadata)


@dataclass(frozen=True)
class LlamaIndexEmbedder:
    """An `Embedder` from any model of LlamaIndex that sees and reads into one space."""

    model: MultiModalEmbedding

    @property
    def fingerprint(self) -> str:
        """Its class and name: LlamaIndex does not say which weights a model has."""
        return f"{type(self.model).__module__}.{type(self.model).__qualname__} {self.model.model_name}"

    @property
    def dim(self) -> int:
        return self._dim

    @cached_property
    def _dim(self) -> int:
        return self.texts(["one"]).shape[1]

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return unit(self.model.get_text_embedding_batch(list(texts)))

    def images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        return unit([self.model.get_image_embedding(BytesIO(encode_plain(image))) for image in images])


def function_tool(
    name: str, description: str, arguments: type[BaseModel], run: Callable[[dict[str, Any]], str]
) -> FunctionTool:
    """`run` gets the arguments just as a model wrote them."""
    return FunctionTool.from_defaults(lambda **given: run(given), name, description, fn_schema=arguments)


def unit(rows: Sequence[Sequence[float]]) -> NDArray[np.float32]:
    return units(np.array(rows, np.float32).reshape(len(rows), -1)) if rows else np.empty((0, 0), np.float32)
