"""Compare an experiment with others: the same arms and contrasts on models of different size, or on another platform.

    python scripts/compare_experiments.py scaling --study STUDY --experiment EXPERIMENT --evidence FOLDER \\
        --others ITEMS.parquet --output FOLDER

`scaling` compares the models of the experiment by their size, `platforms` its platform with others.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import polars as pl

from trap.analysis.agreement import agreement, agreement_text
from trap.analysis.cells import ItemTable, read_items
from trap.analysis.claim_specs import ClaimsFile, load_claims
from trap.analysis.collect import write_table
from trap.analysis.extension import Table
from trap.analysis.scaling import scaling, scaling_text
from trap.cli import run_main
from trap.files import InputError, write_text
from trap.models.memory import parameters
from trap.models.tokenizer import build_tokenizer
from trap.studies.base import BaseStudy
from trap.workflow.config import Config, Experiment, Model, load_config
from trap.workflow.opening import open_study, study_settings


def weights_of(name: str, model: Model, vocabulary: int) -> int:
    """Parameters of a model from its shape; `vocabulary`: tokens of a model that is trained here.

    Raises InputError for a pretrained one whose settings do not say its vocabulary.
    """
    if model.source == "train":
        tied = {"vocabulary": vocabulary, "tied": True, "biases": None}
        model = Model(**{key: getattr(model, key) for key in ("hidden", "layers", "heads", "kv_heads", "intermediate")}, **tied)  # fmt: skip
    found = parameters(model)
    if found is None:
        raise InputError(f"models.{name}: vocabulary: not said, so its size is not known")
    return found


def by_size(
    config: Config, one: Experiment, study: BaseStudy, spec: ClaimsFile, items: pl.DataFrame
) -> Table:
    """Arms and contrasts by the number of parameters. Only models of this experiment are compared."""
    vocabulary = build_tokenizer(*study.vocabulary()).get_vocab_size()
    sizes = {name: weights_of(name, config.models[name], vocabulary) for name in one.models}
    table = ItemTable(items.filter(pl.col("model").is_in(list(sizes))), type(study))
    rows = scaling(spec, table, sizes, one.platform or config.platform)
    return Table(rows, scaling_text(rows))


def by_platform(
    config: Config, one: Experiment, study: BaseStudy, spec: ClaimsFile, items: pl.DataFrame
) -> Table:
    """Arms and contrasts beside those of the platform of the settings, or of the first other platform."""
    others = sorted(set(items["platform"]) - {one.platform})
    first = config.platform if config.platform in others or not others else others[0]
    rows = agreement(spec, ItemTable(items, type(study)), first)
    return Table(rows, agreement_text(rows))


COMPARISONS = {"scaling": by_size, "platforms": by_platform}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("comparison", choices=COMPARISONS, help="what differs")
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="a study of the settings")
    parser.add_argument("--data", type=Path, help="its data folder, unless it is results/STUDY/data")
    parser.add_argument("--experiment", required=True, help="an experiment of the study")
    parser.add_argument(
        "--evidence", type=Path, required=True, metavar="FOLDER", help="what was collected of it"
    )
    parser.add_argument(
        "--others", type=Path, nargs="*", default=[], metavar="ITEMS",
        help="items.parquet of the experiments that it reads besides",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="gets COMPARISON.{parquet, md}"
    )
    args = parser.parse_args(argv)

    def body() -> None:
        config = load_config(args.config)
        settings = study_settings(config, args.study)
        if args.experiment not in settings.experiments:
            raise InputError(f"experiments of {args.study}: no `{args.experiment}`")
        study = open_study(config, args.study, args.data)
        items = read_items([args.evidence / "items.parquet", *args.others], type(study))
        spec = load_claims(settings.claims, type(study))
        one = settings.experiments[args.experiment]
        table = COMPARISONS[args.comparison](config, one, study, spec, items)
        write_table(table.frame, args.output / f"{args.comparison}.parquet")
        write_text(args.output / f"{args.comparison}.md", table.text)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
