"""What happens during a turn, as values that every face can draw and that can be kept."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from knowledge.recipe import Value


class Said(Value):
    """
    Words of the assistant in the message `id`: one more piece of it, or with `whole` all of it, instead of the pieces.

    A whole message without text withdraws its pieces: the chat model broke off, and another message follows.
    """

    kind: Literal["said"] = "said"
    id: str
    text: str
    whole: bool = False


class Called(Value):
    """The tool `name` was asked for. Whatever becomes of it, a `Returned` with the same `id` follows."""

    kind: Literal["called"] = "called"
    id: str
    name: str
    arguments: dict[str, Any]


class Progressed(Value):
    """Denoising steps of the call `id` that are done, of all of them."""

    kind: Literal["progressed"] = "progressed"
    id: str
    done: int
    total: int


class Previewed(Value):
    """What the picture that the call `id` draws will look like: a small PNG or JPEG in base64."""

    kind: Literal["previewed"] = "previewed"
    id: str
    image: str


class Returned(Value):
    """What came of the call `id`: a JSON object, with `pictures` if some were drawn, `problem` if it failed."""

    kind: Literal["returned"] = "returned"
    id: str
    name: str
    result: dict[str, Any]


class Cost(Value):
    """
    What a turn took: calls of the chat model, by tools too, and the tokens it read and wrote; pictures; seconds.

    Where a server does not say how many tokens there were, they are `estimated` from the letters.
    """

    model_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False
    pictures: int = 0
    seconds: float = 0.0


class Ended(Value):
    """The turn is over, and this is what it took."""

    kind: Literal["ended"] = "ended"
    cost: Cost


class Failed(Value):
    """The turn ended badly; one sentence for people."""

    kind: Literal["failed"] = "failed"
    problem: str


Event = Said | Called | Progressed | Previewed | Returned | Ended | Failed
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
