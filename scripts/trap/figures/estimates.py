"""Estimates with intervals, as figures draw them. They come from the tables and the claims and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import polars as pl

from trap.figures.published import published_points
from trap.figures.settings import FigureSettings
from trap.files import InputError, read_json

BASELINE = "baseline:"  # prefix of the rows of a table for answers that need no model
MODELS = 2  # panels that fit beside each other
PLAIN_ROLE = "base"  # role of an arm that declares none


@dataclass(frozen=True)
class ArmFact:
    """An arm's row in an experiment sheet. `short` fits beside a mark; `role` decides the colour."""

    short: str
    label: str
    role: str
    contaminated: bool


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, from `n` distinct questions and `seeds` training seeds (0: not trained)."""

    value: float
    low: float
    high: float
    n: int
    seeds: int


def read_table(folder: Path, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """The table in `{folder}/{name}.parquet`. Raises InputError if the file, or one of `columns`, is missing."""
    path = Path(folder) / f"{name}.parquet"
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        table = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path}: not a Parquet table: {str(error).splitlines()[0]}") from None
    for column in columns:
        if column not in table.columns:
            raise InputError(f"{path}: no column {column!r}")
    return table


def select(table: pl.DataFrame, **conditions: object) -> pl.DataFrame:
    """Rows whose columns equal the conditions, in table order."""
    return table.filter(*[pl.col(name) == value for name, value in conditions.items()])


def estimates(table: pl.DataFrame, **conditions: object) -> list[tuple[dict[str, Any], Estimate]]:
    """(row, Estimate) of every matching row that has a value. Without an interval, low and high are the value."""
    found = []
    for row in select(table, **conditions).iter_rows(named=True):
        if row["value"] is None:
            continue
        value = float(row["value"])
        low = value if row["low"] is None else float(row["low"])
        high = value if row["high"] is None else float(row["high"])
        found.append((row, Estimate(value, low, high, int(row["n"] or 0), int(row["seeds"] or 0))))
    return found


def one(table: pl.DataFrame, **conditions: object) -> Estimate | None:
    """The one matching estimate, or None. Raises InputError when the table has several."""
    found = estimates(table, **conditions)
    if len(found) > 1:
        raise InputError(f"table has {len(found)} rows for {conditions}: expected one")
    return found[0][1] if found else None


def same_values(arms: pl.DataFrame, first: str, second: str) -> bool:
    """Whether two metrics of the table `arms` have the same value in every cell that has both; False without one."""
    both = arms.filter(metric=first).join(arms.filter(metric=second), on=["model", "arm", "pool"])
    return both.height > 0 and bool(((both["value"] - both["value_right"]).abs() < 1e-9).all())


def models_of(table: pl.DataFrame, order: Sequence[str] = ()) -> list[str]:
    """Models that a table has trained runs of: first those in `order`, then the others by name."""
    names = set(table["model"].drop_nulls().to_list()) - {"none", ""}
    return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


def arm_facts(table: pl.DataFrame) -> dict[str, ArmFact]:
    """{arm: ArmFact} from the sheet's columns in a table, in table order, without baselines.

    Tables of older evidence lack some columns. Then the label is the arm's name.
    """
    columns = [name for name in ("arm", "short", "label", "role", "contaminated") if name in table.columns]
    found = {}
    for row in table.select(columns).unique("arm", maintain_order=True).iter_rows(named=True):
        if not row["arm"].startswith(BASELINE):
            label = row.get("label") or row["arm"].replace("_", " ")
            found[row["arm"]] = ArmFact(
                row.get("short") or label, label, row.get("role") or PLAIN_ROLE, bool(row.get("contaminated"))
            )
    return found


def labels(table: pl.DataFrame) -> dict[str, str]:
    """{arm: short label that fits beside a mark}."""
    return {arm: fact.short for arm, fact in arm_facts(table).items()}


def roles(table: pl.DataFrame) -> dict[str, str]:
    """{arm: role}; `theme.Theme.roles` gives each role a colour."""
    return {arm: fact.role for arm, fact in arm_facts(table).items()}


def levels_of(folder: Path, pool: str) -> str:
    """The levels of a pool's items as `4–5`. Raises InputError if the table `by_level` has no row of the pool."""
    found = select(read_table(folder, "by_level", ("pool", "level")), pool=pool)["level"].unique().to_list()
    if not found:
        raise InputError(f"by_level.parquet: no rows of pool {pool!r}")
    return span(found)


def span(numbers: list[int]) -> str:
    """`4–5` of [4, 5]; `3` of [3]."""
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}–{high}"


def sizes(found: list[Estimate], what: str) -> str:
    """Sample size of some estimates, as `1000 questions × 3 seeds`, or `300–1000 questions …` if they differ."""
    trained = [estimate for estimate in found if estimate.seeds]
    if not trained:
        return f"no {what}"
    return f"{span([e.n for e in trained])} {what} × {seeds_text([e.seeds for e in trained])}"


