"""From the configuration and the experiment sheet to jobs: which runs, from which parents, on which files.

The rules ask this module and, for committed results, `trap.workflow.adoption`, so that what a job depends on is said
once and is tested without Snakemake. Everything here is a pure function of its arguments and of the files
on disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from trap.files import InputError
from trap.models.memory import needed_mb
from trap.workflow.config import Config, Size, hyper_of
from trap.workflow.provenance import SCRIPTS, closure, code_stamp, module_file
from trap.workflow.sheet import Arm, check_arms, load_arms, pools_of, select_arms

RESULTS = "results"
BASE_SEED = 1
LEAST_MB = 2500  # what a job asks for that trains or samples from a small model
VALIDATION_POOLS = ("valid_easy", "valid_hard")
COLLECTED = ("items", "runs", "curves", "episodes")  # what collect_runs makes of all run folders
READ = ("traces",)  # what collect_traces makes of them
TABLES = (  # what tabulate_results makes of those
    "arms", "by_hops", "contrasts", "doses", "rollouts", "baselines", "power", "shuffle", "noise",
)  # fmt: skip
ERROR_TABLES = ("errors", "branches")  # what tabulate_errors makes of both
FIGURES = ("trap", "matching", "leakage", "hops", "faithful", "errors", "reward", "rollouts", "training")
PUBLISHED = "results/published/hops"
PUBLISHED_AUDIT = "results/published/audit.json"
ROOT = SCRIPTS.parent
READERS = (SCRIPTS / "trap/workflow/config.py", SCRIPTS / "trap/workflow/sheet.py")


def canonical(value: object) -> str:
    """Compact JSON with sorted keys: equal settings give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def set_values(settings: msgspec.Struct) -> dict:
    """The settings that are not null."""
    return {name: value for name, value in msgspec.to_builtins(settings).items() if value is not None}


