"""What goes wrong between here and a Weaviate server, and how it is said."""

from __future__ import annotations

from collections.abc import Iterator

from grpc import RpcError, StatusCode
from grpc.aio import AioRpcError
from httpx import HTTPError, TransportError
from weaviate.exceptions import UnexpectedStatusCodeError, WeaviateBaseError, WeaviateStartUpError

FAILURES = (WeaviateBaseError, HTTPError, RpcError, TimeoutError, OSError)
SILENT = frozenset({StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, 502, 503, 504})
OLDEST = "1.27"


def said(url: str, rpc: str, error: BaseException, seconds: float) -> str:
    """The failure in one sentence, with what to do."""
    server = f"The Weaviate server at {url}"
    match code(error):
        case 401 | StatusCode.UNAUTHENTICATED:
            return f"{server} refused the API key: check it."
        case 403 | StatusCode.PERMISSION_DENIED:
            return f"{server} does not let this API key do that: give it the right, or use another."
    if isinstance(error, WeaviateStartUpError) and "not supported" in error.message:
        return f"{server} is too old: install {OLDEST} or newer ({brief(error)})."
    if not silent(error):
        return f"{server} could not do that: {brief(error)}."
    happened = f"gave no answer within {seconds:g} s" if isinstance(error, TimeoutError) else "cannot be reached"
    return f"{server} {happened}: check that it runs, and that its gRPC is at {rpc}."


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came of; the client hides in there what gRPC said."""
    while error:
        yield error
        error = error.__cause__ or error.__context__


def code(error: BaseException) -> int | StatusCode | None:
    for one in chain(error):
        if isinstance(one, AioRpcError):
            return one.code()
    return next((one.status_code for one in chain(error) if isinstance(one, UnexpectedStatusCodeError)), None)


def silent(error: BaseException) -> bool:
    """Whether the server said nothing at all, rather than that it cannot."""
    return code(error) in SILENT or any(
        isinstance(one, TimeoutError | OSError | TransportError) for one in chain(error)
    )


def brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:200].rstrip(". ")