def seeds_text(seeds: list[int]) -> str:
    """`1 seed`, `3–10 seeds`."""
    text = span(seeds) if seeds else "no"
    return f"{text} {'seed' if text == '1' else 'seeds'}"


def missing_note(missing: list[str]) -> str:
    """The last sentence of a caption: which arms this experiment did not run. Empty if none is missing."""
    return f" Not run in this experiment: {', '.join(missing)}." if missing else ""


class Evidence:
    """Tables and claims of one experiment with the declarations about them. Each file is read on first use.

    claims: path of the ledger, or None if nothing is claimed.
    tables: folder of the tables. A table that it lacks is read from `collected`, the folder of collected runs.
    settings: the study's `figures.yaml`.
    sheet: arms by name, in sheet order, with `short`, `label`, `role` and `contaminated`. For an arm that is not in the
        sheet, the table `arms` supplies these.
    titles: titles of the models, in the order in which figures show them.
    pools: the study's declared pools (`trap.studies.base.Pool`).
    level_name: what a level counts, in the plural, such as `steps`.
    """

    def __init__(
        self,
        claims: Path | None,
        tables: Path,
        *,
        collected: Path | None = None,
        settings: FigureSettings | None = None,
        sheet: Mapping[str, Any] | None = None,
        titles: Mapping[str, str] | None = None,
        pools: Iterable[Any] = (),
        level_name: str = "level",
    ) -> None:
        self._claims = Path(claims) if claims else None
        self._tables = Path(tables)
        self._collected = Path(collected) if collected else None
        self.settings = settings or FigureSettings()
        self._sheet = dict(sheet or {})
        self._titles = dict(titles or {})
        self._pools = tuple(pools)
        self.level_name = self.settings.level_name or level_name
        self.table = cache(self._table)

    _MEASURED = ("model", "arm", "pool", "metric", "value", "low", "high", "n", "seeds")
    _COLUMNS = {  # noqa: RUF012
        "arms": _MEASURED,
        "by_level": (*_MEASURED, "level"),
        "doses": (*_MEASURED, "family", "x"),
        "rollouts": (
            "model",
            "arm",
            "k",
            "prompts",
            "leaked",
            "low",
            "high",
            "predicted",
            "predicted_blind",
            "seeds",
        ),
        "curves": ("model", "arm", "seed", "kind", "step", "loss", "pool", "accuracy", "faithful"),
        "scaling": ("kind", "name", "model", "parameters", "pool", "metric", "value", "low", "high", "seeds"),
        "platforms": ("kind", "name", "model", "metric", "platform", "reference", "value", "agree"),
    }

    def _table(self, name: str, columns: tuple[str, ...] = ()) -> pl.DataFrame:
        folder = self._collected if self._collected and not self.has(name, self._tables) else self._tables
        return read_table(folder, name, columns or self._COLUMNS.get(name, ()))

    def has(self, name: str, folder: Path | None = None) -> bool:
        """Whether a table exists in `folder`, or in either folder if none is given."""
        folders = [folder] if folder else [self._tables, *([self._collected] if self._collected else [])]
        return any((one / f"{name}.parquet").is_file() for one in folders)

    # --- claims -----------------------------------------------------------------------------------

    @cached_property
    def claims(self) -> dict[str, dict[str, Any]]:
        """Claims by id."""
        found = read_json(self._claims, list[dict[str, Any]]) if self._claims else []
        return {str(claim.get("id")): claim for claim in found}

    @cached_property
    def published_points(self) -> dict[str, dict[str, Any]]:
        """{name: {value, n, low, high}} of the published shares that `figures.yaml` declares and the claims quote."""
        return published_points(self.claims, self.settings.published)

    def published(self, key: str) -> Estimate | None:
        """A published share with its exact binomial interval, or None if the claims do not quote it."""
        given = self.published_points.get(key)
        return Estimate(given["value"], given["low"], given["high"], given["n"], 0) if given else None

    def baseline(self, name: str) -> Estimate | None:
        """Accuracy of a baseline that needs no model, on `pool`; None if it was not computed."""
        return one(self.table("arms"), arm=BASELINE + name, pool=self.pool, metric="accuracy")

    # --- arms and models ----------------------------------------------------------------------------

    @cached_property
    def arms(self) -> dict[str, ArmFact]:
        """Every arm of the sheet, in its order, then those that only the table `arms` has."""
        found = {
            name: ArmFact(
                getattr(arm, "short", "") or arm.label or name.replace("_", " "),
                arm.label or name,
                getattr(arm, "role", "") or PLAIN_ROLE,
                arm.contaminated,
            )
            for name, arm in self._sheet.items()
        }
        told = arm_facts(self.table("arms")) if self.has("arms") else {}
        return found | {name: fact for name, fact in told.items() if name not in found}

    def fact(self, arm: str) -> ArmFact:
        """The declared facts of an arm. An arm that nothing declares is called by its name."""
        name = arm.replace("_", " ")
        return self.arms.get(arm) or ArmFact(name, name, PLAIN_ROLE, False)

    def label(self, arm: str) -> str:
        """The short label of an arm."""
        return self.fact(arm).short

    def role(self, arm: str) -> str:
        """The role of an arm, which decides its colour and marker."""
        return self.fact(arm).role

    def contaminated(self, arm: str) -> bool:
        """Whether an arm, or one that it builds on, trains on evaluation items."""
        return self.fact(arm).contaminated

    def run_arms(self, table: pl.DataFrame) -> list[str]:
        """Arms that a table has rows of, in the order of the sheet."""
        there = set(table["arm"].unique().to_list())
        return [arm for arm in self.arms if arm in there]

    @property
    def model_order(self) -> list[str]:
        """Names of models in the order of figures: those that figures.yaml lists, then the others of the settings."""
        return list(dict.fromkeys([*self.settings.models, *self._titles]))

    def models(self, table: pl.DataFrame, most: int = MODELS) -> list[str]:
        """The first `most` models of a table, in the order of figures."""
        return models_of(table, self.model_order)[:most]

    def title(self, model: str) -> str:
        """The title of a model; without one, the last part of its name."""
        return self._titles.get(model) or model.rsplit("/", 1)[-1]

    def stands_for(self, model: str) -> str:
        """What a model is an example of, from figures.yaml, such as `cannot reach hard questions`; "" if not given."""
        return self.settings.models.get(model, "")

    def panel_title(self, model: str) -> str:
        """The heading of a model's panel: what it stands for, else its title."""
        return self.stands_for(model) or self.title(model)

    # --- pools --------------------------------------------------------------------------------------

    def _of(self, role: str, trainable: bool | None = None) -> list[str]:
        return [
            pool.name
            for pool in self._pools
            if pool.role == role and not pool.extra and trainable in (None, pool.trainable)
        ]

    @cached_property
    def pool(self) -> str:
        """The pool that figures show: the declared one, else the last evaluation pool that no arm may train on."""
        if self.settings.pool:
            return self.settings.pool
        asked = self.table("arms")["pool"].unique(maintain_order=True).to_list() if self.has("arms") else []
        if not asked:
            return (self._of("evaluation", False) or [""])[-1]
        return ([name for name in self._of("evaluation", False) if name in asked] or asked)[-1]

    @cached_property
    def leaked(self) -> str:
        """The evaluation pool that contaminated arms train on; "" if there is none."""
        return self.settings.leaked or next(iter(self._of("evaluation", True)), "")

    @property
    def fresh(self) -> list[str]:
        """Evaluation pools that no arm may train on. If no pools are declared, every pool but the leaked one."""
        asked = self.table("by_level")["pool"].unique(maintain_order=True).to_list()
        return self._of("evaluation", False) or [name for name in asked if name != self.leaked]

    @cached_property
    def validation(self) -> str:
        """The pool of the validation curves: the declared one, else the last one in the logs; "" if there is none."""
        if self.settings.validation:
            return self.settings.validation
        logged = self.table("curves")["pool"].drop_nulls().unique(maintain_order=True).to_list()
        return ([name for name in self._of("validation") if name in logged] or logged or [""])[-1]

    @property
    def questions(self) -> str:
        """The words for the questions of `pool`, such as `hard questions`."""
        if self.settings.questions:
            return self.settings.questions
        level = next((pool.level for pool in self._pools if pool.name == self.pool), "")
        return f"{level} questions".strip()

    def levels(self, pool: str) -> str:
        """The levels of a pool as `4–5`, from the table `by_level`; "" if it has none."""
        found = select(self.table("by_level"), pool=pool)["level"].unique().to_list()
        return span(found) if found else ""

    @cached_property
    def reasons(self) -> bool:
        """Whether the study checks reasons, so that the table `arms` has the metric `faithful`."""
        return any(e for _, e in estimates(self.table("arms"), metric="faithful"))

    @cached_property
    def graded(self) -> bool:
        """Whether answers can be partly right, so that the mean score `value` differs from the accuracy."""
        trained = self.table("arms").filter(pl.col("value").is_not_null() & (pl.col("model") != "none"))
        return not trained.filter(metric="value").is_empty() and not same_values(trained, "value", "accuracy")

    def text(self, words: str) -> str:
        """A declared text with `{questions}`, `{levels}` and `{level_name}` filled in.

        Raises InputError for another placeholder.
        """
        values = {"questions": self.questions, "level_name": self.level_name}
        if "{levels}" in words:
            values["levels"] = self.levels(self.pool)
        try:
            return words.format_map(values)
        except (KeyError, ValueError, IndexError) as error:
            raise InputError(f"figures.yaml: {words!r}: unknown placeholder {error}") from None
