"""Whether hybrid search finds more than its halves, and whether asking part by part finds both of two things."""

from __future__ import annotations

import ast
import random
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

import picturebook
from benchmarks.results import Row, rate
from knowledge.base import Item, Query, Space
from knowledge.clip_embedder import ClipEmbedder
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import TEXT, Encoders
from knowledge.fusion import Blend, find
from knowledge.gallery import Gallery
from knowledge.ingest import Ingester
from knowledge.records import Lore, Reference
from knowledge.sentence_embedder import SentenceEmbedder
from picturebook.drawing import draw
from picturebook.scene import COLOURS, KINDS, Scene, Thing, any_scene, captions
from tools.retrieve import Retriever

LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "lib2to3", "pydoc_data", "turtledemo"}
DOCUMENTS, QUESTIONS, PROMPTS = 2500, 500, 300
NEAREST = 4
"""References asked for where two things are wanted."""


@contextmanager
def empty_base() -> Iterator[tuple[EmbeddedBase, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        base = EmbeddedBase(Path(folder) / "knowledge")
        try:
            yield base, Path(folder)
        finally:
            base.close()


def explained() -> Iterator[tuple[str, str]]:
    """First line and the rest of the documentation of Python's own library: what a thing does, and how it is told."""
    library = Path(sysconfig.get_paths()["stdlib"])
    inner = (path for path in library.rglob("*.py") if not LEFT_OUT & {*path.relative_to(library).parts})
    for path in sorted(inner):
        tree = ast.parse(path.read_text("utf-8", errors="replace"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                first, _, rest = (ast.get_docstring(node) or "").partition("\n")
                if len(first) >= 25 and len(rest.split()) >= 15:
                    yield first.strip(), " ".join(rest.split())[:900]


def hybrid(share: float) -> list[Row]:
    """K9: the right document first among all, by each way of asking the same base."""
    pairs = list({rest: (first, rest) for first, rest in explained()}.values())
    random.Random("K9").shuffle(pairs)
    pairs = pairs[: max(60, round(DOCUMENTS * share))]
    embedder = SentenceEmbedder()
    with empty_base() as (base, _):
        base.ensure("texts", [Space(TEXT, embedder.fingerprint, embedder.dim)])
        vectors = embedder.texts([rest for _, rest in pairs])
        items = [Item(Lore(id=str(n), title="", body=rest), {TEXT: vectors[n]}) for n, (_, rest) in enumerate(pairs)]
        base.upsert("texts", items)
        asked = pairs[: max(30, round(QUESTIONS * share))]
        heard = embedder.texts([first for first, _ in asked])
        ways: Mapping[str, Callable[[int], tuple[Query, Blend]]] = {
            "hybrid": lambda n: (Query(asked[n][0], {TEXT: heard[n]}), Blend()),
            "dense": lambda n: (Query("", {TEXT: heard[n]}), Blend()),
            "BM25": lambda n: (Query(asked[n][0]), Blend()),
            "RRF": lambda n: (Query(asked[n][0], {TEXT: heard[n]}), Blend("rrf")),
        }
        right = {name: [first_is(base, *way(n), str(n)) for n in range(len(asked))] for name, way in ways.items()}
    rows = [
        rate(f"K9-{name}", f"{name}: right document first of {len(pairs)}", hits, None) for name, hits in right.items()
    ]
    gains = [gain(right["hybrid"], right[name], name) for name in ("dense", "BM25", "RRF")]
    worst = min(gains, key=lambda row: row.value)
    return [
        Row("K9", "hybrid less the best other way, R@1", worst.value, worst.low, worst.high, "rate", "higher", 0.0),
        *rows,
    ]


def first_is(base: EmbeddedBase, query: Query, how: Blend, wanted: str) -> bool:
    hits = find(base, ("texts",), query, how).hits
    return bool(hits) and hits[0].record.id == wanted


def gain(ours: Sequence[bool], theirs: Sequence[bool], name: str) -> Row:
    """The difference of two rates over the same questions, with a paired bootstrap's 95 % interval."""
    difference = np.array(ours, float) - np.array(theirs, float)
    drawn = np.random.default_rng(0).choice(difference, (2000, len(difference))).mean(1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Row(name, f"over {name}", float(difference.mean()), float(low), float(high), "rate", "higher")


def two_things(share: float) -> list[Row]:
    """K10: of a drawing of every kind in every colour, are those of both things among the nearest few?"""
    rng = random.Random("K10")
    with empty_base() as (base, folder):
        gallery = Gallery(folder / "gallery")
        clip = ClipEmbedder(str(Path(picturebook.__file__).parent / "models" / "clip"))
        retriever = Retriever(base, Encoders(SentenceEmbedder(), clip), gallery)
        Ingester(base, retriever.encoders, gallery.image).add("references", list(references(gallery, rng)))
        prompts = [any_scene(rng, 2) for _ in range(max(20, round(PROMPTS * share)))]
        asked = [rng.choice(captions(scene)) for scene in prompts]
        whole, apart = list[bool](), list[bool]()
        for scene, said in zip(prompts, asked, strict=True):
            wanted = {f"{thing.colour}-{thing.kind}" for thing in scene.things}
            (vectors,) = retriever.encoders.said([said])
            plain = find(base, ("references",), Query(said, vectors, limit=NEAREST)).hits
            found = retriever.retrieve(said, ("references",), limit=NEAREST).hits
            whole.append(wanted <= {hit.record.id for hit in plain})
            apart.append(wanted <= {hit.record.id for hit in found})
    difference = gain(apart, whole, "plain")
    what = f"two things: both references among {NEAREST}, part by part less the whole prompt"
    return [
        Row("K10", what, difference.value, difference.low, difference.high, "rate", "higher", 0.15),
        rate("K10-whole", f"both among {NEAREST}, asked as one prompt", whole, None),
        rate("K10-parts", f"both among {NEAREST}, asked part by part", apart, None),
    ]


def references(gallery: Gallery, rng: random.Random) -> Iterator[Reference]:
    for kind in KINDS:
        for colour in COLOURS:
            background = any_scene(rng, 1).background
            scene = Scene((Thing(kind, colour),), background, variation=rng.randrange(1 << 30))
            kept = gallery.keep(Image.fromarray(draw(scene)))
            yield Reference(id=f"{colour}-{kind}", caption=captions(scene)[0], image_id=kept)
