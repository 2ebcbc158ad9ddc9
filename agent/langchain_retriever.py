"""The knowledge base as a LangChain retriever, for chains and agents of others."""

from __future__ import annotations

from collections.abc import Callable

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from knowledge.fusion import Findings


class KnowledgeRetriever(BaseRetriever):
    """Gives what `retrieve` finds for a text, such as `tools.retrieve.Retriever(...).retrieve`, best first."""

    retrieve: Callable[[str], Findings]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [
            Document(
                id=f"{hit.collection}/{hit.record.id}",
                page_content=hit.record.text,
                metadata={"collection": hit.collection, "score": hit.score, "why": hit.why}
                | hit.record.model_dump(mode="json", exclude={"body"}),
            )
            for hit in self.retrieve(query).hits
        ]
