"""The MCP door over streamable HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastmcp.server.http import StarletteWithLifespan, StreamableHTTPASGIApp
from starlette.applications import Starlette
from starlette.routing import Route

from agent.desk import Desk
from ui.doors.guard import Guard
from ui.doors.mcp_door import mcp_server


def mcp_app(desk: Desk, guard: Guard) -> StarletteWithLifespan:
    """To be routed to as /mcp, in the lifespan it brings."""
    server = mcp_server(desk)
    made = server.http_app("/mcp", host_origin_protection=True, allowed_hosts=list(guard.hosts), stateless_http=False)
    _give_room(made, guard.most_bytes)
    return made


def _give_room(made: StarletteWithLifespan, most_bytes: int) -> None:
    """For images: the MCP SDK takes 4 MiB at most, and FastMCP has no setting for it."""
    doors = [route.endpoint for route in made.routes if isinstance(route, Route)]
    (door,) = [endpoint for endpoint in doors if isinstance(endpoint, StreamableHTTPASGIApp)]
    opened = made.lifespan

    @asynccontextmanager
    async def roomy(app: Starlette) -> AsyncIterator[None]:
        async with opened(app):
            assert door.session_manager is not None
            door.session_manager.asgi_app.max_body_size = most_bytes
            yield

    made.router.lifespan_context = roomy
