"""The doors for programs: what others' clients send is drawn, said, cancelled, and refused in their words."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from PIL import Image, ImageDraw

from knowledge.a1111 import scheduler_called
from tests.old_journals import aged
from tests.open_house import HeldRenderer, House, desk_of, open_house, png, small_bench
from ui.doors.a1111_wishes import without_loras
from ui.doors.rest import worker_status

SMALL = {"size": "64x64"}


@pytest.fixture(scope="module")
def renderer() -> HeldRenderer:
    return HeldRenderer()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, renderer: HeldRenderer) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with open_house(small_bench(folder, renderer), folder) as opened:
        yield opened


def red_square(size: int = 64) -> bytes:
    return png(Image.new("RGB", (size, size), "red"))


def clear_left(size: int = 64) -> bytes:
    """OpenAI's mask: transparent where to repaint."""
    mask = Image.new("RGBA", (size, size), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((0, 0, size // 2 - 1, size), fill=(0, 0, 0, 0))
    return png(mask)


def opened(data: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data)))


def problem(answer: httpx.Response) -> dict[str, Any]:
    said = answer.json()["error"]
    assert set(said) == {"message", "type", "param", "code"}
    assert "Traceback" not in answer.text
    return said


# OpenAI's images


def test_the_openai_client_draws(house: House) -> None:
    made = house.openai.images.generate(prompt="a toadstool", extra_body={"seed": 7}, size="256x256", model="dall-e-3")
    (datum,) = made.data or []
    assert opened(datum.b64_json or "").getpixel((0, 0)) == (7, 0, 0)
    assert "mushroom" in (datum.revised_prompt or "")
    assert made.size == "256x256"
    told = datum.model_extra or {}
    assert house.bench.gallery.get(told["picture_id"]).recipe.hash == told["recipe_hash"]


def test_several_pictures_come_with_addresses_that_the_server_serves(house: House) -> None:
    made = house.openai.images.generate(prompt="a fox", n=2, response_format="url", size="auto", extra_body={"seed": 1})
    addresses = [datum.url or "" for datum in made.data or []]
    files = [httpx.get(address) for address in addresses]
    assert [Image.open(io.BytesIO(file.content)).getpixel((0, 0)) for file in files] == [(1, 0, 0), (2, 0, 0)]
    assert {file.headers["content-type"] for file in files} == {"image/png"}
    assert {file.headers["x-content-type-options"] for file in files} == {"nosniff"}


def test_a_picture_comes_in_the_format_that_was_asked_for(house: House) -> None:
    made = house.openai.images.generate(prompt="a fox", output_format="webp", extra_body=SMALL)
    assert opened((made.data or [])[0].b64_json or "").format == "WEBP"


OPEN_WEBUI = {"model": "gpt-image-1", "prompt": "a fox", "n": 1, "size": "64x64", "response_format": "b64_json"}
LIBRE_CHAT = {
    "model": "gpt-image-1", "prompt": "a fox", "n": 1, "background": "auto", "output_format": "png",
    "quality": "auto", "size": "auto",
}  # fmt: skip
WITH_THE_REST = {
    "prompt": "a fox",
    "moderation": "low",
    "style": "vivid",
    "user": "me",
    "output_compression": 90,
    "complexity": "low",
    "safety_identifier": "x",
    "svg": {},
    "quality": "hd",
    "size": "64x64",
    "stream": False,
}


@pytest.mark.parametrize("body", [OPEN_WEBUI, LIBRE_CHAT, WITH_THE_REST], ids=["Open WebUI", "LibreChat", "all"])
def test_what_other_programs_send_is_drawn(house: House, body: dict[str, Any]) -> None:
    answer = house.http.post("/v1/images/generations?api-version=2024-10-21", json=body)
    assert answer.status_code == 200, answer.text
    assert opened(answer.json()["data"][0]["b64_json"]).format == "PNG"


def test_a_stream_shows_how_the_picture_grows(house: House, renderer: HeldRenderer) -> None:
    stream = house.openai.images.generate(prompt="a held fox", stream=True, partial_images=2, extra_body=SMALL)
    kinds = []
    for event in stream:
        kinds.append(event.type)
        assert opened(event.b64_json).width
        renderer.go.set()
    assert kinds == ["image_generation.partial_image", "image_generation.completed"]


def test_an_edit_repaints_where_the_mask_is_transparent(house: House) -> None:
    made = house.openai.images.edit(
        image=("it.png", red_square(), "image/png"),
        mask=("mask.png", clear_left(), "image/png"),
        prompt="a fox",
        extra_body={"seed": 3},
    )
    told = (made.data or [])[0].model_extra or {}
    recipe = house.bench.gallery.get(told["picture_id"]).recipe
    assert (recipe.width, recipe.height) == (64, 64)
    assert house.bench.gallery.image(recipe.init_image_id or "").getpixel((0, 0)) == (255, 0, 0)
    mask = house.bench.gallery.image(recipe.mask_id or "")
    assert [mask.getpixel(place) for place in ((0, 0), (63, 63))] == [(255, 255, 255), (0, 0, 0)]


@pytest.mark.parametrize("field", ["image", "image[]"])
def test_an_edit_may_call_its_image_by_both_names(house: House, field: str) -> None:
    fields = {"model": "gpt-image-1", "prompt": "a fox", "n": "2", "size": "auto", "background": "auto"}
    answer = house.http.post("/v1/images/edits", data=fields, files=[(field, ("i.png", red_square(100), "image/png"))])
    assert answer.status_code == 200, answer.text
    assert answer.json()["size"] == "96x96"
    assert len(answer.json()["data"]) == 2


def test_a_form_may_hold_lists(house: House) -> None:
    files = [("image", ("i.png", red_square(), "image/png"))]
    fields = {"prompt": "a fox", "collections[]": ["lore"], "collections": "references", "size": "64x64"}
    assert house.http.post("/v1/images/edits", data=fields, files=files).status_code == 200


def test_an_edit_streams_too(house: House) -> None:
    stream = house.openai.images.edit(image=red_square(), prompt="a fox", stream=True)
    assert [event.type for event in stream] == ["image_edit.completed"]


BAD_IMAGES = {
    "no prompt": {},
    "false for a number": {"prompt": "a fox", "guidance": False},
    "text for a number": {"prompt": "a fox", "n": "1"},
    "too many": {"prompt": "a fox", "n": 5},
    "no size": {"prompt": "a fox", "size": "huge"},
    "a size that no model draws": {"prompt": "a fox", "size": "63x64"},
    "a format we do not have": {"prompt": "a fox", "output_format": "gif"},
    "a background we cannot draw": {"prompt": "a fox", "background": "transparent"},
    "too long": {"prompt": "fox " * 1000},
    "an unknown LoRA": {"prompt": "a fox", "loras": ["nothing like this"]},
}


@pytest.mark.parametrize("body", BAD_IMAGES.values(), ids=BAD_IMAGES)
def test_what_cannot_be_drawn_is_refused_in_openais_words(house: House, body: dict[str, Any]) -> None:
    answer = house.http.post("/v1/images/generations", json=body)
    assert answer.status_code == 400
    assert problem(answer)["type"] == "invalid_request_error"


def test_the_openai_client_understands_a_refusal(house: House) -> None:
    with pytest.raises(openai.BadRequestError, match="prompt"):
        house.openai.images.generate(prompt="")


def test_a_failure_within_a_stream_is_raised_by_the_client(house: House) -> None:
    stream = house.openai.images.generate(prompt="a fox", stream=True, extra_body={"loras": ["nothing like this"]})
    with pytest.raises(openai.APIError, match="nothing like this"):
        list(stream)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "image: Send one image"),
        ({"image": b"<svg/>"}, "cannot be read as an image"),
        ({"image": red_square(), "mask": red_square()}, "transparent nowhere"),
        ({"image": red_square(), "mask": clear_left(32)}, "as large as the image"),
    ],
)
def test_images_that_cannot_be_edited_are_refused(house: House, files: dict[str, bytes], said: str) -> None:
    sent = [(name, (f"{name}.png", data, "image/png")) for name, data in files.items()]
    answer = house.http.post("/v1/images/edits", data={"prompt": "a fox"}, files=sent or [("other", ("o", b"x"))])
    assert (answer.status_code, said in problem(answer)["message"]) == (400, True)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"prompt=a", "text/plain", 415),
        (b"", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"prompt": "\\ud800"}', "application/json", 400),
    ],
)
def test_what_is_no_json_is_refused(house: House, body: bytes, kind: str, status: int) -> None:
    answer = house.http.post("/v1/images/generations", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert problem(answer)["message"]


# OpenAI's chat


def chat(house: House, *said: str, **more: Any) -> Any:
    """The user and the assistant in turns."""
    roles = ("user", "assistant")
    messages: Any = [{"role": roles[at % 2], "content": text} for at, text in enumerate(said)]
    return house.openai.chat.completions.create(model="atelier", messages=messages, **more)


def numbers_of(text: str) -> list[str]:
    return [line.partition("]")[0] for line in text.splitlines() if line.startswith("![")]


def test_a_wish_is_answered_with_a_picture_that_the_server_serves(house: House) -> None:
    answer = chat(house, "draw a red house").choices[0].message.content
    (address,) = [line[line.index("(") + 1 : -1] for line in answer.splitlines() if line.startswith("![")]
    assert Image.open(io.BytesIO(httpx.get(address).content)).size == (128, 128)


def test_the_whole_history_goes_on_with_the_same_conversation(house: House) -> None:
    first = chat(house, "draw a red house")
    said = first.choices[0].message.content
    second = chat(house, "draw a red house", said.replace("\n\n", "\n"), "again")
    assert second.model_extra["conversation"] == first.model_extra["conversation"]
    assert numbers_of(second.choices[0].message.content) == ["![Picture 2"]


def test_saying_something_else_goes_back_to_the_picture_there_was_then(house: House) -> None:
    first = chat(house, "draw a red house")
    said = first.choices[0].message.content
    chat(house, "draw a red house", said, "again")
    other = chat(house, "draw a red house", said, "use seed 12345")
    name = first.model_extra["conversation"]
    assert other.model_extra["conversation"] == name
    assert [drawn.parent for drawn in house.desk.conversations.pictures(name)] == [None, 1, 1]


def test_an_unknown_history_and_an_equal_wish_begin_new_conversations(house: House) -> None:
    wishes = (("draw a red house",), ("draw a red house",), ("draw a cat", "I cannot.", "draw a red house"))
    names = {chat(house, *said).model_extra["conversation"] for said in wishes}
    assert len(names) == 3


def test_a_client_may_name_the_conversation_itself(house: House) -> None:
    for wish in ("draw a red house", "again"):
        chat(house, wish, extra_body={"conversation": "mine"})
    assert [drawn.parent for drawn in house.desk.conversations.pictures("mine")] == [None, 1]


def test_a_chat_streams_the_same_words(house: House) -> None:
    chunks = list(chat(house, "draw a red house", stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert len(pieces) >= 4
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    text = "".join(pieces)
    again = chat(house, "draw a red house", text, "again")
    assert numbers_of(again.choices[0].message.content) == ["![Picture 2"]


def test_a_message_may_come_in_parts_with_an_image(house: House) -> None:
    picture = f"data:image/png;base64,{base64.b64encode(red_square()).decode()}"
    content: Any = [{"type": "text", "text": "draw a red house"}, {"type": "image_url", "image_url": {"url": picture}}]
    answer = house.openai.chat.completions.create(model="x", messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content


def test_what_open_webui_asks_for_itself_is_not_drawn(house: House) -> None:
    before = len(house.desk.journal.jobs())
    task = "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history."
    assert json.loads(chat(house, task).choices[0].message.content) == {}
    assert len(house.desk.journal.jobs()) == before


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "assistant", "content": "hello"}],
        [{"role": "user", "content": " "}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}}]}],
        [{"role": "user", "content": "x" * 4001}],
        [{"role": "nobody", "content": "hello"}],
    ],
)
def test_what_cannot_be_said_is_refused(house: House, messages: list[Any]) -> None:
    answer = house.http.post("/v1/chat/completions", json={"messages": messages})
    assert answer.status_code == 400
    assert problem(answer)["message"]


