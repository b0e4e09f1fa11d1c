"""The four formats of an export: what each writes around the common contents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import yaml

from trap.exports.card import card, usage
from trap.exports.contents import Export, rows
from trap.files import write_text

PROJECT = "distribution-trap"
HEAD = '"""{title}. Written by scripts/export_task.py; the package {project} does the work."""\n'


def identifier(study: str) -> str:
    """The name of an exported task: a Python name that no other package has by accident."""
    return "trap_" + re.sub(r"\W", "_", study).lower()


def write_verifiers(export: Export, folder: Path) -> None:
    """A package that `vf.load_taskset` finds when it is installed or on the path: `folder/NAME/`."""
    name = identifier(export.about.study)
    said = (
        HEAD.format(title=export.about.title, project=PROJECT)
        + """
from pathlib import Path

import verifiers.v1 as vf

from trap.exports.for_verifiers import StudyItems, StudyTask, StudyTasksetConfig


class ExportedTask(StudyTask):
    FOLDER = Path(__file__).resolve().parent


class ExportedTaskset(StudyItems, vf.Taskset[ExportedTask, StudyTasksetConfig]):
    TASK = ExportedTask


__all__ = ["ExportedTaskset"]
"""
    )
    write_text(folder / name / "__init__.py", said)
    write_text(folder / "pyproject.toml", _project(name, export, "verifiers>=0.4"))
    write_text(folder / "README.md", usage(export, "verifiers", name))


def write_reasoning_gym(export: Export, folder: Path) -> None:
    """A package whose import registers the dataset."""
    name = identifier(export.about.study)
    said = (
        HEAD.format(title=export.about.title, project=PROJECT)
        + f'''
from pathlib import Path

from trap.exports.for_reasoning_gym import register

Dataset = register("{name}", Path(__file__).resolve().parent)
'''
    )
    write_text(folder / name / "__init__.py", said)
    write_text(folder / "pyproject.toml", _project(name, export, "reasoning-gym"))
    write_text(folder / "README.md", usage(export, "reasoning-gym", name))


def write_lm_eval(export: Export, folder: Path) -> None:
    """A YAML file per pool, and the functions that they name, for `--include_path`."""
    name = identifier(export.about.study)
    said = (
        HEAD.format(title=export.about.title, project=PROJECT)
        + f'''
from pathlib import Path

from trap.exports.for_lm_eval import rows_of, scorer

FOLDER = Path(__file__).resolve().parent / "{name}"
load, score = rows_of(FOLDER), scorer(FOLDER)
'''
    )
    write_text(folder / f"{name}_task.py", said)
    for pool in export.about.pools:
        settings = {
            "task": f"{name}_{pool}",
            "test_split": "test",
            "output_type": "generate_until",
            "doc_to_text": "{{prompt}}",
            "doc_to_target": "{{reference}}",
            "target_delimiter": "",
            "generation_kwargs": {"until": [], "do_sample": False, "max_gen_toks": _longest(export, pool)},
            "metric_list": [
                {"metric": metric, "aggregation": "mean", "higher_is_better": more}
                for metric, more in export.metrics.items()
            ],
            "metadata": {"version": 1.0, "pool": pool},
        }
        functions = (
            f"custom_dataset: !function {name}_task.load\nprocess_results: !function {name}_task.score\n"
        )
        text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True) + functions
        write_text(folder / f"{name}_{pool}.yaml", text)
    write_text(folder / "README.md", usage(export, "lm-eval", name))


def write_dataset(export: Export, folder: Path) -> None:
    """Parquet files, a split per pool, and a card, as hubs of datasets show them."""
    for pool in export.about.pools:
        pl.DataFrame(list(rows(export, pool))).write_parquet(folder / "data" / f"{pool}.parquet")
    write_text(folder / "README.md", card(export, identifier(export.about.study)))


def _longest(export: Export, pool: str) -> int:
    """Tokens that any tokenizer gets along with: twice the longest reference, at a token for every two characters."""
    return max(64, max(len(export.study.reference(item)) for item in export.items(pool)))


def _project(name: str, export: Export, needed: str) -> str:
    return f'''[project]
name = "{name.replace("_", "-")}"
version = "0.1.0"
description = {json.dumps(export.about.title, ensure_ascii=False)}
requires-python = ">=3.11"
dependencies = ["{needed}", "{PROJECT}"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.hatch.build.targets.wheel]
packages = ["{name}"]
'''


# name: (what writes it, where the common contents lie)
FORMATS: dict[str, tuple[Callable[[Export, Path], None], Callable[[str], str]]] = {
    "verifiers": (write_verifiers, identifier),
    "reasoning-gym": (write_reasoning_gym, identifier),
    "lm-eval": (write_lm_eval, identifier),
    "dataset": (write_dataset, lambda study: "export"),
}
