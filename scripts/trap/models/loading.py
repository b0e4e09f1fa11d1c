"""Models by their names in the settings: linked from a hub or a folder, loaded on a platform, asked in their own way.

A model that is trained here is loaded as it is. A pretrained one (`models.NAME.source` is a hub id, a package
or a folder) stands behind `trap.models.prompted`: its prompts go through its chat template, and nothing is cut to fit.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trap.files import InputError, read_json
from trap.models.hub import WANTED, first_line
from trap.models.memory import enough_memory
from trap.models.package import ORIGIN
from trap.models.prompted import prompted
from trap.platforms import Model, load_platform
from trap.workflow.config import Config, Package, model_of
from trap.workflow.config import Model as Spec

MADE = "results/models"  # what was fetched and made of packages, by model
COPIED = tuple(pattern.removeprefix("*") for pattern in WANTED)  # endings of what belongs to a model


def load_model(
    config: Config, name: str, platform: str, lineage: Sequence[Path | str], device: str | None = None
) -> Model:
    """The model at the end of a lineage of adapter folders, ready to sample, score and fit.

    lineage: the base model's folder first (for a pretrained model as `link_model` wrote it, which says how it is
    asked), then adapters, each trained on the ones before. device: by default the one of the settings. Raises
    InputError, in one line, for an unknown model or platform, a folder that is missing or damaged, and a model
    that memory does not hold, then or later.
    """
    spec = model_of(config, name)
    folders = [Path(folder) for folder in lineage]
    with enough_memory(name):
        model = load_platform(platform).load(folders, device or config.device)
    if spec.source == "train":
        return model
    return prompted(model, folders[0], spec.chat, spec.too_long, name)


def link_model(spec: Spec, folder: Path, name: str = "") -> dict[str, Any]:
    """Copy a pretrained model into `folder`: weights, settings, tokenizer, chat template.

    They come from a local folder, from the hub (or its cache) at the revision of the settings, or from what was made of
    a package, under `name`. Gives facts for meta.json. Raises InputError where there is no such model.
    """
    if isinstance(spec.source, Package):
        source = Path(MADE, name)
        if not (source / ORIGIN).is_file():
            raise InputError(
                f"{source}: nothing was made of {spec.source.package} yet: scripts/fetch_model.py --model {name}"
            )
        facts = {"source": f"{spec.source.package}, {spec.source.file}", **_told(source)}
    else:
        source = Path(spec.source)
        if not source.is_dir():
            source = _from_hub(spec)
        facts = {"source": spec.source, "revision": spec.revision}
    if not (source / "config.json").is_file():
        raise InputError(f"{source}: no config.json: not a model folder")
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.suffix in COPIED and path.is_file():
            shutil.copyfile(path, folder / path.name)
    return {"format": "model", **facts}


def _told(folder: Path) -> dict[str, Any]:
    origin = read_json(folder / ORIGIN, dict)
    return {key: origin[key] for key in ("sha256", "weights") if key in origin}


def _from_hub(spec: Spec) -> Path:
    """The model's folder in the hub's cache, filled where it is not there."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(spec.source, revision=spec.revision, allow_patterns=list(WANTED)))
    except Exception as error:  # no network, no name, a proxy, a timeout, a server's error: many types
        raise InputError(
            f"models: source {spec.source!r} is no local folder and could not be fetched from the hub: {first_line(error)}"
        ) from None
