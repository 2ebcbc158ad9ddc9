"""Pages fetched from the web, if that is allowed: from public addresses only, within limits, and with no traces."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpcore
import httpx

from knowledge.addresses import Address, CheckedNetwork, is_public, resolved
from knowledge.problems import TryAgain
from knowledge.readers.limits import KINDS, Limits

SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/pdf": ".pdf",
    "application/rss+xml": ".rss",
    "application/atom+xml": ".atom",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
}
"""The types that are fetched, and how a file of each is called."""
VAGUE = ("text/plain", "application/octet-stream", "binary/octet-stream")
"""Types that servers give to what they do not know: the address may say more."""
MOVED = (301, 302, 303, 307, 308)
HEADERS = {"User-Agent": "Atelier", "Accept": ", ".join(SUFFIXES), "Accept-Encoding": "identity"}
GZIP = 31
"""What zlib calls it."""


@dataclass(frozen=True)
class Web:
    """
    `allowed` decides on each address; `resolve` gives those of a host and port.

    No cookies are kept or sent, and no proxy is used, not even one that the environment names: a proxy looks names up
    itself, so that no check here would hold.
    """

    allow_urls: bool = False
    limits: Limits = field(default_factory=Limits)
    allowed: Callable[[Address], bool] = is_public
    resolve: Callable[[str, int], Sequence[str]] = resolved

    def checked(self, url: str) -> httpx.URL:
        """Raises `TryAgain` for what is refused by its looks alone."""
        if not self.allow_urls:
            raise TryAgain(f"{url[:200]!r} is not fetched, for URLs are off: allow them with --allow-urls.")
        return address(url)

    def fetch(self, url: str, folder: Path) -> Path:
        """The page as a file in the folder; raises `TryAgain` for what is refused, missing, too large or too slow."""
        at = self.checked(url)
        network = CheckedNetwork(self.allowed, self.resolve, time.monotonic() + self.limits.download_seconds)
        try:
            with httpcore.ConnectionPool(network_backend=network, max_connections=1) as pool:
                for _ in range(self.limits.redirects + 1):
                    path, moved = self._ask(pool, at, folder)
                    if path:
                        return path
                    at = address(moved, at)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, zlib.error) as error:
            why = str(error).strip() or type(error).__name__
            raise TryAgain(f"{url[:200]!r} could not be fetched ({why[:200]}): try again later.") from error
        raise TryAgain(f"{url[:200]!r} moves more than {self.limits.redirects} times: give the page's own address.")

    def _ask(self, pool: httpcore.ConnectionPool, at: httpx.URL, folder: Path) -> tuple[Path | None, str]:
        """The page, or where it has moved."""
        target = httpcore.URL(scheme=at.raw_scheme, host=at.raw_host, port=at.port, target=at.raw_path)
        with pool.stream("GET", target, headers={**HEADERS, "Host": at.netloc.decode()}) as response:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            if response.status in MOVED and headers.get("location"):
                return None, headers["location"]
            if response.status != 200:
                raise TryAgain(f"{str(at)[:200]!r} answers {response.status}: check the address.")
            path = folder / named(at, headers.get("content-type", ""))
            coding = headers.get("content-encoding", "identity").strip().lower()
            path.write_bytes(self._body(response.iter_stream(), coding, str(at)))
            return path, ""

    def _body(self, stream: Iterable[bytes], coding: str, url: str) -> bytes:
        """All of it, unpacked no further than the limit."""
        most = self.limits.download
        if coding not in ("identity", "", "gzip"):
            raise TryAgain(f"{url[:200]!r} comes packed as {coding[:20]!r}, which is not read: save it as a file.")
        unpack = zlib.decompressobj(GZIP) if coding == "gzip" else None
        body = bytearray()
        for chunk in stream:
            body += unpack.decompress(chunk, most + 1) if unpack else chunk
            if len(body) > most:
                raise TryAgain(f"{url[:200]!r} has more than the {most:,} bytes that are fetched: save a part of it.")
        if unpack and not unpack.eof:
            raise httpcore.ReadError("it ends too early")
        return bytes(body)


def address(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """An http or https URL without a fragment, absolute or below a base; raises `TryAgain` for any other."""
    try:
        found = (base.join(url) if base else httpx.URL(url)).copy_with(fragment=None)
    except httpx.InvalidURL as error:
        raise TryAgain(f"{url[:200]!r} is no URL: write one such as https://example.org/page.") from error
    if found.scheme not in ("http", "https") or not found.host:
        raise TryAgain(f"{url[:200]!r} is not fetched: give an http or https address.")
    if found.userinfo:
        raise TryAgain("An address with a name or password in it is not fetched: leave them out.")
    return found


def named(at: httpx.URL, content_type: str) -> str:
    """A file name from the last part of the address, with the suffix of what the page is."""
    kind = content_type.partition(";")[0].strip().lower()
    last = Path(at.path.rpartition("/")[2])
    suffix = SUFFIXES.get(kind, "")
    if kind in VAGUE and last.suffix.lower() in KINDS:
        suffix = last.suffix.lower()
    if not suffix:
        raise TryAgain(f"{str(at)[:200]!r} is of the type {kind[:60]!r}, which is not read: give a page or picture.")
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', last.stem)[:60].strip('-') or 'page'}{suffix}"
