"""Compare model sizes: the same arms and contrasts on models of different size; a table and a figure.

    python scripts/compare_sizes.py --study STUDY --models small middle large \\
        --evidence results/STUDY/EXPERIMENT/collected ... --output results/STUDY/EXPERIMENT
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import polars as pl

from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import load_claims
from trap.analysis.collect import write_table
from trap.analysis.folder import add_options, read_folders
from trap.analysis.scaling import scaling, scaling_text
from trap.cli import run_main
from trap.figures import scaling as figure
from trap.figures.theme import save_both
from trap.files import InputError, write_text
from trap.models.memory import parameters
from trap.models.tokenizer import build_tokenizer
from trap.workflow.config import Model, load_config
from trap.workflow.opening import open_study, study_settings

TITLE = "The trap against model size"


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


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, several=True)
    parser.add_argument("--models", nargs="+", required=True, help="names under `models` in the settings")
    parser.add_argument("--platform", help="of the runs; none: that of the claims")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args(argv)

    def body() -> None:
        config = load_config(args.config)
        if unknown := [name for name in args.models if name not in config.models]:
            raise InputError(f"{args.config}: no model `{unknown[0]}` (known: {', '.join(config.models)})")
        study = open_study(config, args.study, args.data)
        vocabulary = build_tokenizer(*study.vocabulary()).get_vocab_size()
        sizes = {name: weights_of(name, config.models[name], vocabulary) for name in args.models}
        items = read_folders(args.evidence, type(study)).filter(pl.col("model").is_in(args.models))
        spec = load_claims(study_settings(config, args.study).claims, type(study))
        table = ItemTable(items, type(study))
        rows = scaling(spec, table, sizes, args.platform or spec.defaults.platform)
        write_table(rows, args.output / "models.parquet")
        write_text(args.output / "models.md", scaling_text(rows))
        save_both(lambda theme: figure.draw(rows, theme), args.output, "models", TITLE, figure.ALT)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
