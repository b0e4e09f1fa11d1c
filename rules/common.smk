"""Shared by all stages: the checked configuration, the plan of runs, paths, shell settings.

needs  config/config.yaml (or --configfile, --config), config/arms.tsv
makes  PLAN (see scripts/trap/workflow/plan.py) and functions that turn it into file names
"""

import os
import sys
from functools import cache

from snakemake.logging import logger

sys.path.insert(0, f"{workflow.basedir}/scripts")

from trap.workflow.adoption import (
    LOOKED_AT,
    LOOKING,
    adopted,
    attention_files,
    own_files,
    partly_committed,
    read_manifest,
)
from trap.workflow.config import Search, effective_config, parse_config, with_model_hyper
from trap.files import InputError
from trap.film import CUTS, known_quality
from trap.workflow.plan import (
    ERROR_TABLES,
    FIGURES,
    PUBLISHED,
    PUBLISHED_AUDIT,
    TABLES,
    VALIDATION_POOLS,
    Plan,
    Run,
    code,
)

# Arrays of a few megabytes come and go at every step. Left alone, glibc gives their pages back to the kernel each time.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**25))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**30))
os.environ.setdefault("MALLOC_TOP_PAD_", str(2**26))


def checked(build):
    """The result of `build`, or the one line that says which file and key is wrong."""
    try:
        return build()
    except InputError as error:
        raise WorkflowError(str(error)) from None


def refuse(message):
    """End with one line, also from an input function: of an exception there, Snakemake shows the traceback."""
    raise SystemExit(f"error: {message}")


# Of the films. Not among the settings that scripts read, on which tables and claims depend.
FILM_QUALITY = checked(lambda: known_quality(config.pop("film_quality", "")))
SETTINGS = checked(lambda: parse_config(config, "config/config.yaml or --config"))
PLAN = checked(lambda: Plan.of(SETTINGS))
ADOPTED = checked(lambda: adopted(PLAN))  # evidence whose committed items stand for its runs
STUDY = SETTINGS.study
DATA = f"results/{STUDY}/data"
CUES = "video/cues.yaml"  # the words of the film
# Written before Snakemake looks at what files there are: one that appears later counts as missing.
STAMPS = [PLAN.evaluation_code(), *(PLAN.training_code(arm) for arm in PLAN.arms)]
GPUS = 1 if SETTINGS.device == "cuda" or SETTINGS.platform.startswith("unsloth") else 0
# Scripts read the settings from this file: the configuration as written, or, where the command line
# overrides it, a copy of what it came to. A resource, since it says where the values are, not what:
# what a job depends on is in its params.
CONFIG = effective_config(SETTINGS, "config/config.yaml")


@cache
def model_config(model):
    """The settings file for a model's jobs: its own hyperparameters laid over the sets."""
    return effective_config(with_model_hyper(SETTINGS, model), CONFIG)


TRAINED_HERE = "|".join(filter(PLAN.trained_here, SETTINGS.models)) or "none"
PRETRAINED = "|".join(m for m in SETTINGS.models if not PLAN.trained_here(m)) or "none"


wildcard_constraints:
    study="|".join(sorted({arm.study for arm in PLAN.arms.values()})),
    model="|".join(SETTINGS.models),
    platform=SETTINGS.platform,
    arm="|".join(PLAN.arms),
    seed=r"[1-9]\d*",
    pool="|".join(SETTINGS.data.counts),
    evidence="|".join(size.evidence for size in SETTINGS.sizes.values()),


# The same bytes on every machine and in every locale; one process takes no more cores than its rule.
shell.prefix(
    f"set -euo pipefail; export PATH='{Path(sys.executable).parent}':\"$PATH\""
    " PYTHONHASHSEED=0 PYTHONUTF8=1 LC_ALL=C TOKENIZERS_PARALLELISM=false POLARS_MAX_THREADS=1"
    f" MPLBACKEND=agg DISTRIBUTION_TRAP_ROOT='{workflow.basedir}'; "
)


def pools(*names):
    """Files of question pools."""
    return [f"{DATA}/{name}.jsonl" for name in names if name in SETTINGS.data.counts]


def pools_like(*prefixes, but=()):
    """Files of the question pools whose names start so, without those that end in one of `but`."""
    return pools(
        *(
            name
            for name in SETTINGS.data.counts
            if name.startswith(prefixes) and not name.endswith(tuple(but))
        )
    )


# A pool named *_random holds the questions of another with random traces: something to train on only.
# A pool named *_permuted holds them with wrong letters as its key: it is scored, to see who learned that
# key, but it is no honest set of questions, so that no audit and no baseline looks at it.
SCORED = pools_like("eval_", but=["_random"])
HONEST = pools_like("eval_", but=["_random", "_permuted"])
# A pool named *_shuffled asks another's questions again: their traces are read once.
LOGGED = pools_like("eval_", but=["_random", "_permuted", "_shuffled"])


def job_run(wildcards, arm=None):
    """The run of a job, or the same job's run of another arm."""
    return Run(
        wildcards.study,
        wildcards.model,
        wildcards.platform,
        arm or wildcards.arm,
        PLAN.seed_of(arm or wildcards.arm, int(wildcards.seed)),
    )


def run_folders(wildcards, arms):
    """Folders of other arms of the same model, platform and seed."""
    return [job_run(wildcards, arm).folder for arm in arms]


def trained(wildcards, arms):
    """The weights of other arms of the same model, platform and seed."""
    return [f"{folder}/adapter" for folder in run_folders(wildcards, arms)]


def lineage(wildcards):
    """Arguments that name the runs an arm starts from and, if it samples, those that sample for it."""
    parents = run_folders(wildcards, PLAN.parents(wildcards.arm))
    sampler = run_folders(wildcards, PLAN.sampler(wildcards.arm))
    return " ".join(["--parents", *parents, *(["--rollouts", *sampler] if sampler else [])])


