"""One model is loaded at a time: meanwhile transformers, diffusers and peft change what torch makes in every thread."""

from __future__ import annotations

import threading

LOADING = threading.RLock()
"""Held from a model's first module to its last weight. What waits for it holds nothing that loading needs."""
