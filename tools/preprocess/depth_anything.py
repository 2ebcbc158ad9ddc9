"""Depth as Depth Anything V2 sees it (Yang et al. 2024): near is white, far is black."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tools.preprocess.detectors import Detectors
from tools.preprocess.weights import DEPTH_ANYTHING


def depth_anything(image: Image.Image, detectors: Detectors) -> Image.Image:
    """Inverse depth up to scale and shift: the nearest point is white, the farthest black."""
    import torch

    model, processor = detectors.transformer(DEPTH_ANYTHING, "AutoModelForDepthEstimation")
    with torch.inference_mode():
        inputs = processor(images=image.convert("RGB"), return_tensors="pt").to(detectors.device)
        outputs = model(**inputs)
    size = [(image.height, image.width)]
    values = processor.post_process_depth_estimation(outputs, target_sizes=size)[0]["predicted_depth"].cpu().numpy()
    spread = np.ptp(values) or 1
    return Image.fromarray(np.rint(255 * (values - values.min()) / spread).astype(np.uint8)).convert("RGB")
