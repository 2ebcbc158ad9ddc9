"""A script of its own process: a file named on standard input, on standard output what PDF, HTML or a feed says in it.

Hostile files can make parsers run forever, eat all memory or crash; a process can be limited, and stopped from outside.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Told = dict[str, Any]
"""`documents`: of each its id, title, link and texts as (place, words), Markdown but for PDF; or why not: `refused`."""


def main() -> None:
    limits = json.loads(sys.argv[1])
    limit_memory(limits["memory"])
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a parser prints must not be taken for an answer
    for line in sys.stdin:
        path, kind = json.loads(line)
        end_after(limits["seconds"] + 5)  # should nobody be left who could stop this
        told = {"pdf": pdf, "html": html, "feed": feed}[kind](Path(path), limits)
        end_after(0)
        said.write(json.dumps(told) + "\n")
        said.flush()


def end_after(seconds: int) -> None:
    """0 calls it off."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def limit_memory(most: int) -> None:
    try:
        from resource import RLIMIT_AS, setrlimit
    except ImportError:
        return
    setrlimit(RLIMIT_AS, (most, most))


def pdf(path: Path, limits: Told) -> Told:
    from pypdf.errors import FileNotDecryptedError, PyPdfError

    try:
        return pages(path, limits)
    except FileNotDecryptedError:
        return {"refused": "is locked: save a copy without the password"}
    except PyPdfError:
        return {"refused": "is damaged, or no PDF: get it again"}


def pages(path: Path, limits: Told) -> Told:
    from pypdf import PdfReader

    file = PdfReader(path)
    if len(file.pages) > limits["pages"]:
        return {"refused": f"has {len(file.pages):,} pages, more than the {limits['pages']:,} that are read: split it"}
    texts: list[tuple[str, str]] = []
    left = limits["characters"]
    for number, page in enumerate(file.pages, 1):
        text = page.extract_text()
        left -= len(text)
        if left < 0:
            return {"refused": f"has more than the {limits['characters']:,} characters that are read: split it"}
        texts.append((f"page {number}", text))
    title = file.metadata.title if file.metadata else None
    return {"documents": [{"id": "", "title": str(title or ""), "link": "", "texts": texts}]}


def html(path: Path, limits: Told) -> Told:
    from trafilatura import extract_metadata, load_html

    data = path.read_bytes()
    tree = load_html(data)
    about = None if tree is None else extract_metadata(tree)
    title = str(about.title or "") if about else ""
    return {"documents": [{"id": "", "title": title, "link": "", "texts": [("", markdown(data))]}]}


def markdown(page: bytes | str) -> str:
    """The main part of a page; if none can be told, all its words."""
    from trafilatura import extract, html2txt
    from trafilatura.settings import use_config

    whole, config = html2txt(page), use_config()
    # Of a short page, less is taken for the main part than the 250 characters it would have to have.
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", str(min(250, len(whole) // 4)))
    main = extract(page, output_format="markdown", favor_recall=True, include_comments=False, config=config)
    return main or whole


def feed(path: Path, limits: Told) -> Told:
    from feedparser import parse

    found = parse(path.read_bytes())
    if not found.version:
        return {"refused": "is XML but no feed: give an RSS or Atom feed"}
    if len(found.entries) > limits["posts"]:
        return {"refused": f"has more than the {limits['posts']:,} posts that are read: split it"}
    return {"documents": list(posts(found.entries))}


def posts(entries: list[Any]) -> Iterator[Told]:
    for entry in entries:
        bodies = [part.value for part in entry.get("content", ())] or [entry.get("summary", "")]
        text = "\n\n".join(markdown(f"<html><body><article>{body}</article></body></html>") for body in bodies if body)
        link, title = str(entry.get("link", "")), str(entry.get("title", ""))
        link = link if link.startswith(("http://", "https://")) else ""
        known_by = str(entry.get("id", "")) or link or title
        yield {"id": known_by, "title": title, "link": link, "texts": [("", text or title)]}


if __name__ == "__main__":
    main()
