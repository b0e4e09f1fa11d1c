"""The plan of a study: which runs its experiments have, and where their items come from.

The rules ask it, so that all this is said once and can be tested without Snakemake; what a job depends on stands in `jobs.py`. Everything
here follows from the settings and from the files on disk. Nothing is written.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from trap.files import InputError, read_json
from trap.workflow.config import Experiment
from trap.workflow.jobs import Jobs
from trap.workflow.runs import RESULTS, Run, held
from trap.workflow.sheet import select_arms

RELEASED = "results/released"
WEIGHTS = "weights"  # the folder of released weights in that of a release
PAGE_SEED = 1  # of the answers that are stored as texts, and of the models that a page runs
COLLECTED = ("items", "runs", "curves", "episodes")  # files that collect_runs makes
TABLES = (  # files that tabulate_results makes for every study
    "arms", "by_level", "contrasts", "doses", "rollouts", "baselines", "power", "noise",
    "checkpoints", "pass_at_k",
)  # fmt: skip


class Plan(Jobs):
    """The experiments of a study: their runs, and the evidence that they have or take over."""

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

    def released_weights(self, name: str) -> str:
        """The folder of the weights that are released with an experiment's items, if there are any."""
        return f"{self.released_folder(name)}/{WEIGHTS}"

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

    def same_items(self, name: str) -> bool:
        """Whether the items that an experiment released are made as those of today: same graph, seed and numbers."""
        path = Path(self.released_folder(name), "provenance.json")
        return path.is_file() and read_json(path, dict).get("data") == self.data_record()

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

    def borrowed(self, name: str) -> list[Run]:
        """The runs whose items come from the experiments in `with_items_of`, or from the release that is extended.

        A comparison borrows none: it reads the items of the others beside its own.
        """
        mine = set(self.collected(name))
        return [] if self.experiment(name).compare else [run for run in self.runs(name) if run not in mine]

    def page_runs(self, name: str) -> list[Run]:
        """The runs of an experiment whose models its page may run. Only models of torch are run in a browser."""
        if not self.kind.page_runs_models:
            return []
        return [run for run in self.runs(name) if run.seed == PAGE_SEED and run.platform == "torch"]

    def weighed(self, name: str) -> list[Run]:
        """The runs of an experiment whose weights its release holds: those of `weights` that it has."""
        sheet = self.sheets[self.sheet(name)]
        wanted = {model: select_arms(sheet, arms) for model, arms in self.experiment(name).weights.items()}
        return [run for run in self.page_runs(name) if run.arm in wanted.get(run.model, ())]

    def adapters(self, run: Run) -> list[str]:
        """The folders of the weights that a run's model is made of, the base's first."""
        lineage = [replace(run, arm=arm, seed=self.seed_of(arm, run.seed)) for arm in self.lineage(run.arm)]
        return [f"{one.folder}/adapter" for one in lineage]

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
