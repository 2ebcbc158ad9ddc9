"""The poses of people: RT-DETR (Zhao et al. 2024) finds them, ViTPose (Xu et al. 2022) their joints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.preprocess.detectors import Detectors
from tools.preprocess.skeleton import Person, draw_skeleton
from tools.preprocess.weights import RT_DETR, VITPOSE

PERSON = 0
"""COCO's first class."""
SURE = 0.5
"""Score from which something is a person."""
SEEN = 0.3
"""Score from which a joint is drawn."""
SHOULDERS = (5, 6)
FROM_COCO = (0, 17, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
"""Where COCO's 17 joints, with the neck as the 18th, have those of OpenPose."""


def vitpose(image: Image.Image, detectors: Detectors) -> Image.Image:
    picture = image.convert("RGB")
    boxes = find_people(picture, detectors)
    people = find_joints(picture, boxes, detectors) if len(boxes) else []
    return draw_skeleton(people, image.width, image.height)


def find_people(image: Image.Image, detectors: Detectors) -> NDArray[np.float32]:
    """Shape (people, 4): left, top, width and height in pixels, as COCO writes boxes."""
    import torch

    model, processor = detectors.transformer(RT_DETR, "AutoModelForObjectDetection")
    with torch.inference_mode():
        outputs = model(**processor(images=image, return_tensors="pt").to(detectors.device))
    size = [(image.height, image.width)]
    found = processor.post_process_object_detection(outputs, threshold=SURE, target_sizes=size)[0]
    corners = found["boxes"][found["labels"] == PERSON].cpu().numpy()
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def find_joints(image: Image.Image, boxes: NDArray[np.float32], detectors: Detectors) -> list[Person]:
    import torch

    model, processor = detectors.transformer(VITPOSE, "VitPoseForPoseEstimation")
    with torch.inference_mode():
        outputs = model(**processor(image, boxes=[boxes], return_tensors="pt").to(detectors.device))
    poses = processor.post_process_pose_estimation(outputs, boxes=[boxes])[0]
    return [from_coco(np.column_stack([pose["keypoints"], pose["scores"]])) for pose in poses]


def from_coco(joints: NDArray[np.float32]) -> Person:
    """From COCO's 17 joints, rows of x, y and score; the neck is between the shoulders, and no surer than they."""
    shoulders = joints[list(SHOULDERS)]
    neck = (*shoulders[:, :2].mean(axis=0), shoulders[:, 2].min())
    drawn = np.vstack([joints, neck])[list(FROM_COCO)]
    return Person(joints=tuple((float(x), float(y), float(s) if s >= SEEN else 0.0) for x, y, s in drawn))
