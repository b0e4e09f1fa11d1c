"""Shared code of all stages: the checked settings, a plan for each study, and functions for file names.

needs  config/config.yaml (or --configfile, --config), config/STUDY/ of each study that it names
makes  SETTINGS, PLANS (scripts/trap/workflow/plan.py), and functions that turn them into file names
"""

import atexit
import os
import shlex
import sys
from functools import cache

from msgspec import to_builtins

sys.path.insert(0, f"{workflow.basedir}/scripts")

from trap.files import InputError, trouble
from trap.film import CUTS, known_quality
from trap.report.posts import FRONT, posts_of
from trap.workflow.closure import code
from trap.workflow.config import parse_config, settings_file, write_settings
from trap.workflow.expected import write_expected
from trap.workflow.plan import COLLECTED, RELEASED, TABLES, Plan
from trap.workflow.runs import SAMPLES, Run
from unlock_workflow import busy, hindrance

# Training allocates and frees arrays of a few megabytes at every step. Without these settings, glibc returns their
# pages to the kernel each time, which is slow.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**25))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**30))
os.environ.setdefault("MALLOC_TOP_PAD_", str(2**26))


def checked(build):
    """The result of `build`. Bad settings end the workflow with one line that names file and key."""
    try:
        return build()
    except InputError as error:
        raise WorkflowError(str(error)) from None
    except OSError as error:
        if told := trouble(error):
            raise WorkflowError(told) from None
        raise


def tell_hindrance():
    """After a failure, say what may have hindered the jobs or Snakemake itself, which knows no way out."""
    if told := hindrance(Path.cwd()):
        print(told, file=sys.stderr)


def tell_other_workflow():
    """Say that another workflow works in this folder. Snakemake asks to remove its lock, which would harm it."""
    if told := busy(Path.cwd().resolve()):
        print(told, file=sys.stderr)


def refuse(message):
    """End the workflow with one line. For input functions, whose exceptions Snakemake shows with a traceback."""
    raise SystemExit(f"error: {message}")


# Taken out of the settings, because only films depend on it.
FILM_QUALITY = checked(lambda: known_quality(config.pop("film_quality", "")))
SETTINGS = checked(lambda: parse_config(config, "config/config.yaml or --config"))
PLANS = checked(lambda: {study: Plan.of(SETTINGS, study) for study in SETTINGS.studies})
STUDY = SETTINGS.study
DEFAULT = "default"  # the experiment that every study has
PLAN = PLANS[STUDY]
# Programs read the settings from this file: config/config.yaml, or a copy if the command line changes something. The
# path is a resource of jobs and no param, so that jobs depend on the values and not on the place of the file.
CONFIG = settings_file(SETTINGS, "config/config.yaml")
# {what an experiment compares: the name of its table and figure}
COMPARED = {"sizes": "scaling", "platforms": "platforms"}
# What the rules of a study add, as a function by study. The first three take an experiment and give names of collected
# files, names of tables, and further target files. The last gives the files that the study's claims read.
OWN_COLLECTED, OWN_TABLES, OWN_TARGETS, OWN_CLAIMS = {}, {}, {}, {}
EXPERIMENTS = {
    (study, name): one
    for study, plan in PLANS.items()
    for name, one in plan.settings.experiments.items()
}


if workflow.is_main_process:
    atexit.register(tell_other_workflow)


onstart:
    # onerror would not do: it is not called where Snakemake itself fails
    atexit.register(tell_hindrance)
    checked(lambda: write_settings(SETTINGS, CONFIG))
    checked(lambda: write_expected(workflow.dag.needrun_jobs(), workflow.cores))


onsuccess:
    atexit.unregister(tell_hindrance)
    atexit.unregister(tell_other_workflow)


def names(values):
    """A wildcard constraint that allows exactly these values."""
    return "|".join(sorted(set(values))) or "none"


BASES = {plan.base for plan in PLANS.values()}
TRAINED = {arm for plan in PLANS.values() for arm in plan.arms} - BASES
for plan in PLANS.values():
    for arm in BASES & set(plan.arms) - {plan.base}:
        raise WorkflowError(f"{plan.settings.sheet}: `{arm}` is no base here, but of another study")


wildcard_constraints:
    study=names(PLANS),
    experiment=names(name for study, name in EXPERIMENTS),
    model=names(SETTINGS.models),
    platform=names([SETTINGS.platform, *(one.platform or "none" for one in EXPERIMENTS.values())]),
    arm=names(BASES | TRAINED),
    seed=r"[1-9]\d*",
    pool=names(pool.name for plan in PLANS.values() for pool in plan.kind.pools),


def shell_quoted(path):
    """A path as one word of a shell, whatever signs it has; braces are doubled, because Snakemake fills them."""
    return shlex.quote(str(path)).replace("{", "{{").replace("}", "}}")


# Results must not depend on the locale, and a process must not take more cores than its rule says.
shell.prefix(
    f'set -euo pipefail; export PATH={shell_quoted(Path(sys.executable).parent)}:"$PATH"'
    " PYTHONHASHSEED=0 PYTHONUTF8=1 LC_ALL=C TOKENIZERS_PARALLELISM=false POLARS_MAX_THREADS=1"
    f" MPLBACKEND=agg DISTRIBUTION_TRAP_ROOT={shell_quoted(workflow.basedir)}; "
)


def plan_of(wildcards):
    return PLANS[wildcards.study]


def option(name, values):
    """`name` and its values for a command line; nothing where there are none."""
    return " ".join([name, *map(str, values)]) if values else ""


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
    return f"{option('--lineage', parents)} {option('--rollouts', sampler)}".strip()


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


