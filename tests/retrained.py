"""A tiny run from nothing, whose bytes are known: base, SFT, RSFT with replay, expert iteration, GRPO.

    python tests/retrained.py --write     # record what this type of machine gives, in tests/data/retrained.json

Sums of floats depend on the processor's instructions and on torch, so what is known is known by machine. A change of
code that changes results changes these hashes: then say so in LOG.md, and record them anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tests/data/retrained.json"
FLAGS = ("fma", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")
COUNTS = {"easy": 120, "hard": 60, "valid_easy": 4, "valid_hard": 4, "eval_easy": 12, "eval_hard": 12}

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "scripts"))

from hops_data import write_graph  # noqa: E402

MUON = {"tune": "full", "optim": "muon", "learning_rate": 8e-3, "batch_size": 8, "max_completion_length": 24}
LORA = {
    "tune": "lora", "learning_rate": 4e-3, "max_steps": 3, "batch_size": 8, "prompts": 8, "num_generations": 4, "min_reward": None, "max_completion_length": 24,
    "probes": 1,
}  # fmt: skip
HYPER: dict[str, dict[str, Any]] = {
    "tiny_base": {**MUON, "max_steps": 8},
    "tiny_sft": {**MUON, "max_steps": 24, "prompts": 100, "probes": 2},
    "tiny_rsft": LORA,
    "tiny_replay": {**LORA, "replay": 0.5},
    "tiny_grpo": {
        **LORA,
        "learning_rate": 1e-3,
        "batch_size": 16,
        "grpo": {"steps_per_generation": 2, "beta": 0.01},
    },
}
ARMS = """
base	-	-	base	-	-	-	-	1	tiny_base
sft	base	-	sft	easy	-	-	-	1	tiny_sft
rsft	sft	sft	rsft	hard	-	v1	best	1	tiny_rsft
rounds	sft	sft	rsft	-	easy:0.5+hard:0.5	v2	curriculum	2	tiny_replay
expert	sft	sft	expert	-	easy@1:0.5+hard@4:0.5	v2	best	2	tiny_replay
grpo	sft	-	grpo	hard	-	progress	-	1	tiny_grpo
"""


def machine() -> str:
    """What float sums depend on: the processor and its instructions, the version of torch."""
    import torch

    facts = {}
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
        facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    known = [facts.get(key, "") for key in ("vendor_id", "cpu family", "model")]
    return " ".join(
        [
            platform.system(),
            platform.machine(),
            *known,
            *(f for f in FLAGS if f in flags),
            f"torch {torch.__version__}",
        ]
    )


def call(program: str, *arguments: Any) -> None:
    module = __import__(program)
    if module.main([str(argument) for argument in arguments]):
        raise RuntimeError(f"{program} failed")


def make(folder: Path) -> dict[str, str]:
    """Train and evaluate in an empty folder; hashes of weights and of what was written, by arm."""
    from trap.files import write_json, write_jsonl, write_text
    from trap.studies.base import load_study
    from trap.workflow.config import read_yaml
    from trap.workflow.sheet import ARM_COLUMNS

    data = write_graph(folder / "data")
    study = load_study("hops", {"corpus": 0.02}, data)
    for pool, count in COUNTS.items():
        write_jsonl(data / f"{pool}.jsonl", study.items(pool, count))
    rows = [line.split("\t") for line in ARMS.strip("\n").split("\n")]
    rows = [[*row, "no", *["-"] * (len(ARM_COLUMNS) - len(row) - 1)] for row in rows]
    write_text(folder / "arms.tsv", "".join("\t".join(row) + "\n" for row in [ARM_COLUMNS, *rows]))
    shape = {"hidden": 32, "layers": 2, "heads": 2, "kv_heads": 2, "intermediate": 64, "rope": [1, 0]}
    settings = {
        "options": {"corpus": 0.02}, "counts": COUNTS, "hyper": HYPER, "sheet": str(folder / "arms.tsv"),
        "claims": str(ROOT / "config/hops/claims.yaml"),
    }  # fmt: skip
    values = read_yaml(ROOT / "config/config.yaml")
    values |= {"study": "hops", "studies": {"hops": settings}, "device": "cpu"}
    values["models"]["tiny"] = shape
    write_json(folder / "config.json", values)
    common = ["--config", folder / "config.json", "--study", "hops", "--data", data]
    call("write_corpus", *common, "--output", data / "corpus.jsonl")
    common += ["--model", "tiny", "--platform", "torch", "--seed", 1]
    call("train_base", *common, "--corpus", data / "corpus.jsonl", "--output", folder / "base")
    found = {"base": weights(folder / "base")}
    for row in rows[1:]:
        arm, parent, sampler = row[:3]
        lineage = [folder / name for name in (["base"] if parent == "base" else ["base", parent])]
        one = [*common, "--sheet", folder / "arms.tsv", "--arm", arm]
        rollouts = ["--rollouts", *lineage] if sampler != "-" else []
        call("train_adapter", *one, "--lineage", *lineage, *rollouts, "--output", folder / arm)
        scored = ["--pools", data / "eval_easy.jsonl", data / "eval_hard.jsonl"]
        watched = ["--validation", data / "valid_easy.jsonl", data / "valid_hard.jsonl"]
        call(
            "evaluate_adapter",
            *one,
            "--lineage",
            *lineage,
            folder / arm,
            *scored,
            *watched,
            "--output",
            folder / arm,
        )
        found[arm] = weights(folder / arm)
        for name in ("validation", "episodes", "rollouts"):
            if (path := folder / arm / f"{name}.jsonl").is_file():
                texts = [
                    json.loads(line)["completion"] for line in path.read_text(encoding="utf-8").splitlines()
                ]
                found[f"{arm} {name}"] = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    return found


def weights(run: Path) -> str:
    (path,) = (run / "adapter").glob("*.safetensors")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", required=True)
    parser.parse_args()
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        known[machine()] = make(Path(folder) / "run")
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{FILE}: {machine()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
