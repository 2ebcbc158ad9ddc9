"""What a chat model may say when it has tools, as a grammar: words, then calls that fit the tools' schemas exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_TEXT = 600
"""Characters of a text within a call: one without end would take all there is to say."""
MOST_ITEMS = 8
LARGEST = 2**32
JSON_AS_TAUGHT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""As chat templates write the calls that models learned from."""
MOST_CALLS = 4


def tool_grammar(tools: Sequence[Mapping[str, Any]], choice: object, opening: int, closing: int) -> str:
    """
    A Lark grammar of llguidance over tools in OpenAI's form; `opening` and `closing` are the tokens around a call.

    `choice` is as in OpenAI's API: none, auto, any or required, or a tool's name, plain or in an object.
    """
    words = r"TEXT: /(?s:.+)/ & ~/(?s:.*)<\/?tool_call>(?s:.*)/"
    named = _named(choice)
    allowed = [tool["function"] for tool in tools if named in (None, tool["function"]["name"])]
    if choice == "none" or not allowed:
        return f"start: TEXT?\n{words}"
    forced = named is not None or choice in ("any", "required", True)
    calls = f'call ("\\n" call){{0,{MOST_CALLS - 1}}}'
    return "\n".join(
        (
            f"start: {'calls' if forced else 'TEXT? calls?'}",
            words,
            f"calls: {calls}",
            f'call: <[{opening}]> "\\n" made "\\n" <[{closing}]>',
            f"made: %json {json.dumps({'x-guidance': JSON_AS_TAUGHT, 'anyOf': [_call(tool) for tool in allowed]})}",
        )
    )


def _named(choice: object) -> str | None:
    if isinstance(choice, Mapping):
        return str(choice["function"]["name"])
    return choice if isinstance(choice, str) and choice not in ("none", "auto", "any", "required") else None


def _call(tool: Mapping[str, Any]) -> dict[str, Any]:
    arguments = bounded(tool.get("parameters") or {"type": "object", "properties": {}, "additionalProperties": False})
    return {
        "type": "object",
        "properties": {"name": {"const": tool["name"]}, "arguments": arguments},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def bounded(schema: Any) -> Any:
    """The schema with an end to every text, list and number: what fits it fits the one that was given, too."""
    if isinstance(schema, list):
        return [bounded(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: bounded(part) for name, part in schema.items() if name not in ("title", "description", "default")}
    match schema.get("type"):
        case "string" if not {"enum", "const", "pattern"} & set(schema):
            kept["maxLength"] = min(schema.get("maxLength", LONGEST_TEXT), LONGEST_TEXT)
        case "array":
            kept["maxItems"] = min(schema.get("maxItems", MOST_ITEMS), MOST_ITEMS)
        case "integer" | "number":
            low = {} if {"minimum", "exclusiveMinimum"} & set(schema) else {"minimum": -LARGEST}
            high = {} if {"maximum", "exclusiveMaximum"} & set(schema) else {"maximum": LARGEST}
            kept |= low | high
    return kept
