"""Shared by all stages: the checked settings, a plan for each study, and the names of files.

needs  config/config.yaml (or --configfile, --config), config/STUDY/ of each study that it names
makes  SETTINGS, PLANS (scripts/trap/workflow/plan.py), and functions that turn them into file names
"""

import os
import sys
from functools import cache

from msgspec import to_builtins
from snakemake.logging import logger

sys.path.insert(0, f"{workflow.basedir}/scripts")

from trap.files import InputError
from trap.film import CUTS, known_quality
from trap.workflow.config import parse_config, settings_file, write_settings
from trap.workflow.plan import COLLECTED, RELEASED, TABLES, Plan, Run, code

# Arrays of a few megabytes come and go at every step. Without these settings, glibc gives their pages back to the
# kernel each time.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**25))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**30))
os.environ.setdefault("MALLOC_TOP_PAD_", str(2**26))


def checked(build):
    """The result of `build`. Ends with one line that says which file and key is wrong."""
    try:
        return build()
    except InputError as error:
        raise WorkflowError(str(error)) from None


def refuse(message):
    """End with one line. Input functions call this, because Snakemake shows the traceback of an exception in them."""
    raise SystemExit(f"error: {message}")


# Only films depend on it, no table and no claim.
FILM_QUALITY = checked(lambda: known_quality(config.pop("film_quality", "")))
SETTINGS = checked(lambda: parse_config(config, "config/config.yaml or --config"))
PLANS = checked(lambda: {study: Plan.of(SETTINGS, study) for study in SETTINGS.studies})
STUDY = SETTINGS.study
DEFAULT = "default"  # the experiment that every study has
PLAN = PLANS[STUDY]
# Programs read the settings from this file. It is the configuration as written, or a copy of the result where the
# command line overrides it. The path says where the values are and not what they are, so it is a resource. What a job
# depends on is in its params.
CONFIG = settings_file(SETTINGS, "config/config.yaml")
COMPARED = {
    "sizes": "scaling",
    "platforms": "platforms",
}  # the table, and the figure, of a comparison
# What the rules of a study add, by study. The first three hold functions of an experiment that give names of collected
# files, names of tables, and further target files. The last holds functions that give the files its claims read.
OWN_COLLECTED, OWN_TABLES, OWN_TARGETS, OWN_CLAIMS = {}, {}, {}, {}


onstart:
    write_settings(SETTINGS, CONFIG)


def names(values):
    """A wildcard constraint that allows exactly these values."""
    return "|".join(sorted(set(values))) or "none"


BASES = {plan.base for plan in PLANS.values()}
TRAINED = {arm for plan in PLANS.values() for arm in plan.arms} - BASES
for plan in PLANS.values():
    for arm in BASES & set(plan.arms) - {plan.base}:
        raise WorkflowError(
            f"{plan.settings.sheet}: `{arm}` is the base of another study and no base here"
        )


wildcard_constraints:
    study=names(PLANS),
    experiment=names(name for plan in PLANS.values() for name in plan.settings.experiments),
    model=names(SETTINGS.models),
    platform=names(
        {SETTINGS.platform}
        | {
            one.platform
            for plan in PLANS.values()
            for one in plan.settings.experiments.values()
            if one.platform
        }
    ),
    arm=names(BASES | TRAINED),
    seed=r"[1-9]\d*",
    pool=names(pool.name for plan in PLANS.values() for pool in plan.kind.pools),


# Results must not depend on the locale, and a process must not take more cores than its rule says.
shell.prefix(
    f"set -euo pipefail; export PATH='{Path(sys.executable).parent}':\"$PATH\""
    " PYTHONHASHSEED=0 PYTHONUTF8=1 LC_ALL=C TOKENIZERS_PARALLELISM=false POLARS_MAX_THREADS=1"
    f" MPLBACKEND=agg DISTRIBUTION_TRAP_ROOT='{workflow.basedir}'; "
)


