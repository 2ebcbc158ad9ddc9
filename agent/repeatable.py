"""How a call that a killed process began gives the same pictures when another begins it again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from tools.toolbox import Tool

SEEDS = 2**31


def seeded(tool: Tool, arguments: Mapping[str, Any], source: str) -> dict[str, Any]:
    """With a seed that follows from the call's own name, where the tool draws one by lot if none is given."""
    field = tool.arguments.model_fields.get("seed")
    by_lot = field is not None and field.default is None and arguments.get("seed") is None
    return {**arguments, "seed": seed_of(source)} if by_lot else dict(arguments)


def seed_of(source: str) -> int:
    return int.from_bytes(hashlib.sha256(source.encode()).digest()[:8]) % SEEDS
