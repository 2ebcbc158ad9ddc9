"""What a request says, as typed values: of JSON nothing is taken for another type, of a form its texts are read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from ui.doors.refusals import Refused, of_values

Asked = TypeVar("Asked", bound=BaseModel)
JSON, FORM = "application/json", "multipart/form-data"


def media_type(request: Request) -> str:
    """Of the body, without its parameters; empty where none is given."""
    return request.headers.get("content-type", "").partition(";")[0].strip().casefold()


async def read_json(request: Request, kind: type[Asked]) -> Asked:
    """Pydantic alone would take `false` for 0.0 and `"7"` for 7."""
    _refuse_type(request, JSON)
    try:
        return kind.model_validate_json(await request.body(), strict=True)
    except ValidationError as wrong:
        raise of_values(wrong) from wrong


async def read_form(
    request: Request, kind: type[Asked], files: tuple[str, ...]
) -> tuple[Asked, dict[str, list[bytes]]]:
    """The fields, and the files by their names; a name that ends in [] holds several."""
    _refuse_type(request, FORM)
    texts: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    found: dict[str, list[bytes]] = {name: [] for name in files}
    async with request.form(max_files=16, max_fields=100) as form:
        for name, value in form.multi_items():
            bare = name.removesuffix("[]")
            if not isinstance(value, str):
                found.setdefault(bare, []).append(await value.read())
            elif bare in files:
                raise Refused(400, f"{bare}: Send it as a file.", "invalid_value", bare)
            elif name == bare:
                texts[name] = value
            else:
                lists.setdefault(bare, []).append(value)
    try:
        return kind.model_validate({**texts, **lists}), found
    except ValidationError as wrong:
        raise of_values(wrong) from wrong


def from_base64(text: str, name: str) -> bytes:
    """With or without `data:image/png;base64,` before it."""
    try:
        return base64.b64decode(text.partition(";base64,")[2] or text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(400, f"{name}: It is not base64.", "invalid_value", name) from None


def described(kind: type[BaseModel], *files: str) -> dict[str, Any]:
    """The body for OpenAPI: JSON, or a form with these files."""
    schema = inlined(kind.model_json_schema())
    for name in files:
        schema["properties"][name] = {"type": "string", "format": "binary"}
    return {"requestBody": {"required": True, "content": {FORM if files else JSON: {"schema": schema}}}}


def inlined(schema: Any, definitions: Mapping[str, Any] | None = None) -> Any:
    """The JSON schema without references, which would lead elsewhere in another document."""
    if isinstance(schema, list):
        return [inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    definitions = definitions or schema.get("$defs", {})
    if name := schema.get("$ref"):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return inlined({**definitions[name.removeprefix("#/$defs/")], **beside}, definitions)
    return {key: inlined(value, definitions) for key, value in schema.items() if key != "$defs"}


def _refuse_type(request: Request, wanted: str) -> None:
    if media_type(request) != wanted:
        raise Refused(415, f"Send the body as {wanted}.", "unsupported_type")
