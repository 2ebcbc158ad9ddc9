"""The Weaviate server that `compose.yaml` starts: for this machine only, behind a key, and silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent


@pytest.fixture
def server() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]["weaviate"]


def test_it_is_reached_from_this_machine_only(server: dict[str, Any]) -> None:
    assert server["ports"] == ["127.0.0.1:8080:8080", "127.0.0.1:50051:50051"]


def test_it_asks_for_the_key_of_the_settings_and_tells_nobody(server: dict[str, Any]) -> None:
    said = server["environment"]
    assert said["AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED"] == "false"
    assert said["AUTHENTICATION_APIKEY_ENABLED"] == "true"
    assert said["AUTHENTICATION_APIKEY_ALLOWED_KEYS"].startswith("${ATELIER_WEAVIATE_API_KEY:?")
    assert said["DISABLE_TELEMETRY"] == "true"
    assert (said["ENABLE_MODULES"], said["API_BASED_MODULES_DISABLED"]) == ("", "true")


def test_its_version_is_pinned_and_new_enough(server: dict[str, Any]) -> None:
    version = server["image"].partition(":")[2]
    assert tuple(map(int, version.split("."))) >= (1, 32, 0)


def test_it_keeps_what_it_learns_and_says_when_it_is_ready(server: dict[str, Any]) -> None:
    assert f"weaviate:{server['environment']['PERSISTENCE_DATA_PATH']}" in server["volumes"]
    assert server["healthcheck"]["test"][-1].endswith("/v1/.well-known/ready")
