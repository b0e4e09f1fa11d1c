"""Shared by all stages: the checked configuration, the plan of runs, paths, shell settings.

needs  config/config.yaml (or --configfile, --config), config/arms.tsv
makes  PLAN (see scripts/trap/plan.py) and functions that turn it into file names
"""

import sys

sys.path.insert(0, f"{workflow.basedir}/scripts")

from trap.config import effective_config, parse_config
from trap.files import InputError
from trap.plan import EVALUATION_POOLS, Plan, Run, code


def checked(build):
    """The result of `build`, or the one line that says which file and key is wrong."""
    try:
        return build()
    except InputError as error:
        raise WorkflowError(str(error)) from None


SETTINGS = checked(lambda: parse_config(config, "config/config.yaml or --config"))
PLAN = checked(lambda: Plan.of(SETTINGS))
STUDY = SETTINGS.study
DATA = f"results/{STUDY}/data"
GPUS = 1 if SETTINGS.device == "cuda" else 0
# Scripts read the settings from this file: the configuration as written, or, where the command line
# overrides it, a copy of what it came to. A resource, since it says where the values are, not what:
# what a job depends on is in its params.
CONFIG = effective_config(SETTINGS, "config/config.yaml")

wildcard_constraints:
    study="|".join(sorted({arm.study for arm in PLAN.arms.values()})),
    model="|".join(SETTINGS.models),
    platform=SETTINGS.platform,
    arm="|".join(PLAN.arms),
    seed=r"[1-9]\d*",
    pool="|".join(SETTINGS.data.counts),
    evidence="results|results/default",


# The same bytes on every machine and in every locale; one process takes no more cores than its rule.
shell.prefix(
    f"set -euo pipefail; export PATH='{Path(sys.executable).parent}':\"$PATH\""
    " PYTHONHASHSEED=0 PYTHONUTF8=1 LC_ALL=C.UTF-8 TOKENIZERS_PARALLELISM=false POLARS_MAX_THREADS=1"
    f" MPLBACKEND=agg DISTRIBUTION_TRAP_ROOT='{workflow.basedir}'; "
)


def pools(*names):
    """Files of question pools."""
    return [f"{DATA}/{name}.jsonl" for name in names if name in SETTINGS.data.counts]


def job_run(wildcards, arm=None):
    """The run of a job, or the same job's run of another arm."""
    return Run(
        wildcards.study, wildcards.model, wildcards.platform, arm or wildcards.arm, int(wildcards.seed)
    )


def run_folders(wildcards, arms):
    """Folders of other arms of the same model, platform and seed."""
    return [job_run(wildcards, arm).folder for arm in arms]


def trained(wildcards, arms):
    """What training those arms leaves for others: weights, and the record that names their hash."""
    return [f"{folder}/{name}" for folder in run_folders(wildcards, arms) for name in ("adapter", "meta.json")]


def run_files(size, *names):
    """Those files of every run of a size."""
    return [f"{run.folder}/{name}" for run in PLAN.runs(size) for name in names]


def is_adopted(evidence):
    """Whether committed items stand for the runs of this evidence."""
    return evidence == "results" and PLAN.adopted


def data_files():
    return [
        f"{DATA}/kg.json",
        f"{DATA}/facts.jsonl",
        *pools(*SETTINGS.data.counts),
        f"{DATA}/audit.json",
    ]


def everything(size):
    """All evidence of a size and, unless committed items stand for them, all its runs."""
    evidence = PLAN.size(size).evidence
    runs = [] if is_adopted(evidence) else run_files(size, "metrics.json")
    return [*runs, *table_files(evidence), *figure_files(evidence), *report_files(evidence)]


def arms_where(test):
    """A wildcard constraint: the arms whose row passes the test."""
    return "|".join(arm.arm for arm in PLAN.arms.values() if test(arm)) or "none"


def collected_here():
    """A wildcard constraint: the evidence whose items come from runs."""
    return "results/default" if PLAN.adopted else "results|results/default"


FIGURES = (
    "trap",
    "distribution_dose",
    "leakage_dose",
    "hops_used",
    "faithfulness",
    "reward_parts",
    "training_curves",
)


def figure_files(evidence):
    return [
        f"{evidence}/figures/{name}.{theme}.{kind}"
        for name in FIGURES
        for theme in ("light", "dark")
        for kind in ("svg", "png")
    ]


def table_files(evidence):
    tables = [f"{evidence}/tables/{name}.{kind}" for name in TABLES for kind in ("parquet", "md")]
    return [f"{evidence}/claims.json", *tables]


def report_files(evidence):
    return [f"{evidence}/report/post.md", f"{evidence}/report/post.html"]


TABLES = ("arms",)
