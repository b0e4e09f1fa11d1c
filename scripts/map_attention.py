"""Measure the attention of trained models on the relations of a question (hops only).

    python scripts/map_attention.py --questions eval_easy.jsonl eval_hard.jsonl --taught 3 \\
        --run nano sft 1 RUN_base RUN_sft --run … --output FOLDER

Writes attention.parquet and pointers.parquet to FOLDER, beside the files of collect_runs.py. --run takes a model, an arm,
a seed, and the run folders from the base to the run. The questions are those with the longest taught chains and all with
longer ones. Attention is read along their reference traces; nothing is sampled.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from trap.analysis.collect import write_table
from trap.cli import run_main
from trap.files import InputError, read_jsonl
from trap.studies.hops.analysis import attention as evidence
from trap.studies.hops.records import Question
from trap.studies.hops.wording import PHRASES
from trap.workflow.running import fix_threads


def maps_of(chain: list[str], questions: dict[int, list[Question]]) -> dict[int, np.ndarray]:
    """{hop count: attention map} of the model at the end of a chain of run folders, see `evidence.look`."""
    import torch

    from trap.models.encoding import encode
    from trap.platforms.torch import TorchModel, load
    from trap.platforms.torch.attention import attention
    from trap.platforms.torch.decoder import Decoder

    model = load([Path(run) / "adapter" for run in chain], "cpu")
    if not isinstance(model, TorchModel):
        raise InputError(f"{chain[-1]}: attention is read from models of the Llama family only")
    decoder = Decoder(model.config, model.weights)

    def weights(rows: list[list[int]], places: list[list[int]]) -> np.ndarray:
        found = attention(decoder, torch.tensor(rows), torch.tensor(places))
        return found.flatten(0, 1).numpy()  # layers and heads alike

    def encoded(text: str) -> list[int]:
        return encode(model.tokenizer, [text])[0]

    return {
        hops: evidence.look(asked, encoded, PHRASES.__getitem__, weights) for hops, asked in questions.items()
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=Path, nargs="+", required=True)
    parser.add_argument(
        "--taught", type=int, required=True, help="hops of the longest chains that were taught"
    )
    parser.add_argument("--run", nargs="+", action="append", required=True, metavar="MODEL ARM SEED FOLDER")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args(argv)

    def body() -> None:
        fix_threads()
        questions: dict[int, list[Question]] = {}
        for path in args.questions:
            for question in read_jsonl(path, Question):
                if question.hop_len >= args.taught:
                    questions.setdefault(question.hop_len, []).append(question)
        if args.taught not in questions:
            raise InputError(f"{args.questions[0]}: no question of {args.taught} hops")
        questions = dict(sorted(questions.items()))
        found: dict[tuple[str, str], dict[int, Any]] = {}
        for model, arm, seed, *chain in args.run:
            maps = evidence.follow(maps_of(chain, questions), args.taught)
            found.setdefault((model, arm), {})[int(seed)] = maps
        starts = {hops: [q.path_star.entities[0] for q in asked] for hops, asked in questions.items()}
        maps, pointers = evidence.tables(found, starts)
        write_table(maps, args.output / "attention.parquet")
        write_table(pointers, args.output / "pointers.parquet")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
