"""The tools as LangChain's: the same names, descriptions and schemas, run in a thread that a cancelled turn stops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any

from langchain.tools import ToolRuntime
from langchain_core.tools import StructuredTool

from agent.conversation_tools import DRAWING
from agent.conversations import Conversations
from agent.previews import previewing
from agent.repeatable import seeded
from agent.told_results import Teller, as_text
from agent.turn import Turn, last_answer
from knowledge.picture import Picture
from tools.call import Asked, Call
from tools.toolbox import Tool

ENDS_THE_TURN = "ask"


def langchain_tools(tools: Iterable[Tool], teller: Teller, conversations: Conversations) -> list[StructuredTool]:
    return [_structured(tool, teller, conversations) for tool in tools]


def _structured(tool: Tool, teller: Teller, conversations: Conversations) -> StructuredTool:
    async def run(runtime: ToolRuntime[Turn, Any], **arguments: Any) -> str:
        turn, arguments = runtime.context, seeded(tool, arguments, _name(runtime))

        def numbered(picture: Picture) -> tuple[int, int | None]:
            drawn = conversations.add(turn.conversation, picture.id, picture.provenance.parent_id)
            return drawn.number, drawn.parent

        def work(call: Call) -> str:
            where = (arguments.get("keep") or (), arguments.get("only") or ())
            return as_text(teller.told(tool.use(arguments, call), numbered, where))

        call = _call(runtime)
        if tool.name not in DRAWING:
            return await _stoppable(work, call)
        async with turn.drawing:
            return await _stoppable(work, call)

    # A dictionary, since LangChain would let a pydantic class refuse the injected `runtime`.
    return StructuredTool(
        name=tool.name,
        description=tool.description,
        args_schema=tool.arguments.model_json_schema(),
        coroutine=run,
        return_direct=tool.name == ENDS_THE_TURN,
    )


def _name(runtime: ToolRuntime[Turn, Any]) -> str:
    """The same when a killed turn goes on; some servers give their calls the same ids in every answer."""
    answer = last_answer(runtime.state["messages"])
    return f"{answer and answer.id} {runtime.tool_call_id}"


def _call(runtime: ToolRuntime[Turn, Any]) -> Call:
    """A call whose steps are told to whoever watches the turn."""
    loop, cancelled, turn = asyncio.get_running_loop(), threading.Event(), runtime.context

    def tell(**news: Any) -> None:
        if not cancelled.is_set():
            loop.call_soon_threadsafe(runtime.stream_writer, news)

    def progressed(done: int, total: int) -> None:
        tell(progress=(runtime.tool_call_id, done, total))

    def previewed(image: str) -> None:
        tell(preview=(runtime.tool_call_id, image))

    asked = Asked(caller=turn.conversation, again=turn.asked.again)
    return Call(progressed, cancelled, asked, previewing(previewed) if turn.asked.previews else None)


async def _stoppable(work: Callable[[Call], str], call: Call) -> str:
    try:
        return await asyncio.to_thread(work, call)
    except asyncio.CancelledError:
        call.cancelled.set()
        raise
