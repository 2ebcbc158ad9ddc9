"""The detectors of controlnet-aux: a frozen library that takes seconds to import, so only when one of them is used."""

from __future__ import annotations

from typing import Any

from PIL import Image

from tools.preprocess import weights
from tools.preprocess.detectors import Detectors
from tools.preprocess.weights import Weights


def hed(image: Image.Image, detectors: Detectors) -> Image.Image:
    """Soft edges (Xie and Tu 2015)."""
    return _detected(image, detectors, weights.HED, "HEDdetector")


def hed_scribble(image: Image.Image, detectors: Detectors) -> Image.Image:
    return _detected(image, detectors, weights.HED, "HEDdetector", scribble=True)


def pidinet(image: Image.Image, detectors: Detectors) -> Image.Image:
    """Soft edges (Su et al. 2021)."""
    return _detected(image, detectors, weights.PIDINET, "PidiNetDetector", safe=True)


def pidinet_scribble(image: Image.Image, detectors: Detectors) -> Image.Image:
    return _detected(image, detectors, weights.PIDINET, "PidiNetDetector", scribble=True)


def informative_drawings(image: Image.Image, detectors: Detectors) -> Image.Image:
    """Line art (Chan et al. 2022)."""
    return _detected(image, detectors, weights.INFORMATIVE_DRAWINGS, "LineartDetector")


def anime2sketch(image: Image.Image, detectors: Detectors) -> Image.Image:
    """Line art of anime (Xiang et al. 2021)."""
    return _detected(image, detectors, weights.ANIME2SKETCH, "LineartAnimeDetector")


def mlsd(image: Image.Image, detectors: Detectors) -> Image.Image:
    """Straight lines (Gu et al. 2022)."""
    return _detected(image, detectors, weights.MLSD, "MLSDdetector")


def normalbae(image: Image.Image, detectors: Detectors) -> Image.Image:
    """Which way surfaces face (Bae et al. 2021)."""
    return _detected(image, detectors, weights.NORMALBAE, "NormalBaeDetector")


def openpose(image: Image.Image, detectors: Detectors) -> Image.Image:
    """Poses with hands and faces (Cao et al. 2019)."""
    return _detected(image, detectors, weights.OPENPOSE, "OpenposeDetector", include_hand=True, include_face=True)


def _detected(image: Image.Image, detectors: Detectors, needs: Weights, kind: str, **options: Any) -> Image.Image:
    # they work on sides that are multiples of 64, and answer in those
    side = max(64, min(image.size))
    detector = detectors.annotator(needs, kind)
    found = detector(image.convert("RGB"), detect_resolution=side, image_resolution=side, **options)
    return found.convert("RGB").resize(image.size, Image.Resampling.BILINEAR)
