"""Other ways to search vectors on one machine, each asked the same; those that are not installed are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.clip_like import RARE, Rows

Answer = Callable[[NDArray[np.float32], int], list[int]]
"""The places of the nearest rows to a vector, best first, at most so many."""


@dataclass(frozen=True)
class Rival:
    """Filled, and ready to answer: among all rows, and among those that pass the filter, if it can filter."""

    ask: Answer
    ask_filtered: Answer | None = None


def lancedb(folder: Path, batches: Iterable[Rows], licences: list[str], index: str = "") -> Rival:
    lance, arrow = import_module("lancedb"), import_module("pyarrow")

    def tables() -> Iterator[Any]:
        start = 0
        for rows in batches:
            vectors = arrow.FixedSizeListArray.from_arrays(arrow.array(rows.reshape(-1)), rows.shape[1])
            columns = [
                arrow.array(range(start, start + len(rows))),
                arrow.array(licences[start : start + len(rows)]),
                vectors,
            ]
            start += len(rows)
            yield arrow.RecordBatch.from_arrays(columns, ["place", "licence", "vector"])

    table = lance.connect(folder).create_table("rows", list(tables()))
    if index:
        parts = max(1, len(licences) // 4096)
        table.create_index(metric="cosine", index_type=index, num_partitions=parts, vector_column_name="vector")
        table.create_scalar_index("licence")

    def ask(vector: NDArray[np.float32], limit: int, where: str = "") -> list[int]:
        query: Any = table.search(vector).distance_type("cosine").limit(limit).select(["place", "_distance"])
        query = query.refine_factor(5) if index else query
        query = query.where(where, prefilter=True) if where else query
        return query.to_arrow()["place"].to_pylist()

    return Rival(ask, lambda vector, limit: ask(vector, limit, f"licence = '{RARE}'"))


def faiss(folder: Path, batches: Iterable[Rows], licences: list[str], graph: bool = False) -> Rival:
    library = import_module("faiss")

    library.omp_set_num_threads(1)
    index: Any = None
    for rows in batches:
        if index is None:
            dim = rows.shape[1]
            index = library.IndexHNSWFlat(dim, 32, library.METRIC_INNER_PRODUCT) if graph else library.IndexFlatIP(dim)
            if graph:
                index.hnsw.efConstruction, index.hnsw.efSearch = 100, 64
        index.add(rows)
    rare = library.IDSelectorBatch(np.flatnonzero(np.array(licences) == RARE))
    params = library.SearchParametersHNSW(sel=rare, efSearch=64) if graph else library.SearchParameters(sel=rare)

    def ask(vector: NDArray[np.float32], limit: int, how: Any = None) -> list[int]:
        return index.search(vector[None], limit, params=how)[1][0].tolist()

    return Rival(ask, lambda vector, limit: ask(vector, limit, params))


def chroma(folder: Path, batches: Iterable[Rows], licences: list[str]) -> Rival:
    chromadb = import_module("chromadb")

    client = chromadb.PersistentClient(str(folder), chromadb.Settings(anonymized_telemetry=False))
    kept = client.create_collection("rows", metadata={"hnsw:space": "cosine"}, embedding_function=None)
    start = 0
    for rows in batches:
        places = range(start, start + len(rows))
        kept.add([str(place) for place in places], rows, [{"licence": licences[place]} for place in places])
        start += len(rows)

    def ask(vector: NDArray[np.float32], limit: int, where: Any = None) -> list[int]:
        return [int(one) for one in kept.query(vector[None], n_results=limit, where=where, include=[])["ids"][0]]

    return Rival(ask, lambda vector, limit: ask(vector, limit, {"licence": RARE}))


RIVALS: Mapping[str, tuple[str, Callable[[Path, Iterable[Rows], list[str]], Rival]]] = {
    "lancedb-exact": ("lancedb", lancedb),
    "lancedb-ivf-sq": ("lancedb", lambda *given: lancedb(*given, index="IVF_SQ")),
    "faiss-flat": ("faiss", faiss),
    "faiss-hnsw": ("faiss", lambda *given: faiss(*given, graph=True)),
    "chroma": ("chromadb", chroma),
}


def installed() -> Mapping[str, Callable[[Path, Iterable[Rows], list[str]], Rival]]:
    """By name, those whose library is there."""
    return {name: make for name, (library, make) in RIVALS.items() if find_spec(library)}
