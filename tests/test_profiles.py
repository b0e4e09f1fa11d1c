"""Every profile plans the whole paper, and one GPU in a machine is never given to two jobs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from skips import needs
from test_workflow import ROOT
from trap.workflow.config import load_config, settings_file
from whole_runs import project, snakemake


def on_the_gpu() -> set[str]:
    """Rules that ask for a GPU where there is one, and those that take one of them over."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk")]
    bodies = {}
    for text in texts:
        parts = re.split(r"^rule (\w+):$", text, flags=re.MULTILINE)
        bodies |= dict(zip(parts[1::2], parts[2::2], strict=True))
    found = {name for name, body in bodies.items() if re.search(r"\bgpu=", body.split("\nuse rule ")[0])}
    taken = [re.findall(r"^use rule (\w+) as (\w+) with:$", text, re.MULTILINE) for text in texts]
    return found | {name for pairs in taken for other, name in pairs if other in found}


ON_THE_GPU = on_the_gpu()
needs_slurm = needs("slurm")


def profile(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "profiles" / name / "profile.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["mlx", "cuda"])
def test_one_gpu_is_given_to_one_job(name: str) -> None:
    settings = profile(name)
    assert "gpu=1" in settings["resources"]
    # A name that no rule has would be ignored, and the card oversubscribed.
    assert set(settings["set-resources"]) == {f"{rule}:gpu=1" for rule in ON_THE_GPU}
    assert {"train_base", "evaluate_adapter", "evaluate_extra", "repeat_run", "search_answers"} <= ON_THE_GPU


def test_a_cluster_is_left_to_slurm() -> None:
    settings = profile("slurm")
    assert settings["executor"] == "slurm" and "resources" not in settings
    assert settings["slurm-status-command"] == "squeue" and settings["retries"] == 2


@pytest.mark.parametrize("name", ["slurm", "cluster"])
def test_a_cluster_is_asked_for_the_memory_of_a_local_job(name: str) -> None:
    said = re.search(r'\("mem_mb", (\d+)\)', (ROOT / "rules/defaults.smk").read_text(encoding="utf-8"))
    assert f"mem_mb={said[1]}" in profile(name)["default-resources"]


@pytest.mark.slow
def test_the_card_s_profile_plans_every_job_on_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = snakemake(
        project(tmp_path / "project"), "--profile", "profiles/cuda", "--dry-run", "--printshellcmds"
    )
    assert "results/hops/runs/nano/torch/rsft_hard/s1/adapter" in output
    settings = set(re.findall(r"--config (\S*settings/\w+\.json)", output))
    assert len(settings) == 1  # the scripts are told device=cuda
    monkeypatch.chdir(tmp_path / "project")
    told = load_config("config/config.yaml")
    told.device = "cuda"  # a dry run writes nothing, but the name says what the settings would be
    assert settings == {settings_file(told, "config/config.yaml")}


@pytest.mark.slow
def test_unsloth_is_one_word_more(tmp_path: Path) -> None:
    output = snakemake(
        project(tmp_path / "project"), "--profile", "profiles/cuda", "--dry-run",
        "results/hops/runs/nano/unsloth/rsft_hard/s1/metrics.json", "--config", "platform=unsloth",
    )  # fmt: skip
    assert "Train hops nano rsft_hard, seed 1" in output and "/torch/" not in output


@needs_slurm
@pytest.mark.slow
def test_slurm_plans_every_job(tmp_path: Path) -> None:
    output = snakemake(project(tmp_path / "project"), "--profile", "profiles/slurm", "--dry-run")
    assert "results/hops/runs/nano/torch/rsft_hard/s1/adapter" in output and "Error" not in output
