"""What the stand-in for a Weaviate server keeps, and by which of the server's rules it refuses things."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASS = re.compile(r"[A-Z][_0-9A-Za-z]{0,254}")
TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")
VECTOR = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,229}")
HNSW = {
    "cleanupIntervalSeconds": 300,
    "distance": "cosine",
    "dynamicEfFactor": 8,
    "dynamicEfMax": 500,
    "dynamicEfMin": 100,
    "ef": -1,
    "efConstruction": 128,
    "flatSearchCutoff": 40000,
    "maxConnections": 32,
    "skip": False,
    "vectorCacheMaxObjects": 1000000000000,
}
TYPES = {"text": str, "text[]": list, "number": float}
MAXIMUM_RESULTS = 10_000


class Refused(Exception):
    """What the server answers instead of doing it."""


@dataclass
class Thing:
    """One object; `index` remembers under what each of its properties is found."""

    uuid: str
    properties: dict[str, Any]
    vectors: dict[str, NDArray[np.float32]]
    index: dict[str, set[Any]] = field(default_factory=dict)


@dataclass
class Tenant:
    active: bool = True
    things: dict[str, Thing] = field(default_factory=dict)


@dataclass
class Shelf:
    """One class. Without tenants, all is in the one called ''."""

    config: dict[str, Any]
    tenants: dict[str, Tenant] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.config["class"]

    @property
    def has_tenants(self) -> bool:
        return self.config.get("multiTenancyConfig", {}).get("enabled", False)

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.config.get("properties", [])}

    @property
    def stopwords(self) -> bool:
        return self.config.get("invertedIndexConfig", {}).get("stopwords", {}).get("preset", "en") != "none"

    def tenant(self, name: str) -> Tenant:
        if bool(name) != self.has_tenants:
            raise Refused(f"class {self.name} has multi-tenancy {'en' if self.has_tenants else 'dis'}abled")
        if not name:
            return self.tenants.setdefault("", Tenant())
        if name not in self.tenants:
            raise Refused(f"tenant not found: {name!r}")
        tenant = self.tenants[name]
        if not tenant.active and not self.config["multiTenancyConfig"].get("autoTenantActivation"):
            raise Refused(f"tenant not active: {name!r}")
        tenant.active = True
        return tenant

    def property(self, name: str, use: str) -> dict[str, Any]:
        if name not in self.properties:
            raise Refused(f"no such prop with name {name!r} found in class {self.name!r} in the schema")
        if not self.properties[name].get(use, True):
            raise Refused(f"{use} is off for property {name!r} of class {self.name!r}")
        return self.properties[name]

    def put(
        self, tenant: str, uuid: str, properties: dict[str, Any], vectors: Mapping[str, NDArray[np.float32]]
    ) -> None:
        """In place of what was there by this id."""
        for name, value in properties.items():
            kind = self.property(name, "")["dataType"][0]
            if not isinstance(value, TYPES[kind]):
                raise Refused(f"invalid {kind} property {name!r} on class {self.name!r}: {value!r}")
        things = self.tenant(tenant).things
        for name, vector in vectors.items():
            self.comparable(things, name, vector)
        things[uuid] = Thing(uuid, properties, dict(vectors))

    def comparable(self, things: Mapping[str, Thing], name: str, vector: NDArray[np.float32]) -> None:
        if name not in self.config["vectorConfig"]:
            raise Refused(f"vector {name!r} is not configured for class {self.name!r}")
        first = next((thing.vectors[name] for thing in things.values() if name in thing.vectors), vector)
        if len(first) != len(vector):
            raise Refused(f"vector lengths don't match: {len(first)} vs {len(vector)}")


@dataclass
class Shelves:
    """All classes. `version` decides what the server can do."""

    version: str = "1.32.1"
    classes: dict[str, Shelf] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def shelf(self, name: str) -> Shelf:
        if name not in self.classes:
            raise Refused(f"could not find class {name} in schema")
        return self.classes[name]

    def create(self, config: dict[str, Any]) -> dict[str, Any]:
        name = config["class"]
        if not CLASS.fullmatch(name):
            raise Refused(f"{name!r} is not a valid class name")
        if name in self.classes:
            raise Refused(f"class name {name} already exists")
        whole = {"properties": [complete(one) for one in config["properties"]], "vectorConfig": named_vectors(config)}
        self.classes[name] = Shelf({"invertedIndexConfig": {}, **config, **whole})
        return self.classes[name].config

    def update(self, name: str, config: dict[str, Any]) -> None:
        """Named vectors can be added since 1.31, and never changed."""
        old, new = self.shelf(name).config["vectorConfig"], named_vectors(config)
        if any(new.get(one) != kept for one, kept in old.items()):
            raise Refused("vector config is immutable")
        if len(new) > len(old) and tuple(map(int, self.version.split("."))) < (1, 31):
            raise Refused("additional vector configs cannot be added")
        self.shelf(name).config["vectorConfig"] = new

    def add_property(self, name: str, config: dict[str, Any]) -> dict[str, Any]:
        self.shelf(name).config["properties"].append(complete(config))
        return config

    def add_tenants(self, name: str, tenants: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for tenant in tenants:
            if not TENANT.fullmatch(tenant["name"]):
                raise Refused("tenant name should only contain alphanumeric characters, underscore and hyphen")
            self.shelf(name).tenants.setdefault(tenant["name"], Tenant(tenant.get("activityStatus") != "COLD"))
        return tenants


def complete(one: dict[str, Any]) -> dict[str, Any]:
    text = one["dataType"][0].startswith("text")
    usual = {"indexFilterable": True, "indexSearchable": text, "indexRangeFilters": False}
    return usual | ({"tokenization": "word"} if text else {}) | one


def named_vectors(config: dict[str, Any]) -> dict[str, Any]:
    for name in config["vectorConfig"]:
        if not VECTOR.fullmatch(name):
            raise Refused(f"{name!r} is not a valid named vector")
    return {
        name: one | {"vectorIndexConfig": HNSW | one.get("vectorIndexConfig", {})}
        for name, one in config["vectorConfig"].items()
    }
