"""What each reward trains: arms that differ in nothing but the reward, side by side on fresh hard questions."""

from __future__ import annotations

from collections.abc import Mapping, Set

import msgspec
import polars as pl

from trap.analysis.summaries import Summaries
from trap.report.markdown import pipe_table
from trap.report.wording import interval_text, number_text
from trap.workflow.sheet import DISPLAY, Arm

POOL = "eval_hard"
SHOWN = ("accuracy", "faithful", "coverage", "spam", "tokens", "hops_used", "valid")
REWARD_COLUMNS = {
    **dict.fromkeys(
        ("study", "model", "platform", "arm", "label", "short", "role", "parent", "trained_on", "reward"),
        pl.String,
    ),
    "guards": pl.Boolean,
    "length_penalty": pl.Boolean,
    **dict.fromkeys(("pool", "metric", "unit"), pl.String),
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    **dict.fromkeys(("n", "seeds"), pl.Int64),
}


def ablations(sheet: Mapping[str, Arm], run: Set[str]) -> list[list[Arm]]:
    """Groups of two or more arms of the method grpo that were run and whose rows differ in the reward alone."""
    groups: dict[str, list[Arm]] = {}
    for arm in sheet.values():
        if arm.method == "grpo" and arm.arm in run:
            row = msgspec.to_builtins(arm)
            for free in ("arm", "reward", *DISPLAY):
                row.pop(free)
            groups.setdefault(str(sorted(row.items())), []).append(arm)
    return [group for group in groups.values() if len({arm.reward for arm in group}) > 1]


def reward_parts(name: str) -> tuple[str, bool, bool]:
    """(reward, guards on, length punished) of a name in the sheet: `v1-guards+length` is ("v1", False, True)."""
    plain = name.removesuffix("+length")
    return plain.removesuffix("-guards"), not plain.endswith("-guards"), name != plain


def reward_table(summaries: Summaries) -> pl.DataFrame:
    """One row for every model, arm and metric; the arm that a group starts from stands first, without a reward."""
    rows = []
    for model, platform in sorted({key[:2] for key in summaries.table.conditions}):
        for group in ablations(summaries.sheet, {key[2] for key in summaries.table.conditions}):
            first = group[0]
            trained_on = first.mixture or first.pool
            for arm in (summaries.sheet.get(first.parent), *group):
                if arm is None:
                    continue
                reward, guards, length = reward_parts(arm.reward) if arm in group else ("", None, None)
                labels = summaries.labels(model, platform, arm.arm)
                facts = {
                    **{name: labels[name] for name in ("study", "model", "platform", "arm", "label", "short", "role")},
                    "parent": first.parent, "trained_on": trained_on, "reward": reward, "guards": guards,
                    "length_penalty": length, "pool": POOL,
                }  # fmt: skip
                for metric in SHOWN:
                    cell = summaries.table.cell(model, platform, arm.arm, POOL, metric)
                    if cell is None:
                        continue
                    found = summaries.estimate(cell)
                    rows.append(
                        facts
                        | {
                            "metric": metric,
                            "unit": summaries.table.metrics[metric].unit,
                            "value": found.value,
                        }
                        | {"low": found.low, "high": found.high, "n": found.n, "seeds": found.seeds}
                    )
    return pl.DataFrame(rows, schema=REWARD_COLUMNS)


def rewards_text(table: pl.DataFrame) -> str:
    """The table for people: a section per model and training pool, a row per reward."""
    parts = [
        "# What each reward trains\n",
        "Policy gradients that differ in the reward alone, scored on fresh hard questions beside the arm that they start "
        "from; 95 % intervals in brackets. Guards: penalties of spam and repetition, minimum hits and caps. "
        "Tokens: the length of an answer.\n",
    ]
    if table.is_empty():
        return "\n".join([*parts, "No such arms were run.\n"])
    header = ["arm", "reward", "guards", "length penalty", "n x seeds", *SHOWN]
    for (model, pool), part in table.partition_by(
        "model", "trained_on", as_dict=True, maintain_order=True
    ).items():
        rows = [_line(arm) for arm in part.partition_by("arm", maintain_order=True)]
        parts += [f"## {model}, trained on {pool}\n", pipe_table(header, rows)]
    return "\n".join(parts)


def _line(arm: pl.DataFrame) -> list[str]:
    first = arm.row(0, named=True)
    cells = {row["metric"]: row for row in arm.to_dicts()}
    words = {True: "on", False: "off", None: ""}
    return [
        first["label"],
        first["reward"] or "none",
        words[first["guards"]],
        words[first["length_penalty"]],
        f"{first['n']} x {first['seeds']}",
        *(_cell(cells[name]) if name in cells else "" for name in SHOWN),
    ]


def _cell(row: dict) -> str:
    number = number_text(row["value"], row["unit"])
    return f"{number} {interval_text(row['low'], row['high'], row['unit'])}".strip()
