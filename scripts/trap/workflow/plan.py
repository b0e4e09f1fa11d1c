"""Turn a study's settings and sheets into jobs: which runs there are, from which parents, on which files.

The rules ask this module, so that what a job depends on is said once and can be tested without Snakemake. Everything
here follows from the settings and from the files on disk. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from trap.files import InputError, read_json
from trap.models.memory import is_large, needed_mb
from trap.studies.base import BaseStudy, Pool, study_class
from trap.workflow.closure import code, program_hash
from trap.workflow.config import Config, Experiment, StudyConfig, hyper_of, origin_of
from trap.workflow.runs import RESULTS, Run, canonical, held, set_values
from trap.workflow.sheet import DISPLAY, Arm, check_arms, load_arms, pools_of, replay_pool, select_arms

ROOT = Path(__file__).resolve().parents[3]
RELEASED = "results/released"
BASE_SEED = 1
LEAST_MB = 2500  # megabytes that a job with a small model asks for
COLLECTED = ("items", "runs", "curves", "episodes")  # files that collect_runs makes
TABLES = (  # files that tabulate_results makes for every study
    "arms", "by_level", "contrasts", "doses", "rollouts", "baselines", "power", "noise",
    "checkpoints", "pass_at_k",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """A study's checked settings with its arms."""

    config: Config
    study: str
    arms: dict[str, Arm]  # of all sheets; of two arms with one name, that of the first sheet
    sheets: dict[str, dict[str, Arm]]  # by file: the study's own sheet, then those of its experiments

    @classmethod
    def of(cls, config: Config, study: str) -> Plan:
        settings, kind = config.studies[study], study_class(config.studies[study].module or study)
        sheets: dict[str, dict[str, Arm]] = {}
        arms: dict[str, Arm] = {}
        for sheet in (None, *(one.sheet for one in settings.experiments.values() if one.sheet)):
            path = sheet or settings.sheet
            if path not in sheets:
                sheets[path] = load_arms(path, kind)
                check_arms(sheets[path], settings, kind, path, sheet)
                arms |= {name: arm for name, arm in sheets[path].items() if name not in arms}
        for name, experiment in settings.experiments.items():
            if experiment.search:
                sheet = sheets[experiment.sheet or settings.sheet]
                select_arms(sheet, experiment.search.arms, f"experiments.{name}.search.arms")
        # A sheet that includes another has more arms. Shortest first, each arm is found in the sheet with its row.
        first, *others = sheets
        ordered = (first, *sorted(others, key=lambda path: len(sheets[path])))
        return cls(config, study, arms, {path: sheets[path] for path in ordered})

    @property
    def settings(self) -> StudyConfig:
        return self.config.studies[self.study]

    @property
    def module(self) -> str:
        """The folder of the study's code."""
        return self.settings.module or self.study

    @property
    def kind(self) -> type[BaseStudy]:
        return study_class(self.module)

    @property
    def data(self) -> str:
        """The folder of the study's shared files."""
        return f"{RESULTS}/{self.study}/data"

    # --- pools ------------------------------------------------------------------------------------

    def pools(self, *roles: str) -> list[Pool]:
        """Declared pools that `counts` names, of these roles (without roles: all of them)."""
        return [
            pool for pool in self.kind.pools
            if pool.name in self.settings.counts and (not roles or pool.role in roles)
        ]  # fmt: skip

    def pool_files(self, pools: Iterable[Pool | str]) -> list[str]:
        """The files of pools, given as such or by name."""
        return [f"{self.data}/{getattr(pool, 'name', pool)}.jsonl" for pool in pools]

    @property
    def scored(self) -> list[Pool]:
        """Pools that every run answers."""
        return [pool for pool in self.pools() if pool.scored and not pool.extra]

    @property
    def honest(self) -> list[Pool]:
        """Scored pools that are no controls; audits and baselines look at these."""
        return [pool for pool in self.scored if pool.honest]

    @property
    def extra(self) -> dict[str, int]:
        """Pools that some experiments ask besides, and their numbers of items, over all experiments."""
        return {pool: n for one in self.settings.experiments.values() for pool, n in one.extra.items()}

    # --- arms -------------------------------------------------------------------------------------

    def arm(self, name: str) -> Arm:
        try:
            return self.arms[name]
        except KeyError:
            raise InputError(f"{self.settings.sheet}: no arm `{name}`") from None

    @property
    def base(self) -> str:
        """The arm that every other starts from."""
        return next(name for name, arm in self.arms.items() if arm.method == "base")

    def lineage(self, name: str) -> list[str]:
        """The arm and its ancestors, the base first, in the order in which their weights build on each other."""
        names: list[str] = []
        while name:
            names.append(name)
            name = self.arm(name).parent
        return names[::-1]

    def parents(self, name: str) -> list[str]:
        return self.lineage(name)[:-1]

    def sampler(self, name: str) -> list[str]:
        """The lineage of the arm in the column `rollouts`; empty where that names none."""
        arm = self.arm(name)
        return self.lineage(arm.rollouts) if arm.rollouts else []

    def needed(self, name: str) -> list[str]:
        """The arms whose weights are loaded to train `name`."""
        return list(dict.fromkeys([*self.parents(name), *self.sampler(name)]))

    def ancestors(self, name: str) -> set[str]:
        """Every arm that must be trained before `name`."""
        found: set[str] = set()
        for other in self.needed(name):
            if other not in found:
                found |= {other} | self.ancestors(other)
        return found

    @cached_property
    def descendants(self) -> Counter[str]:
        """By arm, how many arms can only be trained after it."""
        return Counter(before for name in self.arms for before in self.ancestors(name))

    def sheet_of(self, name: str) -> str:
        """The path of the first sheet that has the arm."""
        return next(path for path, arms in self.sheets.items() if name in arms)

    # --- experiments --------------------------------------------------------------------------------

    def experiment(self, name: str) -> Experiment:
        try:
            return self.settings.experiments[name]
        except KeyError:
            raise InputError(f"experiments of {self.study}: no `{name}`") from None

    def home(self, name: str) -> str:
        """The folder of everything that is made for an experiment."""
        return f"{RESULTS}/{self.study}/{name}"

    def collected_folder(self, name: str) -> str:
        return f"{self.home(name)}/collected"

    def released_folder(self, name: str) -> str:
        return f"{RELEASED}/{self.study}/{name}"

    def evidence(self, name: str) -> str:
        """The folder of items that tables and figures are made from: the released one, or that of local runs.

        `newest`, the default, takes the released items unless the local ones were collected later. `extended` takes the
        local ones, for which the runs of the release were not made again. Raises InputError where released items are asked
        for and there are none.
        """
        local, released = self.collected_folder(name), self.released_folder(name)
        ours, theirs = Path(local, "items.parquet"), Path(released, "items.parquet")
        wanted = self.wanted(name)
        if wanted == "released" and not theirs.is_file():
            raise InputError(f"{theirs}: nothing of `{name}` is released here - at `items`")
        if wanted in ("local", "extended") or not theirs.is_file():
            return local
        if wanted == "newest" and ours.is_file() and ours.stat().st_mtime > theirs.stat().st_mtime:
            return local
        return released

    def wanted(self, name: str) -> str:
        """The setting `items` of an experiment."""
        return self.experiment(name).items or self.config.items

    def extended(self, name: str) -> str:
        """The released folder whose runs an experiment takes over and adds to; "" where it makes all of its runs."""
        folder = self.released_folder(name)
        return folder if self.wanted(name) == "extended" and Path(folder, "seconds.json").is_file() else ""

    def lending(self, name: str) -> str:
        """The folder of evidence that other experiments take runs over from."""
        return self.extended(name) or self.evidence(name)

    def sheet(self, name: str) -> str:
        """The sheet that an experiment selects from."""
        return self.experiment(name).sheet or self.settings.sheet

    def runs(self, name: str) -> list[Run]:
        """The runs of an experiment: every selected arm, on every model, each with its seeds.

        Raises InputError where two sheets disagree about an arm that these runs need.
        """
        chosen, sheet = self.experiment(name), self.sheet(name)
        arms = self.sheets[sheet]
        found = [
            Run(self.study, model, chosen.platform or self.config.platform, arm, seed)
            for seed in range(1, 1 + max(map(chosen.seeds_of, chosen.models), default=0))
            for model, wanted in chosen.models.items()
            if seed <= chosen.seeds_of(model)
            for arm in select_arms(arms, wanted, f"experiments.{name}.models.{model}")
            if seed == self.seed_of(arm, seed)
        ]
        wanted = {run.arm for run in found}
        for arm in wanted.union(*map(self.ancestors, wanted)):
            if arms.get(arm) != self.arms[arm]:
                raise InputError(f"{sheet}: arm `{arm}` is another one in {self.sheet_of(arm)}")
        return found

    def collected(self, name: str) -> list[Run]:
        """The runs that this experiment collects itself: those that neither its release nor `with_items_of` supplies."""
        chosen = self.experiment(name)
        lenders = chosen.with_items_of
        models = lenders if isinstance(lenders, dict) else {other: self.config.models for other in lenders}
        elsewhere = set()
        for other, lent in models.items():
            here = held(self.lending(other))
            elsewhere |= {
                run for run in self.runs(other) if run.model in lent and (chosen.compare or run.name in here)
            }
        released = self.released_runs(name) if self.extended(name) else set()
        return [run for run in self.runs(name) if run not in elsewhere and run.name not in released]

    def released_runs(self, name: str) -> set[str]:
        """Names of an experiment's released runs that today's settings would make again.

        Raises InputError where items of another kind were released: such runs cannot stand beside new ones.
        """
        path = Path(self.released_folder(name), "provenance.json")
        recorded = read_json(path, dict)
        if recorded.get("data") != self.data_record():
            raise InputError(
                f"{path}: data: its items are others than those of today; `items: local` makes all runs anew"
            )
        known = recorded.get("settings", {})
        here = held(self.released_folder(name))
        runs = [run for run in self.runs(name) if run.name in here]
        pairs = {(run.model, run.arm) for run in runs}
        same = {
            (model, arm) for model, arm in pairs
            if all(known.get(f"{model}/{a}") == self.run_settings(model, a) for a in (*self.ancestors(arm), arm))
        }  # fmt: skip
        return {run.name for run in runs if (run.model, run.arm) in same}

    def data_record(self) -> dict[str, object]:
        """What provenance.json says of a study's items."""
        return {"seed": self.settings.seed, "options": self.settings.options, "counts": self.settings.counts}

    def borrowed(self, name: str) -> list[Run]:
        """The runs whose items come from the experiments in `with_items_of`, or from the release that is extended.

        A comparison borrows none: it reads the items of the others beside its own.
        """
        mine = set(self.collected(name))
        return [] if self.experiment(name).compare else [run for run in self.runs(name) if run not in mine]

    def searching(self, name: str) -> list[Run]:
        """The runs of an experiment that also choose among several sampled answers."""
        chosen = self.experiment(name)
        asked = select_arms(self.sheets[self.sheet(name)], chosen.search.arms) if chosen.search else ()
        return [run for run in self.collected(name) if run.arm in asked]

    def repeats(self, name: str) -> dict[str, Run]:
        """The run that is done twice, by model: the first whose arm samples what it learns from.

        Only models that are trained here have one.
        """
        found: dict[str, Run] = {}
        common = self.sheets[self.settings.sheet] if self.experiment(name).sheet else {}
        runs = self.runs(name) if self.extended(name) else self.collected(name)
        # arms that only this experiment has come first
        for run in sorted(runs, key=lambda run: run.arm in common):
            if self.experiment(name).repeat and self.arm(run.arm).reward and self.trained_here(run.model):
                found.setdefault(run.model, run)
        return found

    def seed_of(self, name: str, seed: int) -> int:
        """The seed of the arm's run that a run with `seed` builds on.

        A model has one base checkpoint, as a published model has. Seeds vary only what is trained from it.
        """
        return BASE_SEED if self.arm(name).method == "base" else seed

    # --- what a job depends on ------------------------------------------------------------------------

    def data_pools(self, name: str) -> list[str]:
        """Names of the pools that training an arm reads, including the validation pools that watch it."""
        arm = self.arm(name)
        pools = [] if arm.method == "base" else pools_of(arm)
        replayed = replay_pool(self.sheets[self.sheet_of(name)], name)
        if self.settings.hyper[arm.hyper].replay and replayed and replayed not in pools:
            pools.append(replayed)
        return pools + [pool.name for pool in self.pools("validation")]

    def run_settings(self, model: str, name: str) -> str:
        """The values that training an arm depends on, as canonical JSON.

        Two things are left out: columns that only name or group the arm for readers, and settings that are null. So
        a new setting of one method does not make results of other methods stale.
        """
        row = msgspec.to_builtins(self.arm(name))
        for display in DISPLAY:
            row.pop(display)
        hyper = hyper_of(self.config, self.study, model, self.arm(name).hyper)
        spec = set_values(self.config.models[model])
        spec.pop("title", None)
        return canonical({"arm": row, "hyper": set_values(hyper), "model": spec})

    def data_settings(self) -> str:
        """The values that items depend on besides their pool and its count, as canonical JSON."""
        return canonical([self.settings.seed, self.settings.options])

    def memory(self, model: str, name: str, platform: str, trains: bool = True) -> int:
        """Megabytes of memory to train an arm, or only to sample from it where `trains` is false."""
        hyper = hyper_of(self.config, self.study, model, self.arm(name).hyper)
        steps = [hyper.tune, "sample"] if trains else ["sample"]
        spec = self.config.models[model]
        return max([LEAST_MB, *(needed_mb(spec, hyper, platform, step) or 0 for step in steps)])

    def trained_here(self, model: str) -> bool:
        """Whether a model is made from nothing."""
        return self.config.models[model].source == "train"

    def fetched(self, model: str) -> list[str]:
        """The record of what is fetched for a model, in a list; an empty list for one made here or in a local folder."""
        source = self.config.models[model].source
        if source == "train" or (isinstance(source, str) and Path(source).is_dir()):
            return []
        return [f"{RESULTS}/models/{origin_of(self.config, model)}.json"]

    def reads_corpus(self, model: str) -> bool:
        """Whether a model's base is trained on the base corpus: one from nothing, or one that goes on with it."""
        return self.trained_here(model) or bool(self.config.models[model].corpus)

    def threads(self, model: str, cores: int | None) -> int:
        """How many threads a job of a model gets: one, or all cores from `all_cores_from` weights on.

        Jobs of small models run beside each other: more threads do not make them faster. Sums depend on the number of
        threads, so that results of a large model are those of a machine with as many cores.
        """
        return max(1, cores or 1) if is_large(self.config, model) else 1

    def asked(self, model: str) -> list[Pool]:
        """The scored pools that every run of a model answers."""
        wanted = self.settings.asked.get(model)
        return [pool for pool in self.scored if wanted is None or pool.name in wanted]

    # --- code -------------------------------------------------------------------------------------------

    def trains(self, name: str, platform: str) -> list[str]:
        """What trains an arm: the program, then members: the platform, the method, and the study that grades.

        A platform may have a module with the name of a method, for what only that method needs.
        """
        method = self.arm(name).method
        script = "train_base.py" if method == "base" else "train_adapter.py"
        members = [f"platforms.{platform}", f"methods.{method}", f"platforms.{platform}.{method}"]
        return [script, *members, f"studies.{self.module}.study"]

    def training_code(self, name: str, platform: str) -> str:
        """One hash of the code that trains an arm."""
        return program_hash(*self.trains(name, platform))

    def evaluation_code(self, platform: str, script: str = "evaluate_adapter.py") -> str:
        return program_hash(script, f"platforms.{platform}", f"studies.{self.module}.study")

    def study_code(self, script: str, *own: str) -> list[str]:
        """The files that a program and the study can import.

        own: optional modules of the study that the program loads by name, such as `evidence`; no import shows them.
        """
        return code(script, *(f"studies.{self.module}.{name}" for name in ("study", *own)))

    def figure_code(self, figure: str) -> list[str]:
        """The files that drawing a figure can import: the study's own one of that name, else the shared one."""
        own = f"studies.{self.module}.figures.{figure}"
        return code("plot_figure.py", f"figures.{figure}", own, f"studies.{self.module}.study")
