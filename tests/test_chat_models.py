"""A chat model, spoken to in OpenAI's protocol on loopback, rewrites a wish into a prompt."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from agent.chat_models import chat_line, chat_model
from agent.prompt_writer import ChatPromptWriter
from agent.settings import Settings
from knowledge.problems import GiveUp
from knowledge.records import Lore

LORE = Lore(id="toadstool", title="toadstool", body="It is a mushroom.", terms=("toadstool",), adds="mushroom")


@dataclass
class Server:
    """Answers every request with `status` and `content`, and keeps what it was asked."""

    url: str = ""
    status: int = 200
    content: str = '{"prompt": "a red\\nmushroom"}'
    refusal: str | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[tuple[str, str]] = field(default_factory=list)

    def answer(self) -> dict[str, Any]:
        if self.status != 200:
            return {"error": {"message": "no such key", "type": "invalid_request_error", "code": "invalid_api_key"}}
        message = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


@pytest.fixture
def server() -> Iterator[Server]:
    kept = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            kept.paths.append((self.path, self.headers.get("authorization", "")))
            body = json.dumps(kept.answer()).encode()
            self.send_response(kept.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        kept.url = f"http://127.0.0.1:{listening.server_port}"
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield kept
        listening.shutdown()


def compatible(server: Server) -> Settings:
    return Settings(chat="openai-compatible", chat_model="m", openai_base_url=f"{server.url}/v1")


def writer(settings: Settings) -> ChatPromptWriter:
    model = chat_model(settings)
    assert model is not None
    return ChatPromptWriter(model)


def test_a_compatible_server_writes_the_prompt_in_one_line(server: Server) -> None:
    assert writer(compatible(server)).write("a toadstool", [LORE]) == "a red mushroom"
    assert server.paths == [("/v1/chat/completions", "Bearer none")]


def test_the_records_reach_the_model_as_notes_and_the_answer_has_a_schema(server: Server) -> None:
    writer(compatible(server)).write("a toadstool", [LORE])
    (asked,) = server.asked
    assert "It is a mushroom." in asked["messages"][1]["content"]
    assert asked["response_format"]["type"] == "json_schema"


def test_azure_is_reached_at_its_first_version_with_its_own_key(server: Server) -> None:
    settings = Settings(
        chat="azure",
        chat_model="deployed",
        azure_openai_endpoint=f"{server.url}/",
        azure_openai_api_key=SecretStr("azure-key"),
        openai_api_key=SecretStr("another-key"),
    )
    assert writer(settings).write("a toadstool", []) == "a red mushroom"
    assert server.paths == [("/openai/v1/chat/completions", "Bearer azure-key")]
    assert chat_line(settings) == "azure deployed"


def test_a_refused_key_is_one_sentence_that_says_what_to_do(server: Server) -> None:
    server.status = 401
    with pytest.raises(GiveUp, match="ATELIER_CHAT=none"):
        writer(compatible(server)).write("a toadstool", [])


@pytest.mark.parametrize("content", ["", "I would rather not.", '{"prompt": ""}', '{"other": 1}'])
def test_an_answer_that_is_no_prompt_is_one_sentence(server: Server, content: str) -> None:
    server.content = content
    with pytest.raises(GiveUp, match="did not answer with a prompt"):
        writer(compatible(server)).write("a toadstool", [])


def test_a_refusal_is_one_sentence(server: Server) -> None:
    server.content, server.refusal = "", "I would rather not."
    with pytest.raises(GiveUp, match="did not answer with a prompt"):
        writer(compatible(server)).write("a toadstool", [])


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    settings = Settings(chat="openai-compatible", chat_model="m", openai_base_url="http://127.0.0.1:9/v1")
    with pytest.raises(GiveUp, match="failed"):
        writer(settings).write("a toadstool", [])
