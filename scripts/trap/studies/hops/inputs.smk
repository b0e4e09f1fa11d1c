"""Input functions of the rules that only the study hops has, and the files that it adds to experiments."""

import json
import shlex
from types import SimpleNamespace

from trap.studies.hops.pools import EASY_HOPS

HOPS = PLANS["hops"]
HOPS_GRAPH = HOPS.settings.options.get("graph")  # another graph than the project's own
HOPS_ENTITIES = HOPS.settings.options.get("entities")
HOPS_ERRORS = ["errors", "branches", "shuffle"]  # tables about errors of traces
HOPS_LOOKED_AT = ("sft_long", "way_out_rsft", "way_out_demos_rsft")
HOPS_PUBLISHED = HOPS.settings.published or "results/hops/published/files"
HOPS_AUDIT = "results/hops/published/audit.json"
HOPS_RELEASED_AUDIT = f"{RELEASED}/hops/published/audit.json"


def hops_source():
    """What the graph is built from, as options of the program that builds it."""
    if not HOPS_GRAPH:
        return "--source config/hops/graph"
    said = [f"--graph {shlex.quote(HOPS_GRAPH)}"]
    if HOPS_ENTITIES:
        said.append(f"--entities {shlex.quote(HOPS_ENTITIES)}")
    for name in ("columns", "names", "phrases"):
        if value := HOPS.settings.options.get(name):
            told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            said.append(f"--{name} {shlex.quote(told)}")
    return " ".join(said)


def hops_own(experiment, kind, names):
    """The names if the experiment lists `kind` under `own`, else none."""
    return names if kind in HOPS.experiment(experiment).own else []


def hops_borrowed(wildcards):
    """Traces of the experiments that an experiment borrows runs from."""
    lend = SimpleNamespace(study="hops", experiment=wildcards.experiment)
    return [f"{folder}/traces.parquet" for folder in lenders(lend)]


def hops_audit():
    """The audit of the published files: made here if the files are here, else the committed one."""
    made = HOPS.settings.published or Path(HOPS_AUDIT).is_file()
    return [HOPS_AUDIT] if made else [HOPS_RELEASED_AUDIT]


def hops_looking(wildcards):
    """The runs of an experiment whose attention is mapped."""
    return [run for run in HOPS.runs(wildcards.experiment) if run.arm in HOPS_LOOKED_AT]


def hops_lineage(run):
    return run_folders(run, HOPS.lineage(run.arm))


OWN_COLLECTED["hops"] = lambda experiment: [
    *hops_own(experiment, "errors", ["traces.parquet"]),
    *hops_own(experiment, "attention", ["attention.parquet", "pointers.parquet"]),
]
OWN_TABLES["hops"] = lambda experiment: [
    *hops_own(experiment, "errors", HOPS_ERRORS),
    *hops_own(experiment, "rewards", ["rewards"]),
]
OWN_TARGETS["hops"] = lambda experiment: [f"{HOPS.data}/audit.json"]
OWN_CLAIMS["hops"] = hops_audit