def run_files(runs, *files):
    """These files of every run."""
    return [f"{run.folder}/{name}" for run in runs for name in files]


def pool_files(study, *roles):
    """The files of the pools with these roles."""
    return PLANS[study].pool_files(PLANS[study].pools(*roles))


def extra_files(study):
    """The files of the pools that only some experiments ask."""
    return [f"results/{study}/extra/{pool}.jsonl" for pool in PLANS[study].extra]


def sources(study):
    """Files that a study's items are made from. The study's own rules make them."""
    plan = PLANS[study]
    return [f"{plan.data}/{name}" for name in plan.kind.sources(plan.settings.options)]


# --- evidence -------------------------------------------------------------------------------------------


def own(added, study, *experiment):
    """What the rules of a study add, of the kind that `added` holds."""
    return added[study](*experiment) if study in added else []


def collected_files(study, experiment):
    """Names of the files of evidence that are collected from an experiment's runs."""
    repeats = [f"repeat_{model}" for model in PLANS[study].repeats(experiment)]
    tables = [f"{name}.parquet" for name in (*COLLECTED, *repeats)]
    given = ["seconds.json", "provenance.json", *own(OWN_COLLECTED, study, experiment)]
    return [*tables, SAMPLES, *given]


@cache
def evidence_folder(study, experiment):
    try:
        return PLANS[study].evidence(experiment)
    except InputError as error:
        refuse(error)


def evidence_files(study, experiment):
    """The files that tables and claims of an experiment are made from, released or local."""
    folder = evidence_folder(study, experiment)
    paths = [f"{folder}/{name}" for name in collected_files(study, experiment)]
    # releases from before runs counted their samples have no such table
    older = folder.startswith(RELEASED) and not Path(folder, SAMPLES).is_file()
    return [path for path in paths if not (older and Path(path).name == SAMPLES)]


def is_released(study, experiment):
    return evidence_folder(study, experiment).startswith(RELEASED)


def other_items(study, experiment):
    """Items of the experiments in `with_items_of`."""
    others = EXPERIMENTS[study, experiment].with_items_of
    return [f"{evidence_folder(study, other)}/items.parquet" for other in others]


def ledgers_beside(study, experiment):
    """Ledgers of the released experiments in `beside`, which may test claims that this one does not test."""
    return [path for other in released_beside(study, experiment) for path in ledger(study, other)]


def home(study, experiment):
    return PLANS[study].home(experiment)


def both(folder, names, besides=()):
    """Both files of each table, Parquet for programs and Markdown for people, without the files in `besides`."""
    files = [f"{name}.{kind}" for name in names for kind in ("parquet", "md")]
    return [f"{folder}/{name}" for name in files if name not in besides]


def table_files(study, experiment):
    compare = EXPERIMENTS[study, experiment].compare
    tables = [COMPARED[compare]] if compare else [*TABLES, *own(OWN_TABLES, study, experiment)]
    return both(f"{home(study, experiment)}/tables", tables)


def four(stem):
    """The four files of a figure: two themes, each as SVG and as PNG."""
    return [f"{stem}.{kind}" for kind in ("light.svg", "light.png", "dark.svg", "dark.png")]


def shown(path, caption, category, folder="captions"):
    """An output that `snakemake --report` shows. Its caption is a file in a folder of report/."""
    found = Path(workflow.basedir, "report", folder, f"{caption}.rst")
    return report(path, caption=found.as_posix(), category=category)


def figure_files(study, experiment):
    folder, figures = f"{home(study, experiment)}/figures", EXPERIMENTS[study, experiment].figures
    return [path for name in figures for path in four(f"{folder}/{name}")]


def ledger(study, experiment):
    """The ledger of an experiment, in a list. A comparison has none."""
    compare = EXPERIMENTS[study, experiment].compare
    return [] if compare else [f"{home(study, experiment)}/claims.json"]


def released_beside(study, experiment):
    """The experiments in `beside` whose items are released."""
    beside = EXPERIMENTS[study, experiment].beside
    return [other for other in beside if is_released(study, other)]


def report_files(study, experiment):
    return [f"{home(study, experiment)}/report/post.{kind}" for kind in ("md", "html")]


def page_files(study, experiment):
    """The last file that is written for a page."""
    return [f"{home(study, experiment)}/page/index.html"]


def experiment_files(study, experiment):
    """All files of an experiment. With local items, these include the results of its runs."""
    one, plan = EXPERIMENTS[study, experiment], PLANS[study]
    released = is_released(study, experiment)
    made = [
        *([] if released else run_files(plan.collected(experiment), "metrics.json")),
        *ledger(study, experiment),
        *table_files(study, experiment),
        *figure_files(study, experiment),
        *(report_files(study, experiment) if one.post else []),
    ]
    checks = [f"{plan.data}/gates.json", *own(OWN_TARGETS, study, experiment)]
    return made if one.compare else [*checks, *made]


def main_experiment():
    """The experiment that targets such as `tables` and `film` are about: the released one with most runs."""
    posts = [name for name, one in PLAN.settings.experiments.items() if one.post]
    found = [name for name in posts if is_released(STUDY, name)]
    return max(found, key=lambda name: len(PLAN.runs(name)), default=DEFAULT)


def rules_of(module):
    """The path of the rules that a study brings; "" if it has none."""
    for folder in (Path(workflow.basedir, "scripts/trap/studies"), Path("studies")):
        if Path(folder, module, "rules.smk").is_file():
            return Path(folder, module, "rules.smk").resolve().as_posix()
    return ""
