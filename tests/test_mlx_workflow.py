"""The workflow on the platform mlx: a base from torch, then training, adapters and evaluation on mlx."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mlx_models import platform
from test_workflow import ROOT
from whole_runs import project, snakemake

pytestmark = pytest.mark.slow
RUN = "results/hops/runs/nano/mlx/sft/s1"


def test_a_run_trains_and_is_evaluated(tmp_path: Path, tiny_run: Path) -> None:
    folder = project(tmp_path / "project", tiny_run)
    # The tiny size trains the whole model; here an adapter, so that evaluation loads a chain.
    (folder / "lora.yaml").write_text(
        "studies: {hops: {hyper: {sft: {tune: lora, optim: adamw, max_steps: 8}}}}\n"
    )
    files = ["--configfile", "config/test/config.yaml", "lora.yaml"]
    snakemake(folder, *files, "--config", "platform=mlx", "--", f"{RUN}/metrics.json")
    meta = json.loads((folder / RUN / "meta.json").read_text())
    assert meta["platform"] == "mlx" and meta["adapter"]["format"] == "mlx"
    assert meta["adapter"]["versions"].keys() == {"mlx", "mlx-lm"}
    assert (folder / RUN / "adapter/adapters.safetensors").is_file()
    log = [json.loads(line) for line in (folder / RUN / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in log if row["kind"] == "train"] == list(range(1, 9))
    metrics = json.loads((folder / RUN / "metrics.json").read_text())
    assert {"eval_easy", "eval_hard"} <= metrics["splits"].keys()
    chain = [folder / RUN.replace("/sft/", "/base/") / "adapter", folder / RUN / "adapter"]
    item = json.loads((folder / "results/hops/data/eval_hard.jsonl").read_text().splitlines()[0])
    how = {
        "num_generations": 1,
        "temperature": 0.0,
        "max_completion_length": meta["hyper"]["max_completion_length"],
        "keys": [0],
    }
    episodes = [json.loads(line) for line in (folder / RUN / "episodes.jsonl").read_text().splitlines()]
    ((text,),) = platform.load(chain, "cpu").sample([item["prompt"]], **how)
    assert text in [row["completion"] for row in episodes if row["prompt"] == item["prompt"]]


def test_the_profile_plans_every_job_on_mlx(tmp_path: Path) -> None:
    profile = yaml.safe_load((ROOT / "profiles/mlx/profile.yaml").read_text())
    assert profile["config"] == ["platform=mlx"]
    folder = project(tmp_path / "project")
    planned = snakemake(folder, "--profile", "profiles/mlx", "--dry-run")
    assert "results/hops/runs/nano/mlx/rsft_hard/s1/adapter" in planned
    assert "/torch/" not in planned