def test_the_openai_client_lists_the_model(house: House) -> None:
    assert [model.id for model in house.openai.models.list()] == ["atelier"]
    assert house.openai.models.retrieve("atelier").owned_by == "atelier"
    with pytest.raises(openai.NotFoundError):
        house.openai.models.retrieve("gpt-9")


# A1111


def test_open_webui_and_librechat_draw_by_a1111s_api(house: House) -> None:
    open_webui = {"prompt": "a fox", "batch_size": 2, "width": 64, "height": 64, "steps": 3, "negative_prompt": "cat"}
    answer = house.http.post("/sdapi/v1/txt2img", json=open_webui).json()
    assert [opened(image).size for image in answer["images"]] == [(64, 64)] * 2
    info = json.loads(answer["info"])
    assert info["infotexts"][0].startswith("a fox")
    assert "Steps: 3" in info["infotexts"][0]
    assert info["all_seeds"] == [info["seed"], info["seed"] + 1]
    assert answer["parameters"]["negative_prompt"] == "cat"


def test_an_image_is_repainted_where_the_mask_is_white(house: House) -> None:
    white = Image.new("RGB", (64, 64), "white")
    body = {
        "prompt": "a fox", "init_images": [base64.b64encode(red_square()).decode()], "denoising_strength": 0.5,
        "mask": "data:image/png;base64," + base64.b64encode(png(white)).decode(), "width": 64, "height": 64,
        "inpainting_mask_invert": 0, "sampler_name": "DPM++ 2M", "scheduler": "Karras", "cfg_scale": 7, "seed": 5,
    }  # fmt: skip
    answer = house.http.post("/sdapi/v1/img2img", json=body)
    assert answer.status_code == 200, answer.text
    recipe = house.bench.gallery.get(json.loads(answer.json()["info"])["picture_ids"][0]).recipe
    assert (recipe.strength, recipe.scheduler, recipe.guidance_scale, recipe.seed) == (0.5, "dpmpp_2m_karras", 7, 5)
    assert house.bench.gallery.image(recipe.mask_id or "").getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": ""},
        {"prompt": "a fox", "batch_size": 5},
        {"prompt": "a fox", "width": 64},
        {"prompt": "a fox", "cfg_scale": False},
        {"prompt": "a fox", "sampler_name": "Sorcery"},
        {"prompt": "a fox", "enable_hr": True},
        {"prompt": "a fox", "alwayson_scripts": {"controlnet": {"args": []}}},
        {"prompt": "a fox <lora:nothing like this:1>"},
    ],
)
def test_what_a1111_would_and_we_cannot_draw_is_refused(house: House, body: dict[str, Any]) -> None:
    answer = house.http.post("/sdapi/v1/txt2img", json=body)
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("prompt", "left", "loras"),
    [
        ("a fox", "a fox", []),
        ("a fox <lora:ink wash:0.8>, at night", "a fox , at night", ["ink wash:0.8"]),
        ("<lora:ink> a fox <lora:old paint:1:0.5>", "a fox", ["ink", "old paint:1"]),
        ("a fox <lora:ink:1:lbw=1,0,0,0,1,1,1,1,1,1,1,1>", "a fox", ["ink:1:lbw=1,0,0,0,1,1,1,1,1,1,1,1"]),
        ("a <lora> fox <lora:>", "a <lora> fox <lora:>", []),
    ],
)
def test_loras_are_named_in_the_prompt(prompt: str, left: str, loras: list[str]) -> None:
    assert without_loras(prompt) == (left, loras)


