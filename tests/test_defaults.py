"""What rules/defaults.smk gives every job, by attributes of Snakemake that are not public: does this version have them?"""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest

from whole_runs import ROOT, snakemake

DEFAULTS = ROOT / "rules/defaults.smk"
USED = sorted(set(re.findall(r"\beach\.(\w+)", DEFAULTS.read_text(encoding="utf-8"))))
SNAKEFILE = f"""
CONFIG = "settings.yaml"
rule target:
    input: "results/hops/s1.txt", "plain.txt"
rule made:
    output: "results/{{study}}/s{{seed}}.txt"
    shell: "cat {{resources.config}} > {{output}} 2> {{log}}"
rule plain:
    output: "plain.txt"
    resources: mem_mb=70
    shell: "touch {{output}} &> {{log}}"
for one in getattr(workflow, "rules", ()):
    print("a rule has", *(name for name in {USED} if hasattr(one, name)))
include: "{DEFAULTS}"
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a dry run of three rules with the defaults says, whether it fails or not."""
    folder = tmp_path_factory.mktemp("defaults") / "project"
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    return snakemake(folder, "--dry-run", "--printshellcmds", check=False)


def test_snakemake_has_what_is_used(told: str) -> None:
    assert {"set_log", "benchmark", "resources", "shellcmd"} <= set(USED)
    here = f"Snakemake {version('snakemake')}"
    found = [set(line.split()) for line in re.findall(r"^a rule has (.*)$", told, re.MULTILINE)]
    assert len(found) == 3, f"{here} has no workflow.rules, which rules/defaults.smk goes through"
    lacking = set(USED) - set.intersection(*found)
    assert not lacking, f"{here}: a rule has no {', '.join(sorted(lacking))}, which rules/defaults.smk uses"


def test_every_job_has_a_log_a_benchmark_memory_and_the_settings(told: str) -> None:
    for rule, name, memory in (("made", "made/hops.1", 1500), ("plain", "plain", 70)):
        (part,) = [part for part in told.split("\n\n") if f"rule {rule}:" in part]
        assert f"log: results/logs/{name}.log" in part, part
        assert f"benchmark: results/benchmarks/{name}.jsonl" in part, part
        assert re.search(rf"mem_mb={memory}\b", part) and "config=settings.yaml" in part, part
    assert "cat settings.yaml > results/hops/s1.txt 2> results/logs/made/hops.1.log" in told
