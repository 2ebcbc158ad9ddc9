"""The ways in which a chat model fails, in words for people: never its own, which may hold keys or addresses."""

from __future__ import annotations

import httpx
from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)
from openai import OpenAIError

CONTENT_FILTER = "content_filter"
TOO_LONG = "context_length_exceeded"


class BrokenAnswer(Exception):
    """The chat model answered, but not whole; the message completes "it …"."""


class Refused(Exception):
    """The provider's content filter does not let this through."""


FAILURES = (ModelError, OpenAIError, httpx.HTTPError, BrokenAnswer, ValueError, TypeError, AttributeError)
"""The last three are what the client raises for a reply that is no chat completion at all."""
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ModelAuthenticationError, "refuses the key"),
    (ModelPermissionDeniedError, "may not be used with this key"),
    (ModelNotFoundError, "is not there: the server knows no such model or deployment"),
    (ModelRateLimitError, "is asked too often"),
    (ModelTimeoutError, "takes too long"),
    (httpx.TimeoutException, "takes too long"),
    (ModelConnectionError, "cannot be reached"),
    (httpx.TransportError, "cannot be reached"),
    (ContextOverflowError, "cannot read a conversation this long"),
    (ModelAPIError, "has an internal error"),
    (OpenAIError, "does not accept the request"),
)


def code(failed: BaseException) -> str:
    """What the provider calls it; LangChain does not find this where the server says it in `error.code` only."""
    return str(getattr(failed, "code", None) or "")


def refused(failed: BaseException) -> bool:
    return isinstance(failed, Refused) or code(failed) == CONTENT_FILTER


def reason(failed: BaseException) -> str:
    """Completes "the chat model …"."""
    if isinstance(failed, BrokenAnswer):
        return str(failed)
    if code(failed) == TOO_LONG:
        return "cannot read a conversation this long"
    known = (said for kind, said in REASONS if isinstance(failed, kind))
    return next(known, "does not answer as a chat model does")
