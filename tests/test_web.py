"""Pages from the web: only where allowed, only from public addresses, and never more than the limits."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path

import pytest

from knowledge.addresses import Address, is_public
from knowledge.problems import TryAgain
from knowledge.readers.limits import Limits
from knowledge.web import Web
from tests.loopback_pages import moved, page, serving

SMALL = Limits(download=1000, download_seconds=20, redirects=2)


def here(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def anywhere(address: Address) -> bool:
    return True


OPEN = Web(allow_urls=True, limits=SMALL, allowed=anywhere, resolve=here)


def refused(web: Web, url: str, folder: Path) -> str:
    with pytest.raises(TryAgain) as said:
        web.fetch(url, folder)
    assert str(said.value).endswith(".")
    assert list(folder.iterdir()) == []
    return str(said.value)


def test_a_page_is_fetched_into_a_file_of_its_type(tmp_path: Path) -> None:
    with serving(page(b"<p>light</p>", "text/html; charset=utf-8")) as served:
        path = OPEN.fetch(served.url("/a%20b/rim.light.php?x=1"), tmp_path)
    assert (path.name, path.read_bytes()) == ("rim-light.html", b"<p>light</p>")
    (asked,) = served.requests
    assert asked.path == "/a%20b/rim.light.php?x=1"
    assert asked.headers["Host"] == f"pages.example:{served.server.server_port}"


def test_nothing_is_fetched_unless_it_is_allowed(tmp_path: Path) -> None:
    with serving(page(b"words")) as served:
        assert "--allow-urls" in refused(replace(OPEN, allow_urls=False), served.url(), tmp_path)
    assert served.requests == []


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://pages.example/x", "gopher://pages.example/", "javascript:alert(1)", "//pages"),
        *("http://", "http:///x", "http://user:word@pages.example/", "http://pages.example:99999/", "http://[::1/", ""),
        *("data:text/html,hello", "jar:http://pages.example!/", "http://exa\0mple/", "unix:/var/run/docker.sock"),
    ],
)
def test_only_plain_web_addresses_are_fetched(tmp_path: Path, url: str) -> None:
    refused(OPEN, url, tmp_path)


PRIVATE = (
    *(
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
    ),
    *(
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
    ),
    *("255.255.255.255", "168.63.129.16", "192.88.99.1", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1"),
    *("ff02::1", "ff0e::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:c0a8:101::1", "2001:0:7f00:1::"),
    *("2001:db8::1", "3fff::1", "100::1", "::ffff:0:10.0.0.1", "5f00::1"),
)
PUBLIC = ("93.184.215.14", "8.8.8.8", "2606:4700::6810:84e5", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1")


@pytest.mark.parametrize("number", PRIVATE)
def test_no_address_behind_the_public_internet_is_public(number: str) -> None:
    assert not is_public(ip_address(number))


@pytest.mark.parametrize("number", PUBLIC)
def test_public_addresses_are_public_in_every_form(number: str) -> None:
    assert is_public(ip_address(number))


@pytest.mark.parametrize("number", PRIVATE)
def test_a_name_that_leads_to_a_private_address_is_refused(tmp_path: Path, number: str) -> None:
    web = Web(allow_urls=True, limits=SMALL, resolve=lambda host, port: ["8.8.8.8", number])
    assert "'pages.example' is not on the public internet" in refused(web, "http://pages.example/", tmp_path)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "017700000001", "0x7f000001"])
def test_every_spelling_of_loopback_is_refused(tmp_path: Path, host: str) -> None:
    # What the system's resolver makes of numbers; the tests' own lets no such name through.
    web = Web(allow_urls=True, limits=SMALL, resolve=lambda name, port: [socket.inet_ntoa(socket.inet_aton(name))])
    with serving(page(b"secrets", "text/plain")) as served:
        said = refused(web, served.url(host=host), tmp_path)
    assert "not on the public internet" in said or "is no URL" in said
    assert served.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST", "127。0。0。1"])
def test_loopback_is_refused_by_the_systems_own_resolver(tmp_path: Path, host: str) -> None:
    with serving(page(b"secrets", "text/plain")) as served:
        said = refused(Web(allow_urls=True, limits=SMALL), served.url(host=host), tmp_path)
    assert "not on the public internet" in said
    assert served.requests == []


def test_the_address_that_was_checked_is_the_one_connected_to(tmp_path: Path) -> None:
    """A name that means one thing when it is checked and another when it is used gains nothing."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked: list[Address] = []

    def allowed(found: Address) -> bool:
        asked.append(found)
        return True

    with serving(page(b"words", "text/plain")) as served:
        web = replace(OPEN, allowed=allowed, resolve=lambda host, port: next(answers))
        assert web.fetch(served.url(), tmp_path).read_bytes() == b"words"
    assert asked == [ip_address("127.0.0.1")]
    assert list(answers) == [["10.0.0.1"]]