@pytest.mark.parametrize(
    ("sampler", "schedule", "ours"),
    [
        ("DPM++ 2M Karras", "", "dpmpp_2m_karras"),
        ("DPM++ 2M", "Automatic", "dpmpp_2m_karras"),
        ("DPM++ 2M", "Uniform", "dpmpp_2m"),
        ("dpmpp_2m", "", "dpmpp_2m"),
        ("euler a", "", "euler_a"),
        ("Sorcery", "", None),
    ],
)
def test_a_sampler_is_known_by_a1111s_names(sampler: str, schedule: str, ours: str | None) -> None:
    assert scheduler_called(sampler, schedule) == ours


def test_progress_is_told_while_it_draws(house: House, renderer: HeldRenderer) -> None:
    renderer.started.clear()
    ask = threading.Thread(target=lambda: house.http.post("/sdapi/v1/txt2img", json={"prompt": "a slow fox"}))
    ask.start()
    assert renderer.started.wait(20)
    with house.http as client:
        seen = (client.get("/sdapi/v1/progress").json() for _ in range(1000))
        state = next(told["state"] for told in seen if told["progress"] == 1)
    assert (state["sampling_step"], state["sampling_steps"], state["job_count"]) == (3, 3, 1)
    house.desk.cancel(state["job"])
    ask.join()


