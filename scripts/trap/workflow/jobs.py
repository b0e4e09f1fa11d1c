"""What the jobs of a study depend on: its pools and arms, the settings of an arm, what it loads, its memory and its code.

Everything here follows from the settings and the sheets. Which runs an experiment has, `plan.py` says. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import msgspec

from trap.files import InputError
from trap.models.memory import is_large, needed_mb
from trap.studies.base import BaseStudy, Pool, study_class
from trap.workflow.closure import code, program_hash
from trap.workflow.config import Config, StudyConfig, hyper_of, origin_of
from trap.workflow.runs import RESULTS, canonical, set_values
from trap.workflow.sheet import DISPLAY, Arm, check_arms, load_arms, pools_of, replay_pool, select_arms

BASE_SEED = 1
LEAST_MB = 2500  # megabytes that a job with a small model asks for


@dataclass(frozen=True)
class Jobs:
    """A study's checked settings with its arms, and what a job of an arm depends on."""

    config: Config
    study: str
    arms: dict[str, Arm]  # of all sheets; of two arms with one name, that of the first sheet
    sheets: dict[str, dict[str, Arm]]  # by file: the study's own sheet, then those of its experiments

    @classmethod
    def of(cls, config: Config, study: str) -> Self:
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
            sheet = sheets[experiment.sheet or settings.sheet]
            for model, wanted in experiment.weights.items():
                select_arms(sheet, wanted, f"experiments.{name}.weights.{model}")
            if experiment.search:
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

    def data_record(self) -> dict[str, object]:
        """What provenance.json says of a study's items."""
        return {"seed": self.settings.seed, "options": self.settings.options, "counts": self.settings.counts}

    def data_settings(self) -> str:
        """The values that items depend on besides their pool and its count, as canonical JSON."""
        return canonical([self.settings.seed, self.settings.options])

    def seed_of(self, name: str, seed: int) -> int:
        """The seed of the arm's run that a run with `seed` builds on.

        A model has one base checkpoint, as a published model has. Seeds vary only what is trained from it.
        """
        return BASE_SEED if self.arm(name).method == "base" else seed

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
