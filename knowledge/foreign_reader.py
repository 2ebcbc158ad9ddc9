"""A script of its own process: an image file's texts on standard input, what sd-parsers finds on standard output.

Its patterns and its walk through a graph can take forever on hostile texts; a process can be stopped from outside.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import Image
from sd_parsers import Eagerness, ParserManager
from sd_parsers.data import PromptInfo


def main() -> None:
    texts = json.load(sys.stdin.buffer)
    image = Image.new("L", (1, 1))
    image.format, image.info = "PNG", texts
    found = ParserManager().parse(image, Eagerness.FAST)
    said = _said(found, texts) if found and found.samplers else None
    sys.stdout.buffer.write(json.dumps(said, ensure_ascii=False).encode(errors="replace"))


def _said(found: PromptInfo, texts: Mapping[str, str]) -> dict[str, Any]:
    sampler = next((sampler for sampler in found.samplers if sampler.prompts), found.samplers[0])
    return {
        "tool": found.generator.value,
        "prompt": ", ".join(map(str, sampler.prompts)),
        "negative_prompt": ", ".join(map(str, sampler.negative_prompts)),
        "sampler": str(sampler.name),
        "model": str(sampler.model or _named_by_invokeai(texts)),
        "settings": dict(_settings(found.metadata)) | dict(_settings(sampler.parameters)),
    }


def _settings(parameters: Mapping[Any, Any]) -> Iterator[tuple[str, str | int | float]]:
    for name, value in parameters.items():
        if isinstance(value, str | int | float):
            yield str(name).lower().replace(" ", "_"), value
        elif isinstance(value, list):  # ComfyUI's nodes of one class, by class: only the empty latent tells the size
            for node in value:
                if isinstance(node, dict) and {"width", "height"} <= node.keys():
                    yield from (("width", node["width"]), ("height", node["height"]))


def _named_by_invokeai(texts: Mapping[str, str]) -> str:
    """sd-parsers 0.6 knows `model_name`, which InvokeAI 4 renamed to `name`."""
    model = json.loads(texts.get("invokeai_metadata", "{}")).get("model") or {}
    return model.get("name", "")


if __name__ == "__main__":
    main()
