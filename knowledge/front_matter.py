"""The YAML block at the top of a model card: one mapping of plain text, read without any of YAML's powers."""

from __future__ import annotations

import yaml

LONGEST = 32 << 10
"""Characters. Real blocks, sample prompts included, take a few thousand."""


class PlainLoader(yaml.BaseLoader):
    """Text, lists and mappings only: no types, and no aliases, with which a page can stand for terabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are refused")
        return super().compose_node(parent, index)


def front_matter(text: str) -> dict[str, object]:
    """The block between two lines of dashes, empty if there is none. Raises `ValueError` if it is not plain YAML."""
    start, _, rest = text.lstrip("\ufeff").partition("\n")
    block, end, _ = f"\n{rest[:LONGEST]}".partition("\n---")
    if start.strip() != "---":
        return {}
    if not end:
        raise ValueError("its front matter has no end")
    try:
        found = yaml.load(block, PlainLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("its front matter is not plain YAML") from error
    return found if isinstance(found, dict) else {}
