"""A made-up second study for the tests of the page: no graph, no options, a score between 0 and 1, no page of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import build_page
from made_up_evidence import claim
from trap import studies
from trap.analysis.episodes import episode_columns
from trap.files import write_json, write_text
from trap.studies.base import study_class

NAME = "rhymes"
STUDY = '''
from trap.studies.base import BaseStudy, Item, Measure, Pool, Score


class Study(BaseStudy):
    """Complete a rhyme; half of the score is for the last letter alone."""

    level_name = "syllables"
    pools = (
        Pool("couplets", "train", "short", trainable=True),
        Pool("ballads", "train", "long", trainable=True),
        Pool("watch", "validation", "long"),
        Pool("fresh_couplets", "evaluation", "short", scored=True),
        Pool("fresh_ballads", "evaluation", "long", scored=True),
        Pool("seen_ballads", "evaluation", "long", scored=True, trainable=True),
    )
    measures = (Measure("letters", "number", "letters", 0, 9, "higher", "letters that agree"),)

    def make_item(self, pool, index):
        return Item(id=f"{pool.name}_{index}", prompt=f"Rhyme {index}", answer="", reference="", level=2)

    def score(self, item, completion):
        return Score(value=0.5, correct=False)
'''
# arm: short, label, role, contaminated, accuracy on short and on long ones
ARMS = {
    "root": ("root", "Untrained", "base", False, 0.02, 0.01),
    "read": ("read", "Read couplets", "start", False, 0.7, 0.3),
    "sing_short": ("short", "Sang couplets", "easy", False, 0.72, 0.31),
    "sing_long": ("long", "Sang other ballads", "hard", False, 0.74, 0.35),
    "sing_seen": ("seen", "Sang the test ballads", "leak", True, 0.71, 0.36),
    "told": ("told", "Was told ballads", "gold", False, 0.8, 0.6),
}
POOLS = {"fresh_couplets": (2, 3), "fresh_ballads": (6,), "seen_ballads": (6,)}
SHEET = {"method": "rsft", "pool": "ballads", "mixture": "", "reward": "value", "selection": "best", "rounds": 1, "k": 4,
         "steps": 20, "n_train": 9, "prompts": 9, "winners": 9}  # fmt: skip
MODEL = "tiny"
CONFIG = """
study: {name}
studies: {{{name}: {{}}}}
models:
  {model}: {{source: train, title: A tiny model, hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 48, rope: all}}
