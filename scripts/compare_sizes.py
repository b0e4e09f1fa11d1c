"""Compare model sizes: the same arms and contrasts on models of different size; a table and a figure.

    python scripts/compare_sizes.py --config config/config.yaml --claims config/claims.yaml --graph kg.json \\
        --models nano nano_3m nano_11m --items results/hops/nano_3m/torch/sft/s1/items.parquet ... \\
        --output results/scaling
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import polars as pl

from trap.analysis.cells import ItemTable, read_items
from trap.analysis.claim_specs import load_claims
from trap.analysis.collect import write_table
from trap.analysis.scaling import scaling, scaling_text
from trap.cli import run_main
from trap.figures import scaling as figure
from trap.figures.theme import save_both
from trap.files import InputError, write_text
from trap.models.memory import parameters
from trap.models.tokenizer import build_tokenizer
from trap.studies.hops.facts import phrases, words
from trap.studies.hops.graph import load_graph
from trap.workflow.config import Model, load_config

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
    parser.add_argument("--config", default="config/config.yaml", help="the settings: shapes of the models")
    parser.add_argument("--claims", type=Path, required=True, help="config/claims.yaml: the contrasts")
    parser.add_argument("--graph", required=True, help="kg.json: the words that the models know")
    parser.add_argument("--models", nargs="+", required=True, help="names under `models` in the settings")
    parser.add_argument("--platform", default="torch")
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="items.parquet files")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args(argv)

    def body() -> None:
        models = load_config(args.config).models
        if unknown := [name for name in args.models if name not in models]:
            raise InputError(f"{args.config}: no model `{unknown[0]}` (known: {', '.join(models)})")
        graph = load_graph(args.graph)
        vocabulary = build_tokenizer(words(graph), phrases(graph)).get_vocab_size()
        sizes = {name: weights_of(name, models[name], vocabulary) for name in args.models}
        items = read_items(args.items).filter(pl.col("model").is_in(args.models))
        rows = scaling(load_claims(args.claims), ItemTable(items), sizes, args.platform)
        write_table(rows, args.output / "scaling.parquet")
        write_text(args.output / "scaling.md", scaling_text(rows))
        save_both(lambda theme: figure.draw(rows, theme), args.output, "scaling", TITLE, figure.ALT)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
