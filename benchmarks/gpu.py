"""What a GPU is measured by: `atelier bench gpu`; without one it only rehearses, on small models."""

from __future__ import annotations

from benchmarks.suite import Suite

SUITE = Suite("gpu", {"H1": "benchmarks.gpu_speed:sd15", "H4": "benchmarks.gpu_speed:sdxl"}, "cuda")
