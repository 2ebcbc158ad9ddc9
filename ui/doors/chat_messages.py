"""What OpenAI's chat clients send: messages of texts and images, and who said them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.histories import Exchange
from ui.doors.bodies import from_base64
from ui.doors.refusals import Refused

HEARD = ("user", "assistant")


class Part(BaseModel):
    """Of a message: some text, or an image as a `data:` address."""

    type: Literal["text", "image_url"]
    text: str = ""
    image_url: dict[str, Any] = {}


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""

    @property
    def chore(self) -> bool:
        """Whether it is Open WebUI's own, for the title, tags or next questions of a conversation."""
        return self.text.startswith("### Task:\n")

    @property
    def images(self) -> list[bytes]:
        """Raises `Refused` for an address elsewhere: nothing is fetched."""
        parts = self.content if isinstance(self.content, list) else []
        found = [str(part.image_url.get("url", "")) for part in parts if part.type == "image_url"]
        if any(not url.startswith("data:") for url in found):
            raise Refused(400, "image_url: Send the image itself, as data:image/png;base64,….", param="image_url")
        return [from_base64(url, "image_url") for url in found]


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    include_usage: bool | None = None


class Completion(BaseModel):
    """All other fields of this API are accepted and have no effect."""

    model_config = ConfigDict(extra="ignore")

    messages: list[Message] = Field(min_length=1, max_length=2000)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    conversation: str | None = None

    @property
    def last(self) -> Message:
        if self.messages[-1].role != "user":
            raise Refused(400, "messages: The last one must be the user's.", "invalid_value", "messages")
        return self.messages[-1]

    @property
    def history(self) -> list[Exchange]:
        return [(one.role, one.text) for one in self.messages[:-1] if one.role in HEARD and one.text]
