"""Nobody comes in by a foreign name, from a foreign page, without the token, or with too much; at no door."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.desk import Desk
from knowledge.problems import GiveUp
from tests.open_house import HeldRenderer, desk_of, served, small_bench
from ui.doors.guard import PAGE, Guard, guarding
from ui.server import app

TOKEN = "a token that nobody guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
MCP = {"Accept": "application/json, text/event-stream"}
EVIL = {
    "a foreign name": ({"Host": "evil.example"}, 421),
    "a foreign name that begins like ours": ({"Host": "localhost.evil.example"}, 421),
    "a name with the address of ours before it": ({"Host": "127.0.0.1@evil.example"}, 421),
    "no name": ({"Host": ""}, 421),
    "a foreign page": ({"Origin": "http://evil.example"}, 403),
    "a page without an origin": ({"Origin": "null"}, 403),
    "a page of another port here": ({"Origin": "http://127.0.0.1:1"}, 403),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    return desk_of(small_bench(folder, HeldRenderer()), folder)


@pytest.fixture(scope="module")
def url(desk: Desk) -> Iterator[str]:
    with served(desk, Guard()) as address:
        yield address


@pytest.fixture(scope="module")
def locked(desk: Desk) -> Iterator[str]:
    with served(desk, Guard(token=TOKEN, most_bytes=5000)) as address:
        yield address


@pytest.fixture(scope="module")
def doors(desk: Desk) -> list[tuple[str, str]]:
    return doors_of(desk)


def doors_of(desk: Desk) -> list[tuple[str, str]]:
    """Every method and path there is."""
    paths = app(desk, Guard()).openapi()["paths"]
    told = [(method.upper(), path.partition("{")[0] + "x" * ("{" in path)) for path in paths for method in paths[path]]
    return [*told, ("POST", "/mcp"), ("GET", "/mcp"), ("GET", "/openapi.json"), *(("GET", path) for path in PAGE)]


def refused(answer: httpx.Response, status: int) -> None:
    assert (answer.status_code, answer.request.url.path) == (status, answer.request.url.path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["error"]


@pytest.mark.parametrize(("headers", "status"), EVIL.values(), ids=EVIL)
def test_every_door_is_shut_to(doors: list[tuple[str, str]], url: str, headers: dict[str, str], status: int) -> None:
    with httpx.Client(base_url=url) as client:
        for method, path in doors:
            refused(client.request(method, path, headers={**MCP, **headers}), status)


def test_every_door_is_open_to_our_own_page_under_each_of_our_names(doors: list[tuple[str, str]], url: str) -> None:
    port = httpx.URL(url).port
    with httpx.Client(base_url=url) as client:
        for host in (f"127.0.0.1:{port}", f"LOCALHOST:{port}", f"[::1]:{port}", "localhost"):
            for method, path in doors:
                headers = {**MCP, "Host": host, "Origin": f"http://{host}"}
                with client.stream(method, path, headers=headers) as answer:
                    assert answer.status_code not in (401, 403, 421), (host, path)


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xe9"]
)
def test_every_door_but_the_page_wants_the_token(doors: list[tuple[str, str]], locked: str, authorization: str) -> None:
    given = {name.encode(): value.encode("latin-1") for name, value in {**MCP, "Authorization": authorization}.items()}
    with httpx.Client(base_url=locked) as client:
        for method, path in doors:
            answer = client.request(method, path, headers=given)
            if path in PAGE:
                assert answer.status_code == 200
            else:
                refused(answer, 401)
                assert answer.headers["www-authenticate"] == "Bearer"


def test_the_token_in_the_address_opens_nothing(locked: str) -> None:
    refused(httpx.get(f"{locked}/v1/models", params={"token": TOKEN, "seal": TOKEN}), 401)


@pytest.mark.parametrize(
    "auth", [BEARER, {"Authorization": "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()}]
)
def test_the_token_opens(locked: str, auth: dict[str, str]) -> None:
    assert httpx.get(f"{locked}/v1/models", headers=auth).status_code == 200


def test_an_address_with_its_seal_shows_that_picture_alone(locked: str) -> None:
    guard = Guard(token=TOKEN)
    mine, other = f"/images/{'0' * 64}", f"/images/{'1' * 64}"
    assert httpx.get(locked + mine + guard.seal(mine)).status_code == 404
    refused(httpx.get(locked + other + guard.seal(mine)), 401)
    refused(httpx.get(f"{locked}/v1/models{guard.seal('/v1/models')}"), 401)


@pytest.mark.parametrize("path", ["/v1/tools/draw", "/sdapi/v1/txt2img", "/v1/images", "/mcp", "/v1/chat/completions"])
def test_a_body_that_is_too_large_is_refused_whether_or_not_it_says_so(locked: str, path: str) -> None:
    headers = {**BEARER, **MCP, "Content-Type": "image/png" if path == "/v1/images" else "application/json"}
    for content in (b" " * 6000, iter([b" " * 3000] * 3)):
        refused(httpx.post(locked + path, content=content, headers=headers), 413)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "studio.example"])
def test_nothing_listens_to_others_without_a_token(host: str) -> None:
    with pytest.raises(GiveUp, match="ATELIER_TOKEN"):
        guarding(host, "")
    assert guarding(host, TOKEN).token == TOKEN


def test_here_no_token_is_needed() -> None:
    assert guarding("127.0.0.1", "").hosts == ("localhost", "127.0.0.1", "::1")


def test_a_crash_is_told_by_an_id_and_its_details_are_kept(desk: Desk) -> None:
    made = app(desk, Guard())

    @made.get("/v1/crash")
    def crash() -> None:
        raise LookupError("the secret is 1234")

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(made)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/v1/crash")

    answer = asyncio.run(asked())
    assert answer.status_code == 500
    assert "secret" not in answer.text
    said = answer.json()["error"]["message"]
    logs: Path = desk.journal.path.parent / "logs"
    assert "the secret is 1234" in (logs / f"{said.split()[2].strip(':;')}.log").read_text("utf-8")


def test_a_socket_from_a_foreign_page_is_closed(desk: Desk) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    headers = [(b"host", b"localhost"), (b"origin", b"http://evil.example")]
    scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": headers}
    asyncio.run(app(desk, Guard())(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
