"""Model cards: the training and the scores of a run from `meta.json` and `metrics.json`, and claims about its arm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trap.files import InputError, read_json
from trap.report.templates import markdown_environment
from trap.report.wording import number_text

LIBRARIES = {"peft": "peft", "mlx": "mlx", "model": "transformers"}
KINDS = {"peft": "A LoRA adapter (PEFT)", "mlx": "A LoRA adapter (mlx-lm)", "model": "A whole model"}
LOADING = {
    "model": (
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        'model = AutoModelForCausalLM.from_pretrained("FOLDER")\n'
        'tokenizer = AutoTokenizer.from_pretrained("FOLDER")'
    ),
    "peft": (
        "from peft import PeftModel\n"
        "from transformers import AutoModelForCausalLM\n\n"
        'base = AutoModelForCausalLM.from_pretrained("BASE")  # {base}\n'
        'model = PeftModel.from_pretrained(base, "FOLDER")'
    ),
    "mlx": (
        'from mlx_lm import load\n\nmodel, tokenizer = load("BASE", adapter_path="FOLDER")  # BASE: {base}'
    ),
}
TEMPLATE = "model_card.md.j2"


def read_meta(run: Path) -> dict[str, Any]:
    """`meta.json` of a run folder. Raises InputError if a key is missing or the adapter's format is unknown."""
    meta = read_json(run / "meta.json", dict)
    for key in (
        "study",
        "model",
        "platform",
        "arm",
        "seed",
        "method",
        "contaminated",
        "adapter",
        "data",
        "hyper",
    ):
        if key not in meta:
            raise InputError(f"{run / 'meta.json'}: {key}: missing")
    if meta["adapter"].get("format") not in KINDS:
        raise InputError(
            f"{run / 'meta.json'}: adapter.format: {meta['adapter'].get('format')!r} is not known"
        )
    return meta


def resting(
    claims: Sequence[dict[str, Any]], meta: dict[str, Any], platform: str = "torch"
) -> list[dict[str, Any]]:
    """Claims about the run's arm and model. Empty for runs of another platform, because claims do not judge these."""
    if meta["platform"] != platform:
        return []
    return [
        claim
        for claim in claims
        if claim.get("model") == meta["model"] and meta["arm"] in (claim.get("arms") or [])
    ]


def scores(run: Path) -> list[dict[str, str]]:
    """A row for each pool of `metrics.json`, with "-" for a missing metric. Empty before the run is evaluated."""
    if not (run / "metrics.json").is_file():
        return []
    rows = []
    for pool, arms in read_json(run / "metrics.json", dict).get("splits", {}).items():
        for values in arms.values():
            shares = {name: number_text(values.get(name), "share") for name in ("accuracy", "faithful")}
            rows.append({"pool": pool, "n": values["n_examples"], **shares})
    return rows


def made(meta: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, value) rows of the card's table about the training; empty values are left out."""
    hyper, data, adapter = meta["hyper"], meta["data"], meta["adapter"]
    rollouts = data.get("rollouts") or {}
    trained = bool(data.get("steps"))
    values = {
        "method": meta["method"],
        "starts from": meta.get("parent"),
        "samples come from": meta.get("rollouts"),
        "questions": meta.get("mixture") or meta.get("pool"),
        "trained on evaluation questions": "yes" if meta["contaminated"] else "no",
        "examples": data.get("n_train") or None,
        "sampled, of which kept": f"{rollouts['sampled']}, {rollouts['winners']}" if rollouts.get("winners") else None,
        "kept with a right answer": rollouts.get("winner_correct"),
        "kept with reasons that hold": rollouts.get("winner_faithful"),
        "steps, examples in each": f"{data['steps']}, {hyper['batch_size']}" if trained else None,
        "trained": hyper["tune"] if trained else None,
        "optimizer, peak rate": f"{hyper['optim']}, {hyper['learning_rate']:g}" if trained else None,
        "rank, alpha": f"{hyper['lora_r']}, {hyper['lora_alpha']}" if trained and hyper["tune"] == "lora" else None,
        "trained parameters": adapter.get("trained_parameters"),
        "source": adapter.get("source"),
        "revision": adapter.get("revision"),
        "weights": adapter.get("weights"),
        "seconds": (meta.get("seconds") or {}).get("train"),
        "versions": ", ".join(f"{k} {v}" for k, v in ({**meta.get("versions", {}), **adapter.get("versions", {})}).items()),
        "SHA-256 of these files": (meta.get("hashes") or {}).get("adapter"),
        "SHA-256 of the parent's": (meta.get("hashes") or {}).get("parent"),
    }  # fmt: skip
    for name, value in (meta.get("hashes") or {}).items():
        if name not in ("adapter", "parent"):
            values[f"SHA-256 of {name}"] = value
    return [(name, str(value)) for name, value in values.items() if value not in (None, "")]


def base_facts(base: Path | None) -> dict[str, Any]:
    """The section `adapter` of a base run's `meta.json`, or {}.

    `source`: hub id, package or folder of a pretrained model. `weights`: how its weights were changed beforehand, such
    as by quantisation.
    """
    path = base / "meta.json" if base else None
    return read_json(path, dict).get("adapter", {}) if path and path.is_file() else {}


def card(
    run: Path, templates: Path, claims: Sequence[dict[str, Any]], *, base: Path | None = None, title: str = "",
    platform: str = "torch",
) -> str:  # fmt: skip
    """The model card of a run as Markdown.

    base: folder of the base run. title: the study's title. platform: the platform whose runs the claims judge.
    Raises InputError if `meta.json` lacks a key.
    """
    meta = read_meta(run)
    kind = meta["adapter"]["format"]
    facts = base_facts(base)
    parent = f"arm {meta.get('parent')} of the same seed, whole (convert_adapter.py --to model)"
    return markdown_environment(str(templates)).get_template(TEMPLATE).render(
        meta=meta, label=meta.get("label") or meta["arm"], library=LIBRARIES[kind], kind=KINDS[kind], made=made(meta),
        scores=scores(run), claims=resting(claims, meta, platform), base_source=facts.get("source"),
        base_weights=facts.get("weights"),
        title=title or meta["study"], loading=LOADING[kind].format(base=parent),
    )  # fmt: skip
