"""Small records, vectors and spaces, for tests of what keeps them."""

from __future__ import annotations

import numpy as np

from knowledge.base import Found, Query, Space, Vector
from knowledge.records import LoraCard, Lore, Reference

SPACES = (Space("text", "encoder-a", 4), Space("image", "encoder-a", 4))


def towards(*numbers: float) -> Vector:
    """The unit vector in that direction."""
    return (np.array(numbers) / np.linalg.norm(numbers)).astype(np.float32)


def lore(record_id: str, body: str = "", **rest: object) -> Lore:
    return Lore.model_validate({"id": record_id, "title": record_id, "body": body, **rest})


def reference(record_id: str, caption: str, **rest: object) -> Reference:
    return Reference.model_validate({"id": record_id, "caption": caption, "image_id": "a" * 64, **rest})


def card(record_id: str, **rest: object) -> LoraCard:
    kept = {"id": record_id, "name": record_id, "base_model": "sd1", "sha256": "b" * 64, **rest}
    return LoraCard.model_validate(kept)


EAST, NORTH = towards(1, 0, 0, 0), towards(0, 1, 0, 0)
SAME = Query("same", {"text": EAST})
"""Finds every record that says "same" or has a vector."""


def ids(found: Found) -> list[str]:
    return list(found.records)