def plan_of(wildcards):
    return PLANS[wildcards.study]


# --- runs ---------------------------------------------------------------------------------------------


def job_run(wildcards, arm=None):
    """The run of a job; with `arm`, the run of that arm on the same model, platform and seed."""
    arm = arm or wildcards.arm
    seed = plan_of(wildcards).seed_of(arm, int(wildcards.seed))
    return Run(wildcards.study, wildcards.model, wildcards.platform, arm, seed)


def run_folders(wildcards, arms):
    """Folders of other arms of the same model, platform and seed."""
    return [job_run(wildcards, arm).folder for arm in arms]


def trained(wildcards, arms):
    """The weights of other arms of the same model, platform and seed."""
    return [f"{folder}/adapter" for folder in run_folders(wildcards, arms)]


def lineage(wildcards):
    """Arguments for the runs that an arm starts from and, if it samples, for the runs that sample for it."""
    plan = plan_of(wildcards)
    parents = run_folders(wildcards, plan.parents(wildcards.arm))
    sampler = run_folders(wildcards, plan.sampler(wildcards.arm))
    return " ".join(["--lineage", *parents, *(["--rollouts", *sampler] if sampler else [])])


def run_memory(wildcards, trains=True):
    return plan_of(wildcards).memory(wildcards.model, wildcards.arm, wildcards.platform, trains)


def run_threads(wildcards):
    """One thread for a small model, whose jobs run beside each other; all cores for a large one."""
    return plan_of(wildcards).threads(wildcards.model, workflow.cores)


def source_text(model):
    """The source of a model as plain values."""
    return to_builtins(SETTINGS.models[model].source)


def fetch_memory(model):
    """Megabytes to fetch a model: a GGUF file is read into memory, files of the hub are not."""
    return 1000 if isinstance(SETTINGS.models[model].source, str) else 2500


def gpus(wildcards):
    """The number of cards that a job asks for: one if models live on a card, else none."""
    return 1 if SETTINGS.device == "cuda" or wildcards.platform.startswith("unsloth") else 0


def run_files(study, experiment, *files):
    """These files of every run of an experiment."""
    return [f"{run.folder}/{name}" for run in PLANS[study].runs(experiment) for name in files]


def pool_files(study, *roles):
    """The files of the pools with these roles."""
    return PLANS[study].pool_files(PLANS[study].pools(*roles))


def named_pools(study, pools):
    return [f"{PLANS[study].data}/{pool}.jsonl" for pool in pools]


def sources(study):
    """Files that a study's items are made from. The study's own rules make them."""
    plan = PLANS[study]
    return [f"{plan.data}/{name}" for name in plan.kind.sources(plan.settings.options)]


# --- evidence -------------------------------------------------------------------------------------------


def collected_files(study, experiment):
    """Names of the files that an experiment's runs leave as evidence."""
    plan = PLANS[study]
    own = OWN_COLLECTED[study](experiment) if study in OWN_COLLECTED else []
    repeats = [f"repeat_{model}.parquet" for model in plan.repeats(experiment)]
    records = ["seconds.json", "provenance.json"]
    return [*(f"{name}.parquet" for name in COLLECTED), *records, *repeats, *own]


@cache
def evidence_folder(study, experiment):
    try:
        return PLANS[study].evidence(experiment)
    except InputError as error:
        refuse(error)


def evidence_files(study, experiment):
    """The files that tables and claims of an experiment are made from, released or local."""
    folder = evidence_folder(study, experiment)
    return [f"{folder}/{name}" for name in collected_files(study, experiment)]


def other_items(study, experiment):
    """Items of the experiments in `with_items_of`."""
    return [
        f"{evidence_folder(study, other)}/items.parquet"
        for other in PLANS[study].experiment(experiment).with_items_of
    ]


