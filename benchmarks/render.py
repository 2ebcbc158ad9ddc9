"""What the render engine is measured by: `atelier bench render [--only P1]… [--share 0.1]`.

Ratios of CPU times of one thread against diffusers in the same run, medians of pairs.
"""

from __future__ import annotations

from benchmarks.suite import Suite

SUITE = Suite(
    "render",
    {
        "P1": "benchmarks.render_speed:crowd",
        "P2": "benchmarks.render_speed:one",
        "P4": "benchmarks.lora_speed:p4",
        "P5": "benchmarks.lora_speed:p5",
        "P6": "benchmarks.lora_speed:p6",
        "P7": "benchmarks.render_steps:mixed_controls",
        "P8": "benchmarks.render_steps:watched",
        "P10": "benchmarks.render_speed:visitors",
        "S1": "benchmarks.soak:soak",
        "T": "benchmarks.throughput:throughput",
    },
)
