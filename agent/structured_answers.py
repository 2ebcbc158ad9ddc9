"""A chat model asked for an answer of a given shape, and its failures in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from knowledge.problems import GiveUp

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Shape = TypeVar("Shape", bound=BaseModel)


def answered(
    model: BaseChatModel, shape: type[Shape], instructions: str, said: str | list[str | dict[str, Any]], called: str
) -> Shape:
    """Raises `GiveUp` if the model cannot be reached, or gives what is no such shape; people know it as `called`."""
    from langchain_core.exceptions import ModelError
    from langchain_openai.chat_models.base import OpenAIRefusalError
    from openai import OpenAIError

    try:
        answer = model.with_structured_output(shape).invoke([("system", instructions), ("user", said)])
        return shape.model_validate(answer)
    except (ValueError, OpenAIRefusalError) as wrong:
        raise GiveUp(f"The chat model did not answer with {called}; use another or set ATELIER_CHAT=none.") from wrong
    except (ModelError, OpenAIError) as failed:
        raise GiveUp(f"The chat model failed ({first_line(failed)}); check it or set ATELIER_CHAT=none.") from failed


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200].rstrip(".")