def without_reader(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files but for those that read the settings: what they give is among the settings of each run."""
    return tuple(path for path in files if path not in READERS)


@dataclass(frozen=True)
class Run:
    """One trained thing."""

    study: str
    model: str
    platform: str
    arm: str
    seed: int

    @property
    def folder(self) -> str:
        return f"{RESULTS}/{self.study}/{self.model}/{self.platform}/{self.arm}/s{self.seed}"


@dataclass(frozen=True)
class Plan:
    """A checked configuration with its arms."""

    config: Config
    arms: dict[str, Arm]  # of all sheets; where two have an arm of one name, the first one's
    sheets: dict[str, dict[str, Arm]]  # by file: that of the configuration, then those of its sizes
    _stamps: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    _descendants: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, config: Config) -> Plan:
        sheets: dict[str, dict[str, Arm]] = {}
        arms: dict[str, Arm] = {}
        for sheet in (None, *(size.arms for size in config.sizes.values() if size.arms)):
            path = sheet or config.arms
            sheets[path] = load_arms(path)
            check_arms(sheets[path], config, path, sheet)
            arms |= {name: arm for name, arm in sheets[path].items() if name not in arms}
        for name, size in config.sizes.items():
            if size.search:
                sheet = sheets[size.arms or config.arms]
                select_arms(sheet, size.search.arms, f"config: sizes.{name}.search.arms")
        # a sheet has more arms than those it includes: shortest first, each arm is found where its row stands
        first, *others = sheets
        return cls(
            config,
            arms,
            {path: sheets[path] for path in (first, *sorted(others, key=lambda path: len(sheets[path])))},
        )

    # --- runs -----------------------------------------------------------------------------------

    def arm(self, name: str) -> Arm:
        try:
            return self.arms[name]
        except KeyError:
            raise InputError(f"{self.config.arms}: no arm `{name}`") from None

    def chain(self, name: str) -> list[str]:
        """The arm and its ancestors, the base first: the order in which weights build on each other."""
        names: list[str] = []
        while name:
            names.append(name)
            name = self.arm(name).parent
        return names[::-1]

    def parents(self, name: str) -> list[str]:
        return self.chain(name)[:-1]

    def sampler(self, name: str) -> list[str]:
        """The chain of the arm whose model gives the rollouts; empty for methods that sample nothing."""
        arm = self.arm(name)
        return self.chain(arm.rollouts) if arm.rollouts else []

    def needed(self, name: str) -> list[str]:
        """The arms whose weights training `name` loads."""
        return list(dict.fromkeys([*self.parents(name), *self.sampler(name)]))

    def ancestors(self, name: str) -> set[str]:
        """Every arm that must be trained before `name`."""
        found: set[str] = set()
        for other in self.needed(name):
            if other not in found:
                found |= {other} | self.ancestors(other)
        return found

    def descendants(self, name: str) -> int:
        """How many arms need `name` first."""
        if not self._descendants:
            ancestors = [self.ancestors(other) for other in self.arms]
            self._descendants.update({arm: sum(arm in a for a in ancestors) for arm in self.arms})
        return self._descendants[name]

    def sheet_of(self, name: str) -> str:
        """The first sheet that has an arm."""
        return next(path for path, arms in self.sheets.items() if name in arms)

    def sheet(self, size: str) -> str:
        """The sheet that a size selects from."""
        return self.size(size).arms or self.config.arms

    def runs(self, size: str) -> list[Run]:
        """The runs of a size: every selected arm, on every model and seed (1..n).

        Raises InputError where the size's sheet has another row than the configuration's for an arm that
        they need.
        """
        chosen, sheet = self.size(size), self.sheet(size)
        arms = self.sheets[sheet]
        found = [
            Run(self.arm(arm).study, model, self.config.platform, arm, seed)
            for seed in range(1, chosen.seeds + 1)
            for model, wanted in chosen.models.items()
            for arm in select_arms(arms, wanted, f"sizes.{size}.models.{model}")
            if seed == self.seed_of(arm, seed)
        ]
        for name in {name for run in found for name in (run.arm, *self.ancestors(run.arm))}:
            if arms.get(name) != self.arms[name]:
                raise InputError(f"{sheet}: arm `{name}` is another one in {self.sheet_of(name)}")
        return found

    def collected(self, size: str) -> list[Run]:
        """The runs whose items lie with a size's evidence.

        The comparison of model sizes takes those of the full size's models from there.
        """
        runs = self.runs(size)
        elsewhere = (
            self.config.sizes["full"].models if size == "scaling" and "full" in self.config.sizes else ()
        )
        return [run for run in runs if run.model not in elsewhere]

    def searching(self, size: str) -> list[Run]:
        """The runs of a size that also choose among several sampled answers."""
        chosen = self.size(size)
        arms = self.sheets[self.sheet(size)]
        asked = select_arms(arms, chosen.search.arms) if chosen.search else ()
        return [run for run in self.runs(size) if run.arm in asked]

    def repeats(self, size: str) -> dict[str, Run]:
        """Per model trained here the run of a size that is done twice: the first that samples what it learns from."""
        found: dict[str, Run] = {}
        common = self.sheets[self.config.arms] if self.size(size).arms else {}
        for run in sorted(
            self.runs(size), key=lambda run: run.arm in common
        ):  # what only this size runs first
            if self.arm(run.arm).reward and self.trained_here(run.model):
                found.setdefault(run.model, run)
        return found

    def seed_of(self, name: str, seed: int) -> int:
        """The seed of an arm's run that a run of this seed builds on.

        A model has one base checkpoint, as a published model has: seeds vary what is trained from it.
        """
        return BASE_SEED if self.arm(name).method == "base" else seed

    def size(self, name: str) -> Size:
        try:
            return self.config.sizes[name]
        except KeyError:
            raise InputError(f"config: no size `{name}` - at `sizes`") from None

    def size_of(self, evidence: str) -> str:
        for name, size in self.config.sizes.items():
            if size.evidence == evidence:
                return name
        raise InputError(f"config: no size has evidence `{evidence}` - at `sizes`")

    # --- what a job depends on ------------------------------------------------------------------

    def data_pools(self, name: str) -> list[str]:
        """Question pools that training an arm reads."""
        arm = self.arm(name)
        pools = [] if arm.method == "base" else pools_of(arm)
        if self.config.hyper[arm.hyper].replay and "easy" not in pools:
            pools.append("easy")
        return pools + [pool for pool in VALIDATION_POOLS if pool in self.config.data.counts]

    def settings(self, model: str, name: str) -> str:
        """The values that training an arm depends on, as canonical JSON.

        Left out: what only names or groups the arm in a figure, and what is not set (null), so that a
        setting which one method brings makes no other's results stale.
        """
        arm = self.arm(name)
        row = msgspec.to_builtins(arm)
        for display in ("group", "label"):
            row.pop(display)
        return canonical(
            {
                "arm": row,
                "hyper": set_values(hyper_of(self.config, model, arm.hyper)),
                "model": set_values(self.config.models[model]),
            }
        )

    def memory(self, model: str, name: str, trains: bool = True) -> int:
        """Megabytes that training an arm, or only sampling from it, asks for."""
        hyper = hyper_of(self.config, model, self.arm(name).hyper)
        spec = self.config.models[model]
        steps = [hyper.tune, "sample"] if trains else ["sample"]
        return max([LEAST_MB, *(needed_mb(spec, hyper, self.config.platform, step) or 0 for step in steps)])

    def trained_here(self, model: str) -> bool:
        """Whether a model is made from nothing; a pretrained one is asked in its own way (run_pretrained.py)."""
        return self.config.models[model].source == "train"

    def fetched(self, model: str) -> list[str]:
        """The record of a model that comes from the hub; nothing for one trained here or in a local folder."""
        source = self.config.models[model].source
        return [] if source == "train" or Path(source).is_dir() else [f"{RESULTS}/models/{model}.json"]

    def members(self, name: str) -> list[str]:
        """Registry members that a training job loads by name, as `trap.`-less module names.

        A method may have a module of its name in a platform, for what no other method asks of it.
        A study is loaded only by an arm that grades completions, which is one that has a reward; its
        rewards beyond those of its grades (`shaping`) only by grpo.
        """
        arm = self.arm(name)
        platform = f"platforms.{self.config.platform}"
        members = [platform, f"methods.{arm.method}", f"{platform}.{arm.method}"]
        study = f"studies.{arm.study}"
        members += [f"{study}.study"] if arm.reward else []
        members += [f"{study}.shaping"] if arm.method == "grpo" else []
        return self._present(*members)

    def training_files(self, name: str) -> tuple[Path, ...]:
        """The code that trains an arm: what the script can import, with the arm's method and platform."""
        script = "train_base.py" if self.arm(name).method == "base" else "train_adapter.py"
        return without_reader(closure(script, *self.members(name)))

    def evaluation_files(self) -> tuple[Path, ...]:
        members = (f"platforms.{self.config.platform}", f"studies.{self.config.study}.study")
        return without_reader(closure("evaluate_adapter.py", *self._present(*members)))

    def search_files(self) -> tuple[Path, ...]:
        members = (f"platforms.{self.config.platform}", f"studies.{self.config.study}.study")
        return without_reader(closure("search_answers.py", *self._present(*members)))

    def training_code(self, name: str) -> str:
        """One file that stands for `training_files` as an input (see `code_stamp`)."""
        members = ".".join(self.members(name)).replace(".", "-") or "base"
        return self._stamp(f"train-{members}", lambda: self.training_files(name))

    def evaluation_code(self) -> str:
        return self._stamp(f"evaluate-{self.config.platform}-{self.config.study}", self.evaluation_files)

    def search_code(self) -> str:
        return self._stamp(f"search-{self.config.platform}-{self.config.study}", self.search_files)

    def _stamp(self, name: str, files: Callable[[], tuple[Path, ...]]) -> str:
        if name not in self._stamps:
            self._stamps[name] = code_stamp(name, files())
        return self._stamps[name]

    @staticmethod
    def _present(*members: str) -> list[str]:
        return [member for member in members if module_file(f"trap.{member}") is not None]

    # --- data -----------------------------------------------------------------------------------

    def graph_sources(self) -> list[str]:
        """Files that the graph is built from: the one named in the settings, or our readable source."""
        if self.config.graph:
            return [self.config.graph]
        return [path.as_posix() for path in sorted(Path("config/graph").glob("*.yaml"))]

    def data_settings(self, pool: str) -> str:
        data = self.config.data
        return canonical([data.seed, data.style, data.prompt, data.counts.get(pool)])


def relative(files: tuple[Path, ...]) -> list[str]:
    """Paths under the repository as Snakemake wants them."""
    return [path.relative_to(ROOT).as_posix() for path in files]


def code(script: str, *members: str) -> list[str]:
    """The import closure of `scripts/{script}` as relative paths."""
    return relative(closure(script, *members))
