"""The weights that preprocessors need: where the hub has them, under which licence, and how to get them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from knowledge.problems import GiveUp

SAFETENSORS = ("config.json", "model.safetensors", "preprocessor_config.json")


@dataclass(frozen=True)
class Weights:
    """Files of one repository on the hub. `licence` is what the hub or the authors say of the weights."""

    hub_id: str
    licence: str
    files: tuple[str, ...] = SAFETENSORS

    @property
    def how(self) -> str:
        """The command that fetches them."""
        return f"hf download {self.hub_id} {' '.join(self.files)}"


DEPTH_ANYTHING = Weights("depth-anything/Depth-Anything-V2-Small-hf", "Apache-2.0")
RT_DETR = Weights("PekingU/rtdetr_r18vd_coco_o365", "Apache-2.0")
VITPOSE = Weights("usyd-community/vitpose-base-simple", "Apache-2.0")
SEGFORMER = Weights("nvidia/segformer-b0-finetuned-ade-512-512", "NVIDIA, not for commercial use")


def annotator(*files: str, licence: str = "other, see each annotator's authors") -> Weights:
    """Published as pickles only: they are read with `weights_only`, which refuses whatever is not a tensor."""
    return Weights("lllyasviel/Annotators", licence, files)


HED = annotator("ControlNetHED.pth")
PIDINET = annotator("table5_pidinet.pth")
INFORMATIVE_DRAWINGS = annotator("sk_model.pth", "sk_model2.pth")
ANIME2SKETCH = annotator("netG.pth")
MLSD = annotator("mlsd_large_512_fp32.pth")
NORMALBAE = annotator("scannet.pt")
OPENPOSE = annotator("body_pose_model.pth", "hand_pose_model.pth", "facenet.pth", licence="CMU, not for commercial use")


def fetch(weights: Weights, download: bool = True) -> Path:
    """The folder that holds the files, downloaded once. Raises `GiveUp` that says how to get them, or do without."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import HfHubHTTPError, httpx

    try:
        wanted = list(weights.files)
        folder = Path(snapshot_download(weights.hub_id, allow_patterns=wanted, local_files_only=not download))
    except (OSError, HfHubHTTPError, httpx.HTTPError) as problem:
        raise _absent(weights) from problem
    if not all((folder / file).is_file() for file in weights.files):
        raise _absent(weights)
    return folder


def _absent(weights: Weights) -> GiveUp:
    # the table of preprocessors names its weights, so it cannot be read from here before it is whole
    from tools.preprocess import without_weights

    return GiveUp(
        f"The weights of {weights.hub_id!r} are not here and the hub did not answer: "
        f"run '{weights.how}' on a machine with a network, "
        f"or choose a control that needs none: {', '.join(without_weights())}."
    )