def test_what_plug_ins_ask_first_is_answered(house: House) -> None:
    asked = {name: house.http.get(f"/sdapi/v1/{name}").json() for name in ("loras", "sd-models", "samplers", "options")}
    assert asked["sd-models"][0]["title"] == asked["options"]["sd_model_checkpoint"] == "picturebook"
    assert {"name": "Euler a", "aliases": [], "options": {}} in asked["samplers"]
    assert asked["loras"] == []
    assert house.http.get("/sdapi/v1/progress").json()["progress"] == 0


# REST


def test_a_tool_is_used_and_answers_with_its_result(house: House) -> None:
    told = house.http.post("/v1/tools/draw", json={"prompt": "a fox", "seed": 9, "size": "64x64"}).json()
    (picture,) = told["pictures"]
    assert picture["seed"] == 9
    patch = {"picture_id": picture["picture_id"], "patch": {"prompt": "a blue fox"}}
    (refined,) = house.http.post("/v1/tools/refine", json=patch).json()["pictures"]
    assert refined["changed"]["prompt"][1] == "a blue fox"
    found = house.http.post("/v1/tools/retrieve", json={"wish": "a toadstool"}).json()
    assert found["hits"][0]["record"]["id"] == "toadstool"


def test_a_job_can_be_asked_for_followed_and_read(house: House) -> None:
    answer = house.http.post("/v1/tools/draw", json={"prompt": "a fox"}, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    job = answer.headers["location"]
    events = house.http.get(f"{job}/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    last = events.text.strip().split("\n\n")[-1]
    assert last.startswith("event: end")
    seen = house.http.get(job).json()
    assert (seen["state"], json.loads(last.partition("data: ")[2])) == ("done", seen)
    assert house.http.post(f"{job}/cancel").json()["state"] == "done"


def test_the_same_key_is_the_same_job(house: House) -> None:
    key = {"Idempotency-Key": "one and only"}
    drawn = [house.http.post("/v1/tools/draw", json={"prompt": "a fox"}, headers=key).json() for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_an_image_is_uploaded_and_drawn_from(house: House) -> None:
    answer = house.http.post("/v1/images", content=red_square(), headers={"Content-Type": "image/png"})
    assert answer.status_code == 201
    given = {"prompt": "a fox", "reference_id": answer.json()["image_id"], "retrieve": False, "style": False}
    assert house.http.post("/v1/tools/draw", json=given).status_code == 200
    refused = house.http.post("/v1/images", content=b"<svg/>", headers={"Content-Type": "image/svg+xml"})
    assert refused.status_code == 415


@pytest.mark.parametrize(
    "path",
    ["/v1/jobs/nobody", "/v1/jobs/nobody/events", f"/images/{'0' * 64}", "/images/..%2f..%2fjournal.sqlite", "/v1/x"],
)
def test_unknown_ids_are_not_found(house: House, path: str) -> None:
    answer = house.http.get(path)
    assert answer.status_code == 404
    assert problem(answer)["message"]


def test_a_method_that_is_not_there_is_refused(house: House) -> None:
    assert problem(house.http.get("/v1/tools/draw"))["message"] == "Method Not Allowed"


def test_what_is_said_on_the_page_is_there_after_a_reload(house: House) -> None:
    answer = house.http.post("/v1/conversations/a%20page/turns", json={"words": "draw a red house"})
    assert answer.status_code == 202
    house.http.get(f"{answer.headers['location']}/events")
    (turn,) = house.http.get("/v1/conversations/a%20page").json()["turns"]
    assert (turn["words"], turn["state"], [picture["number"] for picture in turn["pictures"]]) == (
        *("draw a red house", "done"),
        [1],
    )
    assert "a page" in [talk["name"] for talk in house.http.get("/v1/conversations").json()]
    aged(house.desk.journal, 31)
    house.desk.journal.forget(30)
    assert house.http.get("/v1/conversations/a%20page").json()["turns"] == [turn]
    assert house.http.get(f"{answer.headers['location']}/events").text.startswith("event: end")


def test_pictures_that_were_drawn_in_the_terminal_are_on_the_page_too(house: House) -> None:
    house.http.post("/v1/tools/draw", json={"prompt": "a fox", **SMALL}).raise_for_status()
    (fox,) = house.bench.gallery.recent(1)
    house.desk.conversations.add("a terminal", fox.id, None)
    house.desk.conversations.add("a terminal", "0" * 64, fox.id)
    (turn,) = house.http.get("/v1/conversations/a%20terminal").json()["turns"]
    assert (turn["state"], [(one["picture_id"], one["number"]) for one in turn["pictures"]]) == ("done", [(fox.id, 1)])


# Leaving, and too much


def left(house: House, path: str, body: dict[str, Any], renderer: HeldRenderer) -> None:
    """Ask, and hang up once the drawing has begun."""
    renderer.started.clear()
    renderer.stopped.clear()
    with house.http as client:

        def ask() -> None:
            with pytest.raises(httpx.HTTPError):
                client.post(path, json=body, timeout=0.5)

        asking = threading.Thread(target=ask)
        asking.start()
        assert renderer.started.wait(20)
        asking.join()
    assert renderer.stopped.wait(20)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/tools/draw", {"prompt": "a slow fox"}),
        ("/v1/images/generations", {"prompt": "a slow fox"}),
        ("/v1/images/generations", {"prompt": "a slow fox", "stream": True}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "draw a slow fox"}]}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "draw a slow fox"}], "stream": True}),
        ("/sdapi/v1/txt2img", {"prompt": "a slow fox"}),
    ],
)
def test_who_leaves_stops_what_is_drawn(house: House, renderer: HeldRenderer, path: str, body: dict[str, Any]) -> None:
    left(house, path, body, renderer)