"""
SETTINGS = """
counts: {couplets: 9, ballads: 9, watch: 9, fresh_couplets: 9, fresh_ballads: 9, seen_ballads: 9}
hyper: {}
"""
HEAD = "arm parent rollouts method pool mixture reward selection rounds hyper contaminated group label short role"


def _arm(arm: str) -> dict[str, Any]:
    short, label, role, contaminated, *_ = ARMS[arm]
    return {"study": NAME, "model": MODEL, "platform": "torch", "arm": arm, "label": label, "short": short, "role": role,
            "group": "core", "contaminated": contaminated}  # fmt: skip


def _estimate(value: float, **keys: Any) -> dict[str, Any]:
    return {
        **keys,
        "value": value,
        "low": value - 0.01,
        "high": value + 0.02,
        "n": 90,
        "seeds": 3,
        "seed_sd": 0.01,
    }


def _accuracy(arm: str, pool: str) -> float:
    *_, short, long = ARMS[arm]
    return (
        0.9 if (arm, pool) == ("sing_seen", "seen_ballads") else short if pool == "fresh_couplets" else long
    )


def _metrics(arm: str, pool: str) -> dict[str, tuple[float, str]]:
    share = _accuracy(arm, pool)
    return {"accuracy": (share, "share"), "format": (0.98, "share"), "value": ((1 + share) / 2, "share"), "letters": (9 * share, "letters")}  # fmt: skip


def write_tables(folder: Path) -> None:
    """Every table that a page reads, with invented numbers."""
    measured = [
        (arm, pool, name, *found)
        for arm in ARMS
        for pool in POOLS
        for name, found in _metrics(arm, pool).items()
    ]
    tables = {
        "arms": [
            _estimate(value, **_arm(arm), pool=pool, metric=name, unit=unit) for arm, pool, name, value, unit in measured
        ],
        "by_level": [
            _estimate(value, **_arm(arm), pool=pool, metric=name, unit=unit, level=level)
            for arm, pool, name, value, unit in measured for level in POOLS[pool]
        ],
        "doses": [
            _estimate(value, **_arm(arm), family="verses", x_label="verses heard", x=float(x), pool=pool, metric=name, unit="share")
            for x, arm in ((1, "sing_short"), (4, "read"), (64, "sing_long"))
            for pool in ("fresh_couplets", "fresh_ballads") for name, (value, _) in _metrics(arm, pool).items()
        ],
        "contrasts": [
            {"name": "heard", "model": MODEL, "arm": "sing_seen", "minus": "sing_long", "pool": "seen_ballads", "metric": metric,
             "value": 0.55, "low": 0.5, "high": 0.6, "n": 90, "seeds": 3, "p_holm": 0.0004, "margin": 0.03, "room": "",
             "detectable": 0.05, "statement": "what hearing adds"}
            for metric in ("accuracy", "letters")
        ],
        "runs": [
            {"model": MODEL, "arm": arm, "seed": seed, "contaminated": ARMS[arm][3], "parent": "" if arm == "root" else "read", **SHEET}
            for arm in ARMS for seed in (1, 2)
        ],
        "curves": [
            {"model": MODEL, "arm": arm, "seed": seed, "kind": kind, "step": step, "loss": 2 / (1 + step) if kind == "train" else None,
             "pool": "watch" if kind == "valid" else None, "accuracy": step / 40 if kind == "valid" else None, "faithful": None, "n": 9}
            for arm in ARMS for seed in (1, 2) for kind in ("train", "valid") for step in (5, 10, 15, 20)
        ],
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        table = pl.DataFrame(rows, infer_schema_length=None)
        table.cast({pl.Null: pl.Float64}).write_parquet(folder / f"{name}.parquet")
    columns = episode_columns(study_class(NAME))
    pl.DataFrame(list(_episodes()), schema=columns).write_parquet(folder / "episodes.parquet")


def _episodes() -> Any:
    for i, arm in enumerate(ARMS):
        shared = {"study": NAME, "model": MODEL, "platform": "torch", "arm": arm, "seed": 1, "faithful": None}
        for pool, levels in POOLS.items():
            for k in range(5):
                value = ((i + k) % 5) / 4
                yield shared | {
                    "kind": "eval", "round": 0, "sample": 0, "kept": None, "pool": pool, "id": f"{pool}_{k}", "level": levels[0],
                    "prompt": f"Rhyme <b>{pool}</b> {k}", "completion": f"a line, and another {i % 2} {k}", "correct": value == 1,
                    "format": value > 0, "value": value,
                }  # fmt: skip
        if arm.startswith("sing"):
            for sample in range(4):
                yield shared | {
                    "kind": "rollout", "round": 0, "sample": sample, "kept": sample == 2, "pool": "ballads", "id": "ballads_0", "level": 6,
                    "prompt": "Rhyme on", "completion": f"sung {sample}", "correct": sample == 2, "format": True, "value": sample / 4,
                }  # fmt: skip


def write_settings(folder: Path) -> Path:
    """The study and its settings as a project of its own has them; the settings file."""
    write_text(folder / f"studies/{NAME}/study.py", STUDY)
    write_text(folder / "config/config.yaml", CONFIG.format(name=NAME, model=MODEL))
    own = folder / f"config/{NAME}"
    write_text(own / "study.yaml", SETTINGS)
    write_text(own / "experiments.yaml", f"all_of_it: {{seeds: 2, models: {{{MODEL}: [all]}}}}\n")
    write_text(own / "claims.yaml", "[]\n")
    rows = [
        "\t".join(["root", "-", "-", "base", *"----", "1", "base", "no", "core", "Untrained", "root", "base"])
    ]
    write_text(own / "arms.tsv", "\n".join(["\t".join(HEAD.split()), *rows]) + "\n")
    return folder / "config/config.yaml"


def build(folder: Path) -> Path:
    """The page of the study in `folder/page`; `folder/tables` holds what it was built from."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(studies, "__path__", list(studies.__path__))
        config = write_settings(folder)
        write_tables(folder / "tables")
        row = f"model={MODEL} arm=read pool=fresh_ballads"
        write_json(folder / "claims.json", [claim("heard", unit="points", verdict="supported", row=row)])
        arguments = {
            "config": config, "study": NAME, "experiment": "all_of_it", "claims": folder / "claims.json",
            "tables": folder / "tables", "evidence": folder / "tables", "output": folder / "page",
        }  # fmt: skip
        assert (
            build_page.main([word for name, value in arguments.items() for word in (f"--{name}", str(value))])
            == 0
        )
        for name in [name for name in sys.modules if name.startswith(f"trap.studies.{NAME}")]:
            del sys.modules[name]
    return folder / "page"
