"""OpenAI's chat API in front of the agent, pictures as Markdown images that this server serves.

Its clients keep the conversation and send all of it each time; the agent has its own, with everything it did. They are
matched so: after each turn a digest of the history, the answer included, is kept with the conversation's name, and the
next request, whose messages but the last have this digest, goes on with that conversation. Where the user went back in
the client and says something else, the history is one that was answered otherwise: the conversation is first told to go
back to the picture it had then. A history that is not known, as from another model or server, begins a new
conversation, of which only the last message is heard. A client that names its `conversation` in the body decides
itself. System messages are not heard: Atelier has its own instructions. What Open WebUI asks beside the conversation,
for its title or tags, is answered with nothing, or it would be drawn.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from agent.desk import Desk
from agent.events import Progressed, Returned, Said
from agent.histories import Histories
from knowledge.image_files import decode_image
from knowledge.journal import Job
from knowledge.problems import Problem
from ui.doors.bodies import described, read_json
from ui.doors.chat_messages import Completion
from ui.doors.drawings import address
from ui.doors.refusals import Refused, as_refused, refusals
from ui.doors.waiting import ALIVE, EITHER, followed, key_of, outcome, sent, streamed, unless_left

CALLER, MODEL = "chat", "atelier"
NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["OpenAI"], responses=refusals())
    histories = Histories(desk.conversations.folder)

    @router.post("/chat/completions", openapi_extra=described(Completion), responses=EITHER)
    async def completions(request: Request) -> Response:
        """Say something to the agent: https://platform.openai.com/docs/api-reference/chat/create"""
        asked = await read_json(request, Completion)
        return await _Talk(desk, histories, request, asked).answered()

    @router.get("/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [_model()]}

    @router.get("/models/{name}")
    def model(name: str) -> dict[str, Any]:
        if name != MODEL:
            raise Refused(404, f"There is no model {name[:80]!r}: use {MODEL!r}.", "model_not_found", "model")
        return _model()

    return router


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}


@dataclass
class _Answer:
    """What the assistant has said so far in this turn, and the number of the picture drawn last."""

    parts: list[str] = field(default_factory=list)
    picture: int | None = None

    def add(self, part: str) -> str:
        """The new piece of the text, which is that of all parts with empty lines between them."""
        self.parts.append(part)
        return part if len(self.parts) == 1 else f"\n\n{part}"

    @property
    def text(self) -> str:
        return "\n\n".join(self.parts)


@dataclass(frozen=True)
class _Talk:
    """One request: the job of its turn, and its events as an answer."""

    desk: Desk
    histories: Histories
    request: Request
    asked: Completion
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")

    async def answered(self) -> Response:
        answer = _Answer()
        if self.asked.last.chore:
            return self._whole("{}", "")
        job = await asyncio.to_thread(self._job, answer)
        if self.asked.stream:
            return streamed(self._chunks(job, answer))
        await unless_left(self.request, self._heard(job, answer))
        return self._whole(answer.text, job.conversation)

    def _whole(self, text: str, conversation: str) -> Response:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        body = {"choices": [choice], "usage": NO_TOKENS, "conversation": conversation}
        return JSONResponse(self._head("chat.completion") | body)

    async def _heard(self, job: Job, answer: _Answer) -> None:
        async with aclosing(self._pieces(job, answer)) as pieces:
            async for _ in pieces:
                pass

    def _job(self, answer: _Answer) -> Job:
        last = self.asked.last
        ids = [self.desk.gallery.keep(decode_image(data, "image_url")) for data in last.images]
        words = "\n".join((last.text, *(f"(An image of mine has the id {image_id}.)" for image_id in ids)))
        name = self.asked.conversation or self._matched(answer)
        return self._say(name, words.strip())

    def _matched(self, answer: _Answer) -> str:
        place = self.histories.place(self.asked.history) if self.asked.history else None
        if place is None or not (place.newest or place.picture):
            return f"chat-{secrets.token_hex(6)}"
        answer.picture = place.picture
        if not place.newest:
            self._say(place.conversation, f"Go back to picture {place.picture}.", " first")
        return place.conversation

    def _say(self, conversation: str, words: str, key: str = "") -> Job:
        """`key` is added to the client's own, if there is one."""
        given = key_of(self.request)
        return self.desk.say(conversation, words, caller=CALLER, key=given and given + key)

    async def _pieces(self, job: Job, answer: _Answer) -> AsyncGenerator[str, None]:
        """
        The text as it grows: whole messages only, since a client cannot be told to take words back. Nothing is said
        with each step of a drawing.
        """
        async with aclosing(followed(self.desk, job, self.request)) as events:
            async for event in events:
                if isinstance(event, Said) and event.whole and event.text:
                    yield answer.add(event.text)
                elif isinstance(event, Progressed):
                    yield ""
                elif isinstance(event, Returned):
                    for told in event.result.get("pictures", []):
                        answer.picture = told["number"]
                        where = address(self.request, told["picture_id"])
                        yield answer.add(f"![Picture {told['number']}]({where})")
        outcome(await self.desk.ended(job.id))
        if not self.asked.conversation:
            said = [*self.asked.history, ("user", self.asked.last.text), ("assistant", answer.text)]
            await asyncio.to_thread(self.histories.remember, said, job.conversation, answer.picture)

    async def _chunks(self, job: Job, answer: _Answer) -> AsyncIterator[bytes]:
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async with aclosing(self._pieces(job, answer)) as pieces:
                async for piece in pieces:
                    yield self._chunk({"content": piece}) if piece else ALIVE
        except (Refused, Problem) as failed:
            yield sent(as_refused(failed).envelope)
            return
        yield self._chunk({}, "stop")
        if self.asked.stream_options and self.asked.stream_options.include_usage:
            yield sent(self._head("chat.completion.chunk") | {"choices": [], "usage": NO_TOKENS})
        yield b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choices: Sequence[Any] = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
        return sent(self._head("chat.completion.chunk") | {"choices": choices})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": int(time.time()), "model": MODEL}
