"""The finished file: kohya's tensors under a header that says what they were trained on and how, the same each time."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from safetensors.torch import save
from torch import Tensor

from tools.training.order import Training

ARCHITECTURES: Mapping[str, str] = {
    "sd1": "stable-diffusion-v1",
    "sd2": "stable-diffusion-v2-512",
    "sdxl": "stable-diffusion-xl-v1-base",
}
"""ModelSpec's names by family; others are named as they are."""
BASES: Mapping[str, str] = {"sd1": "sd_v1", "sd2": "sd_v2", "sdxl": "sdxl_base_v1-0"}
"""kohya's."""
LEGACY = slice(0x100000, 0x110000)
"""What the first of the extra networks' hashes was taken of."""


def lora_file(tensors: Mapping[str, Tensor], training: Training, captions: Sequence[str], steps: int) -> bytes:
    """Neither date nor machine is in it: the same training gives the same bytes."""
    said = header(training, captions, steps, precision(tensors))
    # the hashes are of the file as it would be with kohya's own keys alone
    bare = _sorted(tensors, {key: text for key, text in said.items() if key.startswith("ss_")})
    start = 8 + int.from_bytes(bare[:8], "little")
    hashes = {
        "sshs_model_hash": hashlib.sha256(bare[start:]).hexdigest(),
        "sshs_legacy_hash": hashlib.sha256(bare[LEGACY]).hexdigest()[:8],
    }
    return _sorted(tensors, said | hashes)


def header(training: Training, captions: Sequence[str], steps: int, precision: str) -> dict[str, str]:
    """ModelSpec 1.0.1, and the `ss_*` keys that kohya's tools write and others read."""
    return _modelspec(training) | {key: str(value) for key, value in _kohya(training, captions, steps, precision)}


def precision(tensors: Mapping[str, Tensor]) -> str:
    return str(next(iter(tensors.values())).dtype).removeprefix("torch.").replace("float16", "fp16")


def _modelspec(training: Training) -> dict[str, str]:
    return {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": f"{ARCHITECTURES.get(training.family, training.family)}/lora",
        "modelspec.implementation": "diffusers",
        "modelspec.title": training.name,
        "modelspec.description": training.about,
        "modelspec.resolution": f"{training.side}x{training.side}",
        "modelspec.trigger_phrase": training.trigger,
        "modelspec.tags": ", ".join((training.name.replace("-", " ").replace("_", " "), *training.also)),
    }


def _kohya(training: Training, captions: Sequence[str], steps: int, precision: str) -> list[tuple[str, object]]:
    count, side = len(captions), training.side
    tags = Counter(tag.strip() for caption in captions for tag in caption.split(",") if tag.strip())
    batches = -(-count // training.batch)
    convolutions = {"conv_dim": str(training.rank), "conv_alpha": str(float(training.rank))}
    where = PurePath(training.model)
    words = training.learning_rate if training.text_encoder else None
    return [
        ("ss_output_name", training.name),
        ("ss_base_model_version", BASES.get(training.family, training.family)),
        ("ss_v2", training.family == "sd2"),
        ("ss_sd_model_name", where.name if where.is_absolute() else training.model),
        ("ss_network_module", "networks.lora"),
        ("ss_network_dim", training.rank),
        ("ss_network_alpha", float(training.rank)),
        ("ss_network_dropout", None),
        ("ss_network_args", json.dumps(convolutions if training.kind == "style" else {})),
        ("ss_resolution", f"({side}, {side})"),
        ("ss_enable_bucket", False),
        ("ss_num_train_images", count),
        ("ss_num_reg_images", 0),
        ("ss_num_batches_per_epoch", batches),
        ("ss_num_epochs", -(-steps // batches)),
        ("ss_batch_size_per_device", training.batch),
        ("ss_total_batch_size", training.batch),
        ("ss_gradient_accumulation_steps", 1),
        ("ss_steps", steps),
        ("ss_max_train_steps", training.steps),
        ("ss_learning_rate", training.learning_rate),
        ("ss_unet_lr", training.learning_rate),
        ("ss_text_encoder_lr", words),
        ("ss_lr_scheduler", "cosine"),
        ("ss_lr_warmup_steps", training.warm_up),
        ("ss_optimizer", "torch.optim.adamw.AdamW"),
        ("ss_max_grad_norm", 1.0),
        ("ss_mixed_precision", precision),
        ("ss_caption_dropout_rate", training.caption_dropout),
        ("ss_min_snr_gamma", training.min_snr_gamma or None),
        ("ss_noise_offset", None),
        ("ss_clip_skip", None),
        ("ss_cache_latents", True),
        ("ss_color_aug", False),
        ("ss_flip_aug", False),
        ("ss_seed", training.seed),
        ("ss_dataset_dirs", json.dumps({training.name: {"n_repeats": 1, "img_count": count}})),
        ("ss_tag_frequency", json.dumps({training.name: dict(tags.most_common())}, ensure_ascii=False)),
        ("ss_training_comment", f"{training.kind}, trained by Atelier"),
    ]


def _sorted(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """safetensors, its header's keys in order: the library leaves those of the metadata in any."""
    data = save(dict(sorted(tensors.items())), dict(metadata))
    length = int.from_bytes(data[:8], "little")
    said = json.loads(data[8 : 8 + length])
    text = json.dumps({**said, "__metadata__": dict(sorted(metadata.items()))}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
