"""How a door says no: OpenAI's error envelope for everybody, and beside it the fields that A1111's clients read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from knowledge.journal import Full
from knowledge.problems import Problem, TryAgain

KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
NOT_AGAIN = {"x-should-retry": "false"}
"""Tells OpenAI's clients, which ask again after some answers, that it would be in vain."""


class Said(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class Envelope(BaseModel):
    """What every refusal looks like: https://platform.openai.com/docs/guides/error-codes"""

    error: Said


class TheirEnvelope(BaseModel):
    """That of A1111's API."""

    error: str
    detail: str
    body: str = ""
    errors: str = ""


STATUSES = {
    400: "The request should be changed: the message says how",
    401: "The bearer token is missing or wrong",
    403: "Asked from a page of another site",
    404: "Nothing has this id",
    409: "It was cancelled",
    413: "The body is too large",
    415: "The body is not of the type it should be",
    421: "Asked under a name this server does not have",
    422: "It cannot be done here: the message says why",
    429: "Too much is waiting: ask again after the seconds in Retry-After",
    500: "An internal error: the message has the id of its details",
    503: "Nothing can be kept just now: the message says why",
}


def refusals(model: type[BaseModel] = Envelope) -> dict[int | str, dict[str, Any]]:
    """Of every endpoint, for OpenAPI."""
    return {status: {"model": model, "description": why} for status, why in STATUSES.items()}


class Refused(Exception):
    """`status` is HTTP's; `param` is what in the request was wrong, `code` a word for programs."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.headers = dict(headers or {})

    @property
    def envelope(self) -> dict[str, Any]:
        kind = KINDS.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        said = Said(message=self.message, type=kind, param=self.param, code=self.code)
        return Envelope(error=said).model_dump()


def answer(path: str, refused: Refused) -> JSONResponse:
    """The envelope; below /sdapi its `error` is a word and `detail` the sentence."""
    body = refused.envelope
    if path.startswith("/sdapi/"):
        body = TheirEnvelope(error=body["error"]["type"], detail=refused.message).model_dump()
    return JSONResponse(body, refused.status, refused.headers)


def _of_problem(problem: Problem) -> Refused:
    """One that a call of the desk raised."""
    if isinstance(problem, Full):
        return Refused(429, str(problem), "queue_full", headers={"Retry-After": str(problem.retry_after)})
    if isinstance(problem, TryAgain):
        return Refused(400, str(problem), "try_again")
    return Refused(503, str(problem), "give_up", headers=NOT_AGAIN)


def of_values(wrong: ValidationError | RequestValidationError) -> Refused:
    """The first value that does not fit, by its name."""
    error = wrong.errors()[0]
    place = ".".join(str(part) for part in error["loc"] if part != "body")
    return Refused(400, f"{place or 'The body'}: {error['msg']}.", "invalid_value", place or None)


def tell(app: FastAPI) -> None:
    """Have everything an endpoint raises on purpose told in this way."""

    async def told(request: Request, raised: Exception) -> JSONResponse:
        return answer(request.url.path, as_refused(raised))

    for kind in (Refused, Problem, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, told)


def as_refused(raised: Exception) -> Refused:
    """What an endpoint raised on purpose, as a refusal; anything else is raised again."""
    match raised:
        case Refused():
            return raised
        case Problem():
            return _of_problem(raised)
        case RequestValidationError():
            return of_values(raised)
        case HTTPException():
            return Refused(raised.status_code, raised.detail, headers=raised.headers)
    raise raised
