"""One ASGI application with every door; it hands everything to the desk, and loads no model and no model library."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI
from starlette.routing import Route

from agent.crash_log import CrashLog
from agent.desk import Desk
from ui.doors import a1111, openai_chat, openai_images, pages, rest, talks
from ui.doors.guard import Guard, Guarded
from ui.doors.mcp_http import mcp_app
from ui.doors.refusals import tell

DOORS = (
    *(rest.routes, rest.picture_routes, talks.routes),
    *(openai_images.routes, openai_chat.routes, a1111.routes, pages.routes),
)


def app(desk: Desk, guard: Guard) -> FastAPI:
    """Nobody passes the guard: what is mounted later is behind it too."""
    mcp = mcp_app(desk, guard)
    # the interactive docs would fetch their scripts from elsewhere
    made = FastAPI(title="Atelier", version=version("atelier"), docs_url=None, redoc_url=None, lifespan=mcp.lifespan)
    made.state.guard = guard
    tell(made)
    for routes in DOORS:
        made.include_router(routes(desk))
    made.router.routes.append(Route("/mcp", mcp))
    made.add_middleware(Guarded, guard=guard, log=CrashLog(desk.journal.path.parent / "logs"))
    return made