def test_who_stops_a_job_stops_whoever_waits_for_it(house: House, renderer: HeldRenderer) -> None:
    renderer.started.clear()
    answers: list[httpx.Response] = []
    ask = threading.Thread(
        target=lambda: answers.append(house.http.post("/v1/tools/draw", json={"prompt": "a slow fox"}))
    )
    ask.start()
    assert renderer.started.wait(20)
    (job,) = house.desk.journal.jobs(state="running")
    house.http.post(f"/v1/jobs/{job.id}/cancel")
    ask.join()
    assert answers[0].status_code == 409
    assert problem(answers[0])["code"] == "cancelled"


def test_too_much_is_refused_for_a_while(tmp_path: Path) -> None:
    with open_house(small_bench(tmp_path, HeldRenderer()), tmp_path, most_waiting=0) as full:
        answer = full.http.post("/v1/images/generations", json={"prompt": "a fox"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert problem(answer)["type"] == "rate_limit_error"


# The page


def test_the_page_asks_nothing_of_anybody_else(house: House) -> None:
    answer = house.http.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    files = [answer.text, *(house.http.get(path).text for path in ("/chat.css", "/chat.js"))]
    assert not [text for text in files if "://" in text or "innerHTML" in text]
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_all_that_waits_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.doors.rest.ANSWERS_WITHIN", 0.01)
    desk = desk_of(small_bench(tmp_path, HeldRenderer()), tmp_path)
    for _ in range(101):
        desk.journal.ask("tool", {})
    status = asyncio.run(worker_status(desk))
    assert (status.working, status.waiting) == (False, 101)


def test_the_status_tells_of_the_worker_and_its_caches(house: House) -> None:
    framed = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(framed).rectangle((16, 16, 48, 48), fill="red")
    followed = {"image_id": house.bench.gallery.keep(framed), "width": 64, "height": 64}
    for _ in range(2):
        house.http.post("/v1/tools/prepare_control", json=followed).raise_for_status()
    told = house.http.get("/v1/status").json()
    assert (told["working"], told["waiting"]) == (True, 0)
    assert 0 < told["hit_rates"]["maps"] < 1
