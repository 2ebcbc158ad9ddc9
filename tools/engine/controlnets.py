"""One table: a model's family and a kind of control -> the ControlNet on the hub that follows it."""

from __future__ import annotations

from collections.abc import Mapping

from knowledge.recipe import ControlKind

SDXL_LINES = "xinsir/controlnet-scribble-sdxl-1.0"
"""Trained on lines of every kind: scribbles, HED, PiDiNet and line art."""
CONTROLNETS: Mapping[tuple[str, ControlKind], str] = {
    ("sd1", "canny"): "lllyasviel/control_v11p_sd15_canny",
    ("sd1", "depth"): "lllyasviel/control_v11f1p_sd15_depth",
    ("sd1", "inpaint"): "lllyasviel/control_v11p_sd15_inpaint",
    ("sd1", "lineart"): "lllyasviel/control_v11p_sd15_lineart",
    ("sd1", "lineart_anime"): "lllyasviel/control_v11p_sd15s2_lineart_anime",
    ("sd1", "mlsd"): "lllyasviel/control_v11p_sd15_mlsd",
    ("sd1", "normal"): "lllyasviel/control_v11p_sd15_normalbae",
    ("sd1", "openpose"): "lllyasviel/control_v11p_sd15_openpose",
    ("sd1", "scribble"): "lllyasviel/control_v11p_sd15_scribble",
    ("sd1", "seg"): "lllyasviel/control_v11p_sd15_seg",
    ("sd1", "shuffle"): "lllyasviel/control_v11e_sd15_shuffle",
    ("sd1", "softedge"): "lllyasviel/control_v11p_sd15_softedge",
    ("sd1", "tile"): "lllyasviel/control_v11f1e_sd15_tile",
    # those of thibaud for Stable Diffusion 2.1 are pickles; this one was saved anew
    ("sd2", "depth"): "multimodalart/controlnet-sd21-depth-diffusers",
    ("sdxl", "canny"): "diffusers/controlnet-canny-sdxl-1.0",
    ("sdxl", "depth"): "diffusers/controlnet-depth-sdxl-1.0",
    ("sdxl", "lineart"): SDXL_LINES,
    ("sdxl", "lineart_anime"): SDXL_LINES,
    ("sdxl", "openpose"): "xinsir/controlnet-openpose-sdxl-1.0",
    ("sdxl", "scribble"): SDXL_LINES,
    ("sdxl", "softedge"): SDXL_LINES,
    ("sdxl", "tile"): "xinsir/controlnet-tile-sdxl-1.0",
}
"""For models that name no ControlNet of their own. All are published as safetensors."""