def sheet_of(wildcards):
    """The experiment sheet that a run's arm stands in."""
    return PLAN.sheet_of(wildcards.arm)


def sheet_behind(wildcards):
    """The experiment sheet that the runs of this evidence come from."""
    return PLAN.sheet(PLAN.size_of(wildcards.evidence))


def run_files(size, *names):
    """Those files of every run of a size."""
    return [f"{run.folder}/{name}" for run in PLAN.runs(size) for name in names]


def collected_files(evidence, *names):
    """Those files of every run whose items lie with this evidence."""
    runs = PLAN.collected(PLAN.size_of(evidence))
    return [f"{run.folder}/{name}" for run in runs for name in names]


def repeated(wildcards):
    """The run of a model that is done twice for this evidence."""
    return PLAN.repeats(PLAN.size_of(wildcards.evidence))[wildcards.model]


def repeat_files(evidence):
    return [
        f"{evidence}/tables/repeat_{model}.parquet"
        for model in PLAN.repeats(PLAN.size_of(evidence))
    ]


def is_adopted(evidence):
    """Whether committed items stand for the runs of this evidence."""
    return evidence in ADOPTED


@cache
def results_of_runs(size):
    """Results of a size's runs, unless committed items stand for them; says so where part of these is missing."""
    if is_adopted(PLAN.size(size).evidence):
        return []
    committed = (read_manifest() or {}).get("sizes", {}) if SETTINGS.adopt else {}
    for line in partly_committed(size, committed[size]) if size in committed else []:
        logger.warning(line)
    return run_files(size, "metrics.json")


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
    audit = f"{DATA}/audit.json"
    return [
        audit,
        *results_of_runs(size),
        *table_files(evidence),
        *figure_files(evidence),
        *report_files(evidence),
    ]


def arms_where(test):
    """A wildcard constraint: the arms whose row passes the test."""
    return "|".join(arm.arm for arm in PLAN.arms.values() if test(arm)) or "none"


def collected_here():
    """A wildcard constraint: the evidence whose items come from runs."""
    folders = [size.evidence for size in SETTINGS.sizes.values()]
    return "|".join(folder for folder in folders if not is_adopted(folder)) or "none"


def provenance_files(evidence):
    return [f"{evidence}/provenance.json"]


def figure_files(evidence):
    return [path for name in FIGURES for path in four(f"{evidence}/figures/{name}")]


def table_files(evidence):
    return [f"{evidence}/claims.json", *written_tables(evidence), *error_tables(evidence)]


def error_tables(evidence):
    """What tabulate_errors writes."""
    return [
        f"{evidence}/tables/{name}.{kind}" for name in ERROR_TABLES for kind in ("parquet", "md")
    ]


def written_tables(evidence):
    """What tabulate_results writes: each table for programs and for people."""
    return [f"{evidence}/tables/{name}.{kind}" for name in TABLES for kind in ("parquet", "md")]


# The tables that `snakemake --report` shows.
SHOWN_TABLES = ("arms.md", "contrasts.md")


def report_files(evidence):
    return [f"{evidence}/report/post.md", f"{evidence}/report/post.html"]


def four(stem):
    """A figure's files: both themes, vector and pixels."""
    return [f"{stem}.{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")]


def published_folder():
    """The folder of published files: the one in the settings, or the fetched one; "" where there is none."""
    if SETTINGS.published:
        return SETTINGS.published
    return PUBLISHED if Path(PUBLISHED).is_dir() else ""


def published_audit():
    """The audit of the published files, where there is one or something to make it from."""
    known = published_folder() or Path(PUBLISHED_AUDIT).is_file()
    return [PUBLISHED_AUDIT] if known else []


def plain(stem):
    """A figure's files but for the one that the report shows."""
    return [path for path in four(stem) if not path.endswith(".light.svg")]


def shown(path, caption, category):
    """An output that `snakemake --report` shows, with its caption."""
    return report(path, caption=f"../report/captions/{caption}.rst", category=category)


def scenes(cut, evidence):
    """Names of a cut's scenes, in order; those that show a grid's results, where its ledger stands."""
    from trap.film.cues import load_sheet, scenes_of  # not for those who make no film

    grids = [PLAN.size_of(Path(ledger).parent.as_posix()) for ledger in grid_ledgers(evidence)]
    return checked(lambda: scenes_of(load_sheet(CUES), cut, grids))


def film_tables(wildcards):
    """Tables that scenes read."""
    names = ("arms", "by_hops", "doses", "rollouts", "curves", "episodes")
    return [f"{wildcards.evidence}/tables/{name}.parquet" for name in names]


def scene_files(folder, suffix):
    evidence = Path(folder).parent.as_posix()
    return [
        f"{folder}/clips/{cut}_{scene}.{suffix}" for cut in CUTS for scene in scenes(cut, evidence)
    ]


def film_quality():
    """The quality of films: that of --config film_quality, else of the cue sheet."""
    from trap.film.cues import load_sheet

    return FILM_QUALITY or checked(lambda: load_sheet(CUES).quality)


def film_files(folder):
    """Everything of a film; of a draft the cuts alone, for its contact sheets would go over the film's."""
    films = [f"{folder}/trap_{cut}.mp4" for cut in CUTS]
    if film_quality() == "draft":
        return films
    beside = [
        f"{folder}/{name}"
        for cut in CUTS
        for name in (
            f"contact_sheet_{cut}.png",
            f"trap_{cut}.srt",
            f"trap_{cut}.vtt",
            f"thumbnail_{cut}.png",
        )
    ]
    return [*films, *beside, f"{folder}/kit.md", *scene_files(folder, "webp")]
