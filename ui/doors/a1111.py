"""AUTOMATIC1111's API, as far as Open WebUI, LibreChat and image plug-ins use it; drawn by the `draw` tool."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from agent.desk import Desk
from agent.events import Progressed
from knowledge.a1111 import SAMPLERS, parameters_text
from ui.doors.a1111_wishes import Img2Img, Txt2Img
from ui.doors.bodies import described, read_json
from ui.doors.drawings import Drawn, pictures
from ui.doors.refusals import TheirEnvelope, refusals
from ui.doors.waiting import finished, used

CALLER = "a1111"


class Images(BaseModel):
    """`images` are PNG files in base64; `info` is JSON in a string."""

    images: list[str]
    parameters: dict[str, Any]
    info: str


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/sdapi/v1", tags=["A1111"], responses=refusals(TheirEnvelope))

    async def drawn(request: Request, asked: Txt2Img, given: dict[str, Any]) -> Images:
        job = await used(desk, request, "draw", given, CALLER)
        found = pictures(desk, await finished(desk, job, request))
        return await asyncio.to_thread(_images, asked, found)

    @router.post("/txt2img", openapi_extra=described(Txt2Img))
    async def txt2img(request: Request) -> Images:
        """Draw a prompt; `<lora:name:weight>` in it picks a LoRA."""
        asked = await read_json(request, Txt2Img)
        return await drawn(request, asked, asked.arguments())

    @router.post("/img2img", openapi_extra=described(Img2Img))
    async def img2img(request: Request) -> Images:
        """Draw from an image, or repaint a part of it."""
        asked = await read_json(request, Img2Img)
        given = asked.arguments()
        return await drawn(request, asked, given | await asyncio.to_thread(asked.kept, desk))

    _tell_what_there_is(router, desk)
    return router


def _tell_what_there_is(router: APIRouter, desk: Desk) -> None:
    @router.get("/loras")
    def loras() -> list[dict[str, Any]]:
        """The LoRAs there are; no path of this machine is told."""
        return [_lora(card.name, card.aliases, card.trigger_words) for card in desk.shelf.cards()]

    @router.get("/sd-models")
    def models() -> list[dict[str, Any]]:
        return [{"title": desk.model, "model_name": desk.model, "hash": "", "sha256": "", "filename": "", "config": ""}]

    @router.get("/samplers")
    def samplers() -> list[dict[str, Any]]:
        labels = dict.fromkeys(label for label, _ in SAMPLERS.values())
        return [{"name": label, "aliases": [], "options": {}} for label in labels]

    @router.get("/options")
    def options() -> dict[str, Any]:
        """For reading: each request says itself what it wants."""
        return {"sd_model_checkpoint": desk.model, "samples_format": "png", "CLIP_stop_at_last_layers": 1}

    @router.get("/progress")
    def progress() -> dict[str, Any]:
        """Of what is drawn for this door just now."""
        return _progress(desk)


def _images(asked: Txt2Img, found: list[Drawn]) -> Images:
    parameters = asked.model_dump(mode="json", exclude={"init_images", "mask"}, exclude_none=True)
    return Images(
        images=[picture.base64() for picture in found], parameters=parameters, info=json.dumps(_info(asked, found))
    )


def _info(asked: Txt2Img, found: list[Drawn]) -> dict[str, Any]:
    first, prompts = found[0].told, [picture.told["prompt"] for picture in found]
    negatives, seeds = ([picture.told[name] for picture in found] for name in ("negative_prompt", "seed"))
    texts = [parameters_text(picture.desk.gallery.get(picture.id).provenance) for picture in found]
    return {
        "prompt": prompts[0], "all_prompts": prompts, "negative_prompt": negatives[0],
        "all_negative_prompts": negatives, "seed": seeds[0], "all_seeds": seeds, "subseed": 0, "all_subseeds": [],
        "width": first["width"], "height": first["height"], "sampler_name": SAMPLERS[first["scheduler"]][0],
        "cfg_scale": first["guidance_scale"], "steps": first["num_inference_steps"], "batch_size": asked.batch_size,
        "index_of_first_image": 0, "infotexts": texts, "job_timestamp": time.strftime("%Y%m%d%H%M%S"),
        "picture_ids": [picture.id for picture in found],
        "recipe_hashes": [picture.told["recipe_hash"] for picture in found],
    }  # fmt: skip


def _lora(name: str, aliases: tuple[str, ...], triggers: tuple[str, ...]) -> dict[str, Any]:
    metadata = {"trigger_words": list(triggers)}
    return {"name": name, "alias": next(iter(aliases), name), "path": f"{name}.safetensors", "metadata": metadata}


def _progress(desk: Desk) -> dict[str, Any]:
    running = desk.journal.jobs(caller=CALLER, state="running", limit=1)
    told = [one for job in running for one in desk.journal.told(job.id) if one.event["kind"] == "progressed"]
    step = Progressed.model_validate(told[-1].event) if told else Progressed(id="", done=0, total=0)
    state = {
        "skipped": False, "interrupted": False, "job": running[0].id if running else "", "job_count": len(running),
        "job_timestamp": "0", "job_no": 0, "sampling_step": step.done, "sampling_steps": step.total,
    }  # fmt: skip
    done = step.done / step.total if step.total else 0.0
    return {"progress": done, "eta_relative": 0.0, "state": state, "current_image": None, "textinfo": None}
