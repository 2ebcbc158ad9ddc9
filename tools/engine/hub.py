"""Models from the Hugging Face hub: fetched when there is a network, found in the cache when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from diffusers import DiffusionPipeline
from huggingface_hub import snapshot_download
from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.utils import HfHubHTTPError, httpx

from knowledge.problems import GiveUp, TryAgain
from tools.engine.quiet import DIFFUSERS


def fetch_pipeline(hub_id: str, known: tuple[str, ...]) -> Path:
    """The folder of a diffusers pipeline in the hub's cache, its safetensors and configurations there. No pickles."""
    with _explained(hub_id, known):
        folder = Path(DiffusionPipeline.download(hub_id, use_safetensors=True))
        if not any(folder.rglob("*.safetensors")):
            # some models are published in half precision only
            folder = Path(DiffusionPipeline.download(hub_id, use_safetensors=True, variant="fp16"))
        return folder


def fetch_controlnet(hub_id: str) -> Path:
    return fetch_files(hub_id, ["config.json", "diffusion_pytorch_model.safetensors"])


def fetch_files(hub_id: str, wanted: list[str]) -> Path:
    """The folder of a repository in the hub's cache, with the files wanted."""
    with _explained(hub_id, ()):
        return Path(snapshot_download(hub_id, allow_patterns=wanted))


@contextmanager
def _explained(hub_id: str, known: tuple[str, ...]) -> Iterator[None]:
    """The hub's failures in one sentence that says what to do."""
    try:
        # transformers stays: its silence would hide the progress of a download
        with DIFFUSERS.kept():
            yield
    except HFValidationError as problem:
        raise TryAgain(f"{hub_id!r} is neither a folder here nor a hub id such as 'owner/name'.") from problem
    except (OSError, HfHubHTTPError, httpx.HTTPError) as problem:
        raise GiveUp(_reason(hub_id, problem.__cause__ or problem, known)) from problem


def _reason(hub_id: str, cause: BaseException, known: tuple[str, ...]) -> str:
    check = f"check the name (known here: {', '.join(known)})" if known else "check the name"
    match cause:
        case GatedRepoError():
            return f"{hub_id!r} asks for a licence: accept it on its hub page, then run 'hf auth login'."
        case RepositoryNotFoundError():
            return f"The hub has no model {hub_id!r} that you may read: {check} or run 'hf auth login'."
        case _:
            elsewhere = f"run 'hf download {hub_id}' on a machine with a network, or give a local folder"
            return f"The model {hub_id!r} is not here and the hub did not answer: {check}, {elsewhere}."
