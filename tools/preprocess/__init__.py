"""From an image to a control map: one plain function a file, chosen from one table."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PIL import Image

from knowledge.recipe import ControlKind
from tools.preprocess import weights
from tools.preprocess.weights import Weights

if TYPE_CHECKING:
    from tools.preprocess.detectors import Detectors


@dataclass(frozen=True)
class Preprocessor:
    """`function` is `file:name` here: from an RGB image to an RGB map of its size, given `Detectors` if it has weights.

    It is a name because OpenCV and torch load when the first map is made.
    """

    kinds: tuple[ControlKind, ...]
    function: str
    weights: tuple[Weights, ...] = ()

    @property
    def device(self) -> Literal["cpu", "any"]:
        """Where it runs: in OpenCV on the CPU, or where the detectors are told to."""
        return "any" if self.weights else "cpu"

    def __call__(self, image: Image.Image, detectors: Detectors) -> Image.Image:
        """Raises `GiveUp` where weights are neither here nor to be had."""
        function = pkgutil.resolve_name(f"{__name__}.{self.function}")
        return function(image, detectors) if self.weights else function(image)


PREPROCESSORS: Mapping[str, Preprocessor] = {
    "canny": Preprocessor(("canny",), "canny:canny"),
    "xdog": Preprocessor(("lineart", "lineart_anime"), "xdog:lineart"),
    "xdog_scribble": Preprocessor(("scribble",), "xdog:scribble"),
    "gradient": Preprocessor(("softedge",), "gradient:gradient"),
    "lsd": Preprocessor(("mlsd",), "line_segments:line_segments"),
    "threshold": Preprocessor(("lineart", "lineart_anime", "scribble"), "threshold:threshold"),
    "tile": Preprocessor(("tile",), "tile:tile"),
    "blur": Preprocessor(("tile",), "tile:blur"),
    "shuffle": Preprocessor(("shuffle",), "shuffle:shuffle"),
    "inpaint": Preprocessor(("inpaint",), "inpaint:inpaint"),
    "depth_anything": Preprocessor(("depth",), "depth_anything:depth_anything", (weights.DEPTH_ANYTHING,)),
    "vitpose": Preprocessor(("openpose",), "vitpose:vitpose", (weights.RT_DETR, weights.VITPOSE)),
    "segformer": Preprocessor(("seg",), "segformer:segformer", (weights.SEGFORMER,)),
    "hed": Preprocessor(("softedge",), "annotators:hed", (weights.HED,)),
    "hed_scribble": Preprocessor(("scribble",), "annotators:hed_scribble", (weights.HED,)),
    "pidinet": Preprocessor(("softedge",), "annotators:pidinet", (weights.PIDINET,)),
    "pidinet_scribble": Preprocessor(("scribble",), "annotators:pidinet_scribble", (weights.PIDINET,)),
    "informative_drawings": Preprocessor(
        ("lineart",), "annotators:informative_drawings", (weights.INFORMATIVE_DRAWINGS,)
    ),
    "anime2sketch": Preprocessor(("lineart_anime",), "annotators:anime2sketch", (weights.ANIME2SKETCH,)),
    "mlsd": Preprocessor(("mlsd",), "annotators:mlsd", (weights.MLSD,)),
    "normalbae": Preprocessor(("normal",), "annotators:normalbae", (weights.NORMALBAE,)),
    "openpose": Preprocessor(("openpose",), "annotators:openpose", (weights.OPENPOSE,)),
}
"""By name. The first for a kind is its usual one: one that needs no weights, where there is."""
NONE = "none"
"""For a picture that is a map already."""


def made_by(kind: str) -> tuple[str, ...]:
    """The names of what makes maps of this kind, the usual one first."""
    return tuple(name for name, preprocessor in PREPROCESSORS.items() if kind in preprocessor.kinds)


def without_weights() -> tuple[str, ...]:
    """The kinds that need no download."""
    kinds = (kind for preprocessor in PREPROCESSORS.values() if not preprocessor.weights for kind in preprocessor.kinds)
    return tuple(dict.fromkeys(kinds))
