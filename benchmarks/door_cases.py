"""What the doors do with whatever a client may send: T6, thousands of requests and calls made from the schemas.

Half of them follow the schema, half break it; half of the ids are of something that is there. A fault is a 5xx, a
status, header or body that the OpenAPI document does not announce, broken data that is taken, or any text of a crash.
Drawing is replaced by a picture of 8 × 8, so that the doors are measured and not the painter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from PIL import Image
from pydantic_core import to_jsonable_python
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

from agent.conversation_tools import conversation_tools
from agent.result_types import ONLY_TALKING
from benchmarks.endurance import failures
from benchmarks.results import Row
from knowledge.problems import Problem, TryAgain
from knowledge.recipe import Recipe
from tests.open_house import HeldRenderer, House, open_house, small_bench
from tools.call import Call
from tools.renderer import Cancelled, Rendered
from tools.toolbox import Bench, Tool
from ui.server import app

CASES, CALLS, AT_ONCE = 2000, 1000, 24
CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
CRASH = re.compile(rb"Traceback|File \\?\"|Internal error")
LONGEST_WAIT = 60
"""Seconds for an answer."""


@dataclass(frozen=True)
class TinyRenderer(HeldRenderer):
    def family(self, model: str) -> str:
        if model not in self.families:
            raise TryAgain(f"There is no model {model!r}.")
        return super().family(model)

    def render(self, recipe: Recipe, call: Call) -> Rendered:
        return Rendered(Image.new("RGB", (8, 8), (recipe.seed % 256, 0, 0)), {}, {})


def endpoints(share: float) -> list[Row]:
    """Of every endpoint in the OpenAPI document."""
    count, wrong, sent = max(4, round(CASES * share)), list[str](), 0
    with TemporaryDirectory() as folder, open_house(tiny_bench(Path(folder)), Path(folder)) as house:
        known = known_ids(house)
        schema = schemathesis.openapi.from_dict(app(house.desk, house.guard).openapi())
        schema.config.update(base_url=house.url)
        operations = [found.ok() for found in list[Any](schema.get_all_operations())]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for operation in operations:
                cases = [with_known_ids(case, known, at) for at, case in enumerate(made(operation, count))]
                wrong += [fault for fault in pool.map(_faulty, cases) if fault]
                sent += len(cases)
    note = f"{sent} requests to {len(operations)} endpoints"
    return [failures("T6", "requests made from the schemas: 5xx, crash or broken contract", wrong, note)]


def calls(share: float) -> list[Row]:
    """Of every tool, in this process: a value of the type it announces, or a problem in words."""
    count, wrong, made_of = max(4, round(CALLS * share)), list[str](), 0
    with TemporaryDirectory() as folder, open_house(tiny_bench(Path(folder)), Path(folder)) as house:
        known, bench = known_ids(house), house.bench
        schema = schemathesis.openapi.from_dict(app(house.desk, house.guard).openapi())
        for tool in conversation_tools(bench, "picturebook"):
            if tool.name in ONLY_TALKING:
                continue
            cases = made(schema[f"/v1/tools/{tool.name}"]["POST"], count)
            bodies = [with_known_ids(case, known, at).body for at, case in enumerate(cases)]
            wrong += [fault for body in bodies if isinstance(body, dict) and (fault := _misused(tool, body))]
            made_of += len(bodies)
    what = "calls of tools made from their schemas: crash, or a result that is no JSON"
    return [failures("T6-tools", what, wrong, f"{made_of} calls")]


def tiny_bench(folder: Path) -> Bench:
    return small_bench(folder, TinyRenderer())


def known_ids(house: House) -> Mapping[str, str]:
    """By what their fields are called: a picture, a kept image, and a job."""
    (told,) = house.http.post("/v1/tools/draw", json={"prompt": "a fox", "seed": 1}).json()["pictures"]
    kept = house.bench.gallery.keep(Image.new("RGB", (8, 8), "red"))
    (job, *_) = house.desk.journal.jobs()
    known = dict.fromkeys(("reference_id", "mask_id", "image_id", "init_image_id"), kept)
    known |= dict.fromkeys(("picture_id", "one", "other"), str(told["picture_id"]))
    return {**known, "job_id": job.id, "name": "atelier"}


def made(operation: Any, count: int) -> list[Case]:
    """As many cases as wanted, or as there are: one, where nothing can be chosen. The same ones each time."""
    if not operation.body:  # no text in a path breaks the schema
        return _of_mode(operation, GenerationMode.POSITIVE, count)
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return [case for mode in modes for case in _of_mode(operation, mode, count // 2)]


def _of_mode(operation: Any, mode: GenerationMode, count: int) -> list[Case]:
    cases: list[Case] = []

    @seed(count)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def keep(case: Case) -> None:
        parts = case.meta.components.values() if case.meta else ()
        # of bytes, none break the schema
        if mode.is_positive or any(part.mode.is_negative for part in parts):
            cases.append(case)

    # nothing that is sent to it is wrong; and how schemathesis uses hypothesis is not ours to warn of
    with suppress(Unsatisfiable), catch_warnings(action="ignore"):
        keep()
    return cases


def with_known_ids(case: Case, known: Mapping[str, str], at: int) -> Case:
    """Every second case that follows the schema means something that is there, wherever it names anything."""
    if at % 2 and case.meta and case.meta.generation.mode.is_positive:
        if isinstance(case.body, dict):
            case.body = _replaced(case.body, known)
        case.path_parameters = _replaced(case.path_parameters, known)
    return case


def _replaced(value: Any, known: Mapping[str, str]) -> Any:
    if not isinstance(value, dict):
        return value
    there = {name: known[name] for name in value if name in known and isinstance(value[name], str)}
    return {name: there.get(name) or _replaced(inner, known) for name, inner in value.items()}


def _faulty(case: Case) -> str:
    """What is wrong with the answer, if anything."""
    try:
        answer = case.call(timeout=LONGEST_WAIT)
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        return f"{case.operation.label}: {group.exceptions[0]} of {str(case.body)[:300]}"
    except (Failure, OSError) as failed:
        return f"{case.operation.label}: {failed} of {str(case.body)[:300]}"
    if "image/" not in str(answer.headers.get("content-type")) and CRASH.search(answer.content):
        return f"{case.operation.label}: {answer.text[:300]}"
    return ""


def _misused(tool: Tool, body: Mapping[str, Any]) -> str:
    try:
        to_jsonable_python(tool.use(body, Call()))
    except (Problem, Cancelled):
        return ""
    except Exception as crash:
        return f"{tool.name}: {crash!r} of {str(body)[:300]}"
    return ""
