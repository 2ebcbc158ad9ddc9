"""What is where (SegFormer, Xie et al. 2021), each of ADE20K's 150 classes in its own colour."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tools.preprocess.detectors import Detectors
from tools.preprocess.weights import SEGFORMER

PALETTE = bytes.fromhex(
    "787878b4787806e6e650323204c8037878508c8c8ccc05ffe6e6e604fa07e005ffebff0796053d78784608ff33ff06528fff8c"
    "ccff04ff3307cc46030066c83de6faff06330b66ffff0747ff09e00907e6dcdcdcff095c7009ff08ffd607ffe0ffb8060aff47"
    "ff290a07ffffe0ff086608ffff3d06ffc207ff7a0800ff14ff0829ff05990633ffeb0cffa0961400a3ff8c8c8cfa0a0f14ff00"
    "1fff00ff1f00ffe00099ff000000ffff470000ebff00adff1f00ff0bc8c8ff520000fff5003dff00ff7000ff85ff0000ffa300"
    "ff6600c2ff00008fff33ff000052ff00ff2900ffad0a00ffadff0000ff99ff5c00ff00ffff00f5ff0066ffad00ff0014ffb8b8"
    "001fff00ff3d0047ffff00cc00ffc200ff52000aff0070ff3300ff00c2ff007aff00ffa3ff990000ff0aff70008fff005200ff"
    "a3ff00ffeb0008b8aa8500ff00ff5cb800ffff001f00b8ff00d6ffff00705cff0000e0ff70e0ff46b8a0a300ff9900ff47ff00"
    "ff00a3ffcc00ff008f00ffeb85ff00ff00ebf500ffff007afff5000abed4d6ff0000ccff1400ffffff000099ff0029ff00ffcc"
    "2900ff29ff00ad00ff00f5ff4700ff7a00ff00ffb8005cffb8ff000085ffffd60019c2c266ff005c00ff"
)
"""RGB of class 0, 1, …: the colours of the MIT scene parsing benchmark, which ControlNets were trained with."""


def segformer(image: Image.Image, detectors: Detectors) -> Image.Image:
    import torch

    model, processor = detectors.transformer(SEGFORMER, "AutoModelForSemanticSegmentation")
    with torch.inference_mode():
        inputs = processor(images=image.convert("RGB"), return_tensors="pt").to(detectors.device)
        outputs = model(**inputs)
    size = [(image.height, image.width)]
    classes = processor.post_process_semantic_segmentation(outputs, target_sizes=size)[0].cpu().numpy()
    return Image.fromarray(np.frombuffer(PALETTE, np.uint8).reshape(-1, 3)[classes])
