"""What the knowledge base is measured by: `atelier bench knowledge [--only K1]… [--share 0.1]`.

Times are CPU times of one thread, medians. Rivals that are installed (`uv sync --group bench`) are asked the same.
"""

from __future__ import annotations

from benchmarks.suite import Suite

SUITE = Suite(
    "knowledge",
    {
        "K1": "benchmarks.search_speed:k1",
        "K2": "benchmarks.search_speed:k2",
        "K3": "benchmarks.write_speed:k3",
        "K4": "benchmarks.search_speed:k4",
        "K5": "benchmarks.endurance:k5",
        "K6": "benchmarks.endurance:k6",
        "K7": "benchmarks.endurance:k7",
        "K8": "benchmarks.ingestion:interrupted_often",
        "K9": "benchmarks.retrieval:hybrid",
        "K10": "benchmarks.retrieval:two_things",
        "K11": "benchmarks.lora_zoo:k11",
    },
)
