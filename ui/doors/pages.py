"""The plain chat page: three files, nothing from elsewhere, and nothing in them of anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from agent.desk import Desk

FOLDER = Path(__file__).parent / "page"
FILES = {
    "/": ("chat.html", "text/html; charset=utf-8"),
    "/chat.css": ("chat.css", "text/css; charset=utf-8"),
    "/chat.js": ("chat.js", "text/javascript; charset=utf-8"),
}


def routes(desk: Desk) -> APIRouter:
    """The page asks the other doors for all it shows."""
    router = APIRouter(include_in_schema=False)
    for address, (file, media_type) in FILES.items():
        router.add_api_route(address, _serving(FOLDER / file, media_type), methods=["GET"])
    return router


def _serving(path: Path, media_type: str) -> Callable[[], FileResponse]:
    def file() -> FileResponse:
        return FileResponse(path, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return file