def ledgers_beside(study, experiment):
    """Ledgers of the experiments in `beside` that are released. They may test what this one does not."""
    plan = PLANS[study]
    return [
        f"{plan.home(other)}/claims.json"
        for other in plan.experiment(experiment).beside
        if evidence_folder(study, other).startswith(RELEASED) and not plan.experiment(other).compare
    ]


def home(study, experiment):
    return PLANS[study].home(experiment)


def both(folder, names):
    """Each table twice: Parquet for programs, Markdown for people."""
    return [f"{folder}/{name}.{kind}" for name in names for kind in ("parquet", "md")]


def own_tables(study, experiment):
    return OWN_TABLES[study](experiment) if study in OWN_TABLES else []


def table_files(study, experiment):
    folder, compare = (
        f"{home(study, experiment)}/tables",
        PLANS[study].experiment(experiment).compare,
    )
    return both(
        folder, [COMPARED[compare]] if compare else [*TABLES, *own_tables(study, experiment)]
    )


def four(stem):
    """The four files of a figure: two themes, each as SVG and as PNG."""
    return [f"{stem}.{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")]


def plain(stem):
    """The files of a figure, without the one that `snakemake --report` shows."""
    return [path for path in four(stem) if not path.endswith(".light.svg")]


def shown(path, caption, category, folder="captions"):
    """An output that `snakemake --report` shows. Its caption lies in a folder of report/."""
    found = Path(workflow.basedir, "report", folder, f"{caption}.rst")
    return report(path, caption=found.as_posix(), category=category)


def figure_files(study, experiment):
    folder = f"{home(study, experiment)}/figures"
    return [
        path
        for name in PLANS[study].experiment(experiment).figures
        for path in four(f"{folder}/{name}")
    ]


def ledger(study, experiment):
    """The ledger of an experiment, in a list. A comparison has none."""
    compare = PLANS[study].experiment(experiment).compare
    return [] if compare else [f"{home(study, experiment)}/claims.json"]


def figures_beside(study, experiment):
    """Figures that the post may show of other experiments: those in `beside` whose items are released."""
    return [
        path
        for other in PLANS[study].experiment(experiment).beside
        if evidence_folder(study, other).startswith(RELEASED)
        for path in figure_files(study, other)
    ]


def report_files(study, experiment):
    folder = f"{home(study, experiment)}/report"
    return [f"{folder}/post.md", f"{folder}/post.html"]


def page_target(study, experiment):
    """The file that is there when a page is finished."""
    return [f"{home(study, experiment)}/page/index.html"]


def results_of_runs(study, experiment):
    """Results of the runs whose items lie with an experiment: one that is lost is made again."""
    return [f"{run.folder}/metrics.json" for run in PLANS[study].collected(experiment)]


def experiment_files(study, experiment):
    """All files that are made for an experiment."""
    one = PLANS[study].experiment(experiment)
    released = evidence_folder(study, experiment).startswith(RELEASED)
    made = [
        *([] if released else results_of_runs(study, experiment)),
        *ledger(study, experiment),
        *table_files(study, experiment),
        *figure_files(study, experiment),
        *(report_files(study, experiment) if one.post else []),
    ]
    own = OWN_TARGETS[study](experiment) if study in OWN_TARGETS else []
    return made if one.compare else [f"{PLANS[study].data}/gates.json", *own, *made]


def main_experiment():
    """The experiment that targets such as `tables` and `film` are about: the released one with most runs."""
    found = [
        name
        for name, one in PLAN.settings.experiments.items()
        if one.post and evidence_folder(STUDY, name).startswith(RELEASED)
    ]
    return max(found, key=lambda name: len(PLAN.runs(name)), default=DEFAULT)


def rules_of(module):
    """The path of the rules that a study brings; "" if it has none."""
    for folder in (Path(workflow.basedir, "scripts/trap/studies"), Path("studies")):
        if Path(folder, module, "rules.smk").is_file():
            return Path(folder, module, "rules.smk").resolve().as_posix()
    return ""