def test_a_redirect_is_followed_and_checked_anew(tmp_path: Path) -> None:
    private = {"inside.example": "10.0.0.1"}
    web = replace(
        OPEN,
        allowed=lambda found: str(found) == "127.0.0.1",
        resolve=lambda host, port: [private.get(host, "127.0.0.1")],
    )
    with serving(page(b"words", "text/plain")) as last, serving(moved(last.url("/end.md"))) as first:
        assert web.fetch(first.url(), tmp_path).name == "end.md"
        assert "Cookie" not in last.requests[0].headers
    (tmp_path / "end.md").unlink()
    for where in ("http://inside.example/", "//inside.example:81/x"):
        with serving(moved(where)) as first:
            assert "'inside.example' is not on the public internet" in refused(web, first.url(), tmp_path)
    for where in (
        "file:///etc/passwd",
        "ftp://pages.example/",
        "http://who:why@pages.example/",
        "http://[",
        "gopher://x/",
    ):
        with serving(moved(where)) as first:
            refused(web, first.url(), tmp_path)


def test_redirects_come_to_an_end(tmp_path: Path) -> None:
    with serving(moved("/again")) as served:
        assert "moves more than 2 times" in refused(OPEN, served.url(), tmp_path)
    assert len(served.requests) == 3


def test_a_page_too_large_is_refused_whether_it_says_so_or_not(tmp_path: Path) -> None:
    def endless(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Type", "text/plain")
        to.end_headers()
        with suppress(OSError):
            while True:
                to.wfile.write(b"more " * 100)

    for say in (page(b"x" * 2000, "text/plain"), endless):
        with serving(say) as served:
            assert "more than the 1,000 bytes" in refused(OPEN, served.url(), tmp_path)


def test_a_packed_page_is_unpacked_no_further_than_the_limit(tmp_path: Path) -> None:
    with serving(page(gzip.compress(b"words " * 10), "text/plain", Content_Encoding="gzip")) as served:
        assert OPEN.fetch(served.url(), tmp_path).read_bytes() == b"words " * 10
    (tmp_path / "page.txt").unlink()
    bomb, torn = gzip.compress(b"\0" * 10_000_000), gzip.compress(bytes(range(256)))[:-40]
    for body, coding in ((bomb, "gzip"), (torn, "gzip"), (b"not packed", "gzip"), (b"?", "br"), (b"?", "gzip, gzip")):
        with serving(page(body, "text/plain", Content_Encoding=coding)) as served:
            refused(replace(OPEN, limits=replace(SMALL, download=20_000)), served.url(), tmp_path)


@pytest.mark.parametrize(
    "kind", ["application/zip", "text/html-but-not", "application/octet-stream", "", "image/svg+xml"]
)
def test_only_what_can_be_read_is_fetched(tmp_path: Path, kind: str) -> None:
    with serving(page(b"PK", kind)) as served:
        assert "is of the type" in refused(OPEN, served.url("/archive"), tmp_path)


def test_a_vague_type_is_what_its_address_says(tmp_path: Path) -> None:
    with serving(page(b"a,b", "application/octet-stream")) as served:
        assert OPEN.fetch(served.url("/table.csv"), tmp_path).name == "table.csv"


@pytest.mark.parametrize("status", [404, 500, 204, 206])
def test_an_answer_without_the_page_is_refused(tmp_path: Path, status: int) -> None:
    def say(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        to.send_header("Content-Length", "0")
        to.end_headers()

    with serving(say) as served:
        assert f"answers {status}" in refused(OPEN, served.url(), tmp_path)


def dripping(stop: threading.Event, first: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Sends `first`, then one byte now and then, never long enough apart for a plain timeout."""

    def say(to: BaseHTTPRequestHandler) -> None:
        to.wfile.write(first)
        with suppress(OSError):
            while not stop.wait(0.02):
                to.wfile.write(b"x")

    return say


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"]
)
def test_a_page_that_drips_is_given_up_in_time(tmp_path: Path, first: bytes) -> None:
    stop = threading.Event()
    quick = replace(OPEN, limits=replace(SMALL, download_seconds=0.15, download=10**6))
    with serving(dripping(stop, first)) as served:
        began = time.monotonic()
        refused(quick, served.url(), tmp_path)
        took = time.monotonic() - began
        stop.set()
    assert took < 10


def test_a_host_that_is_not_there_or_says_nonsense_is_told(tmp_path: Path) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert "Name or service not known" in refused(replace(OPEN, resolve=unknown), "http://pages.example/", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    assert "try again later" in refused(OPEN, f"http://pages.example:{port}/", tmp_path)
    with serving(lambda to: to.wfile.write(b"SSH-2.0-nonsense\r\n")) as served:  # pyright: ignore[reportArgumentType]
        assert "try again later" in refused(OPEN, served.url(), tmp_path)


def test_no_proxy_of_the_environment_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(page(b"spied", "text/plain")) as proxy, serving(page(b"words", "text/plain")) as served:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(host="127.0.0.1"))
        assert OPEN.fetch(served.url(), tmp_path).read_bytes() == b"words"
    assert proxy.requests == []


def test_an_address_in_another_script_is_looked_up_in_its_plain_form(tmp_path: Path) -> None:
    asked: list[str] = []
    web = replace(OPEN, resolve=lambda host, port: [asked.append(host) or "127.0.0.1"])
    with serving(page(b"words", "text/plain")) as served:
        web.fetch(served.url(host="bücher.example"), tmp_path)
    assert asked == ["xn--bcher-kva.example"]
